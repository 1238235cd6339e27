"""Q-learning in small processes: values worked by hand, Q* from a linear system, what wrong targets would find."""

import numpy as np
import pytest

from dlmath_kit.envs import chain, two_state_continuing
from dlmath_ref import RangeError, ShapeError, q_learning


class Script:
    """Steps that happen whatever is done: (s2, r, terminated, truncated), and where each reset leads."""

    def __init__(self, starts, steps):
        self.starts, self.steps, self.actions = iter(starts), iter(steps), []

    def reset(self):
        return next(self.starts)

    def step(self, a):
        self.actions.append(a)
        return next(self.steps)


def shrinking(N):
    return N**-0.7


def optimal(mdp, gamma):
    """Q* of a process: the best policy among all, each evaluated by numpy.linalg.solve; (S, A)."""
    S, A = mdp.R.shape
    P, V = mdp.P * (1 - mdp.terminal), np.full(S, -np.inf)
    for policy in np.ndindex(*[A] * S):
        rows = np.arange(S), np.array(policy)
        V = np.maximum(V, np.linalg.solve(np.eye(S) - gamma * P[rows], mdp.R[rows]))
    return mdp.R + gamma * P @ V


def learn(mdp, n_steps, gamma, seed, Q0, learner=q_learning):
    env, rng = mdp.env(np.random.default_rng([seed, 1])), np.random.default_rng([seed, 2])
    return learner(env, n_steps, gamma, shrinking, 0.3, rng, np.full(mdp.R.shape, float(Q0)))


@pytest.mark.parametrize("flags, value", [((False, False), 2.75), ((False, True), 2.75), ((True, False), 0.5)])
def test_one_step_by_hand(flags, value):
    """(1 + 0.9 * 5) / 2 = 2.75 where a future remains, also after a time limit; 1 / 2 where the task is over."""
    env = Script([0, 0], [(1, 1.0, *flags)])
    Q = q_learning(env, 1, 0.9, lambda N: 0.5, 0.0, np.random.default_rng(0), np.array([[0.0], [5.0]]))
    assert Q.tolist() == [[value], [5.0]]


def test_three_steps_by_hand():
    """alpha(N) = 1 / N is asked for each pair by itself, and an episode begins where reset says.

    Greedily from Q = ((0, 4), (2, 0)) with gamma = 1/2, action 1 from 0 to 1 paying 2: 2 + 2 / 2 = 3. The time is up.
    From state 1, action 0, to 0, paying 1: 1 + 3 / 2 = 5/2. From 0 by action 1 for the second time, alpha = 1/2,
    ended, paying 5: 3 + (5 - 3) / 2 = 4.
    """
    env = Script([0, 1, 0], [(1, 2.0, False, True), (0, 1.0, False, False), (0, 5.0, True, False)])
    asked = []
    alpha = lambda N: asked.append(N) or 1 / N  # noqa: E731
    Q = q_learning(env, 3, 0.5, alpha, 0.0, np.random.default_rng(0), np.array([[0.0, 4.0], [2.0, 0.0]]))
    assert Q.tolist() == [[0.0, 4.0], [2.5, 0.0]]
    assert env.actions == [1, 0, 1] and asked == [1, 1, 2]


PROCESSES = [(chain(4, step=-2.0, goal=0.0), 0.8, 0), (chain(3, slip=0.1), 0.7, 30), (two_state_continuing(5), 0.8, 10)]


@pytest.mark.parametrize("mdp, gamma, start", PROCESSES, ids=["negative", "optimistic", "continuing"])
def test_it_finds_the_best_values(mdp, gamma, start):
    """2000 steps come within 0.6 of Q*, with each of three seeds, however wrong the first table is."""
    live = mdp.terminal == 0
    for seed in range(3):
        error = learn(mdp, 2000, gamma, seed, start) - optimal(mdp, gamma)
        assert np.abs(error[live]).max() < 0.6


def bootstrapping(future):
    """Q-learning, written again, with a rule for what the next state is worth."""

    def learner(env, n_steps, gamma, alpha, eps, rng, Q):
        visits, s = np.zeros(Q.shape), env.reset()
        for _ in range(n_steps):
            a = rng.integers(Q.shape[1]) if rng.random() < eps else Q[s].argmax()
            s2, r, terminated, truncated = env.step(a)
            visits[s, a] += 1
            Q[s, a] += alpha(visits[s, a]) * (r + gamma * future(Q[s2], a, terminated, truncated) - Q[s, a])
            s = env.reset() if terminated or truncated else s2
        return Q

    return learner


WRONG = {
    "terminal not masked": lambda q, a, over, cut: q.max(),
    "truncation treated as terminal": lambda q, a, over, cut: 0.0 if over or cut else q.max(),
    "maximum initialised at zero": lambda q, a, over, cut: 0.0 if over else max(0.0, q.max()),
    "same action": lambda q, a, over, cut: 0.0 if over else q[a],
}


@pytest.mark.parametrize("mistake", WRONG)
def test_wrong_targets_miss_the_values(mistake):
    """Each mistake is off by more than 2 in one of the processes; an unmasked end still finds the best policies."""
    errors, right = [], []
    for mdp, gamma, start in PROCESSES:
        live, best = mdp.terminal == 0, optimal(mdp, gamma)
        Q = learn(mdp, 2000, gamma, 0, start, bootstrapping(WRONG[mistake]))
        errors.append(np.abs(Q - best)[live].max())
        right.append(np.array_equal(Q.argmax(1)[live], best.argmax(1)[live]))
    assert max(errors) > 2
    assert all(right) is (mistake == "terminal not masked")


def test_the_right_rule_in_the_second_writing_gives_the_same_table():
    """The twin of these tests, with the right rule, agrees with the reference to the last bit."""
    mdp, gamma, start = PROCESSES[1]
    twin = bootstrapping(lambda q, a, over, cut: 0.0 if over else q.max())
    assert np.array_equal(learn(mdp, 300, gamma, 1, start, twin), learn(mdp, 300, gamma, 1, start))


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"Q0": np.zeros(2)}, ShapeError, r"Q0 of shape \(2,\), expected 2 axes"),
        ({"n_steps": 0}, RangeError, "n_steps = 0, expected an integer of at least 1"),
        ({"eps": 1.5}, RangeError, r"eps = 1.5, expected a number in \[0, 1\]"),
        ({"Q0": np.zeros((3, 0))}, ShapeError, "expected at least one action"),
    ],
)
def test_errors(change, error, text):
    """Tables without actions, and numbers out of range, are refused by name before a step is taken."""
    args = {"n_steps": 1, "gamma": 0.9, "alpha": shrinking, "eps": 0.1, "Q0": np.zeros((3, 2)), **change}
    with pytest.raises(error, match=f"q_learning: got .*{text}"):
        q_learning(Script([], []), rng=np.random.default_rng(0), **args)
