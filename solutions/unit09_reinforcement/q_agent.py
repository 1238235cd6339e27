"""Answer key: tabular Q-learning (unit 9).

The environment stays with the marker and writes down every step that the agent takes in it. Whatever an agent chose,
its table is then a matter of arithmetic: the same steps are gone through again, and the tables must agree. Three
decision processes must be solved, besides; how often right answers are that near is recorded in docs/thresholds.md.
"""

import numpy as np

from autograder.key import N0, Key, Mismatch, check, close, expose
from autograder.key.answers import random_state
from autograder.key.kinds import is_number
from autograder.stats import rate
from dlmath_kit.envs import chain, two_state_continuing
from dlmath_ref import bellman, policy_iteration, q_learning

key = Key("unit09_reinforcement/q_agent", reference=q_learning, bans=N0)

TERMINAL = "After termination there is no future: the target is r, whatever the table holds for the last state."
TRUNCATED = "A time limit is not the end of the task: bootstrap when the episode is truncated, too."
RESET = "Start a new episode, by reset, after every termination and every truncation."
NEGATIVE = "Negative values are cut to 0: the maximum of negative values is negative."
SAME = "Use the best action of the next state, not the action that was just taken."
NEXT = "Q-learning looks at the best action of the next state, whatever action your agent takes there."
CURRENT = "Bootstrap from the next state, not from the one that was left."
COUNT = "alpha is asked with the number of visits of this state and action, counted from 1."
BEFORE = "After a reset the next step begins in the state that reset returned."
MORE = "Your agent takes more than n_steps steps: n_steps counts the steps of all episodes together."
MIXED = "Exploring draws from all actions, the best one included."


class Walk:
    """An environment that writes down what is done in it, and refuses what no episode allows."""

    def __init__(self, env, n_steps, n_states, n_actions):
        self.env, self.n_steps, self.n_states, self.n_actions = env, n_steps, n_states, n_actions
        self.steps, self.fault, self.s, self.begun = [], "", None, False

    def reset(self):
        self.allow(self.s is None, "Your agent calls reset in the middle of an episode.")
        self.s, self.begun = self.env.reset(), True
        return self.s

    def step(self, a):
        self.allow(self.begun, "Your agent takes a step before it has called reset.")
        self.allow(len(self.steps) < self.n_steps, MORE)
        self.allow(self.s is not None, RESET)
        whole = isinstance(a, (int, np.integer)) and not isinstance(a, bool)
        self.allow(whole and 0 <= a < self.n_actions, "An action must be an integer from 0 to A - 1.")
        s2, r, terminated, truncated = self.env.step(int(a))
        self.steps.append((self.s, int(a), r, s2, terminated, truncated))
        self.s = None if terminated or truncated else s2
        return s2, r, terminated, truncated

    def allow(self, condition, sentence):
        if not condition:
            self.fault = self.fault or sentence
            raise Mismatch(self.fault)

    def finish(self):
        """What went wrong counts, even if the agent caught the exception."""
        check(not self.fault, self.fault)
        check(len(self.steps) == self.n_steps, "Your agent takes fewer steps than n_steps.")


class Tour:
    """A way laid out beforehand: step t leads to states[2 t + 1], a reset after t steps to states[2 t]."""

    def __init__(self, states, rewards, ended, cut):
        self.states, self.rewards, self.ended, self.cut, self.t = states, rewards, ended, cut, 0

    def reset(self):
        return self.states[2 * self.t]

    def step(self, a):
        t, self.t = self.t, self.t + 1
        return self.states[2 * t + 1], float(self.rewards[t, a]), bool(self.ended[t]), bool(self.cut[t])


def tour(rng, n_steps, ended=0.0, cut=0.0):
    """A way through four states with three actions; each step ends with these probabilities, the first three surely."""
    u = np.where(np.arange(n_steps) < 3, 0.0, rng.random(n_steps))
    states = rng.integers(4, size=2 * n_steps + 1).tolist()
    return Tour(states, rng.uniform(-3, -1, (n_steps, 3)), u < ended, (ended <= u) & (u < ended + cut))


def shrinking(N):
    """N^-0.7."""
    check(is_number(N) and N >= 1, COUNT)
    return float(N) ** -0.7


def best_next(Q, s, a, s2, terminated, truncated):
    return 0.0 if terminated else Q[s2].max()


def unmasked(Q, s, a, s2, terminated, truncated):
    return Q[s2].max()


def masked_twice(Q, s, a, s2, terminated, truncated):
    return 0.0 if terminated or truncated else Q[s2].max()


def cut_at_zero(Q, s, a, s2, terminated, truncated):
    return max(0.0, best_next(Q, s, a, s2, terminated, truncated))


def same_action(Q, s, a, s2, terminated, truncated):
    return 0.0 if terminated else Q[s2, a]


def state_left(Q, s, a, s2, terminated, truncated):
    return 0.0 if terminated else Q[s].max()


RULES = {  # what a known mistake takes for the future
    TERMINAL: unmasked,
    TRUNCATED: masked_twice,
    NEGATIVE: cut_at_zero,
    SAME: same_action,
    CURRENT: state_left,
}


def taught(walk, Q0, gamma, future=best_next):
    """The table that the steps of a walk teach, and for each step whether it took the best action (None in a tie)."""
    Q, visits, greedy = Q0.copy(), np.zeros(Q0.shape), []
    for s, a, r, s2, terminated, truncated in walk.steps:
        best = np.flatnonzero(Q[s] > Q[s].max() - 1e-9)
        greedy.append(None if len(best) > 1 else bool(best[0] == a))
        visits[s, a] += 1
        target = r + gamma * future(Q, s, a, s2, terminated, truncated)
        Q[s, a] += shrinking(visits[s, a]) * (target - Q[s, a])
    return Q, greedy


def walked(answer, env, n_steps, gamma, eps, rng, Q0):
    """The table of an agent, and its walk."""
    walk = Walk(env, n_steps, *Q0.shape)
    shown = expose(walk, "reset", "step", "n_states", "n_actions")
    got = answer(shown, n_steps, gamma, shrinking, eps, rng, Q0)
    walk.finish()
    return got, walk


class Process:
    """A decision process, the table to begin with, and the values that are to be found."""

    def __init__(self, mdp, n_steps, gamma, start):
        self.mdp, self.n_steps, self.gamma = mdp, n_steps, gamma
        self.Q0, self.live = np.full(mdp.R.shape, float(start)), mdp.terminal == 0
        policy, V, _ = policy_iteration(mdp.P, mdp.R, gamma, mdp.terminal)
        self.Q = bellman(mdp.P, mdp.R, V, np.eye(mdp.R.shape[1])[policy], gamma, mdp.terminal)[0]

    def distance(self, got):
        return float(np.abs(got - self.Q)[self.live].max())


TRIES = 5  # seeds; one of them must succeed
WITHIN = 1.0  # the largest error of a value must be below this
EPS = 0.3
PROCESSES = (
    Process(chain(4, step=-2.0, goal=0.0), 300, 0.8, 0.0),  # all values are negative
    Process(chain(3, slip=0.1), 500, 0.7, 30.0),  # the first table promises far too much
    Process(two_state_continuing(limit=5), 200, 0.8, 10.0),  # there is no end but the clock
)
ENOUGH = 900  # steps to count the best action in


def explored(answer, process, rng):
    """An agent's table for a process, and its walk."""
    env, own = process.mdp.env(np.random.default_rng(rng.integers(2**31))), np.random.default_rng(rng.integers(2**31))
    return walked(answer, env, process.n_steps, process.gamma, EPS, own, process.Q0.copy())


def learned_as_taught(got, walk, Q0, gamma):
    """Compare a table with what its own steps teach, and name the mistake; which steps were greedy."""
    expected, greedy = taught(walk, Q0, gamma)
    try:
        close(got, expected, what="the table")
    except Mismatch as different:
        for sentence, rule in RULES.items():
            as_wrong = taught(walk, Q0, gamma, rule)[0]
            check(np.shape(got) != Q0.shape or not np.allclose(got, as_wrong, 1e-7, 1e-9), sentence)
        raise Mismatch(f"With the steps that your agent took: {different.message}") from None
    return greedy


@key.part("worked", weight=1)
def one_step_by_hand(answer, rng):
    Q0 = np.array([[0.0], [5.0]])
    for ended, cut in ((False, False), (False, True), (True, False)):
        walk = Walk(Tour([0, 1, 0], np.ones((1, 1)), [ended], [cut]), 1, 2, 1)
        got = answer(expose(walk, "reset", "step", "n_states", "n_actions"), 1, 0.9, lambda N: 0.5, 0.0, rng, Q0.copy())
        walk.finish()
        close(got, np.array([[0.5 if ended else 2.75], [5.0]]), what="the table after one step")


@key.part("core", weight=3)
def each_step_teaches_what_the_formula_says(answer, rng):
    Q0 = rng.uniform(-9, -4, size=(4, 3))
    got, walk = walked(answer, tour(rng, 60, ended=0.2), 60, 0.9, 0.0, rng, Q0.copy())
    expected, greedy = taught(walk, Q0, 0.9)
    close(got, expected, what="the table")
    check(all(greedy), "With eps = 0 the action of largest value is taken; your agent took another.")


@key.part("core", weight=2)
def three_processes_are_solved(answer, rng):
    counted = []
    for process in PROCESSES:
        for _ in range(TRIES):
            got, walk = explored(answer, process, rng)
            greedy = learned_as_taught(got, walk, process.Q0, process.gamma)
            if process.distance(got) < WITHIN:
                break
        else:
            check(False, "Your agent does not try all actions often enough to find their values.")
        counted += [took for took in greedy if took is not None]
    check(len(counted) >= ENOUGH, "Your agent hardly sees states in which one action is the best.")
    rate(sum(counted[:ENOUGH]), ENOUGH, 1 - EPS / 2, "the best action (it may be drawn while exploring, too)")


@key.part("edge", weight=1)
def a_time_limit_is_no_end(answer, rng):
    Q0 = rng.uniform(-9, -4, size=(4, 3))
    got, walk = walked(answer, tour(rng, 40, cut=0.3), 40, 0.9, 0.0, rng, Q0.copy())
    close(got, taught(walk, Q0, 0.9)[0], what="the table")


@key.part("edge", weight=1)
def all_actions_are_explored_alike(answer, rng):
    Q0, seed = rng.uniform(-9, -4, size=(4, 3)), rng.integers(2**31)
    chosen = []
    for own in (seed, seed, seed + 1):
        env = tour(np.random.default_rng(seed), 100)
        _, walk = walked(answer, env, 100, 0.9, 1.0, np.random.default_rng(own), Q0.copy())
        chosen.append([step[1] for step in walk.steps])
    check(chosen[0] == chosen[1], "The same generator gives other actions: draw them from rng alone.")
    check(chosen[0] != chosen[2], "Another generator gives the same actions: draw them from rng.")
    greedy = [took for took in taught(walk, Q0, 0.9)[1] if took is not None]
    rate(sum(greedy), len(greedy), 1 / 3, "with eps = 1, the best of three actions")


@key.part("edge", weight=1)
def the_first_table_is_left_alone(answer, rng):
    Q0 = np.asfortranarray(rng.uniform(-9, -4, size=(4, 3)))
    given, before = Q0.copy(order="K"), random_state(answer)
    got, _ = walked(answer, tour(rng, 12), 12, 0.9, 0.5, rng, given)
    check(np.array_equal(given, Q0), "Your function changes Q0: work on a copy.")
    check(random_state(answer) == before, "Your function uses or seeds a global random generator.")
    shaped = type(got) is np.ndarray and got.shape == Q0.shape
    check(shaped and not np.array_equal(got, Q0), "Return the table that was learned, of the shape of Q0.")


WORKED, FORMULA, SOLVED, LIMIT, EXPLORED, ALONE = NAMES = [part.name for part in key.parts]


@key.accept
def with_choice_and_a_dictionary(env, n_steps, gamma, alpha, eps, rng, Q0):
    actions, s = range(Q0.shape[1]), env.reset()
    Q, visits = {pair: float(Q0[pair]) for pair in np.ndindex(Q0.shape)}, dict.fromkeys(np.ndindex(Q0.shape), 0)
    for t in range(n_steps):
        best = max(actions, key=lambda b: Q[s, b])
        a = rng.choice(len(actions), p=[eps / len(actions) + (1 - eps) * (b == best) for b in actions])
        s2, r, terminated, truncated = env.step(a)
        visits[s, a] += 1
        step, future = alpha(visits[s, a]), 0 if terminated else max(Q[s2, b] for b in actions)
        Q[s, a] = (1 - step) * Q[s, a] + step * (r + gamma * future)
        s = env.reset() if (terminated or truncated) and t + 1 < n_steps else s2
    return np.array(list(Q.values())).reshape(Q0.shape)


@key.accept
def episode_by_episode(env, n_steps, gamma, alpha, eps, rng, Q0):
    Q, N, left = Q0 + 0.0, np.zeros(Q0.shape), n_steps
    coins, moves = rng.random(n_steps), rng.integers(0, Q0.shape[1], n_steps)
    while left > 0:
        s, over = env.reset(), False
        while not over and left > 0:
            left -= 1
            a = moves[left] if coins[left] < eps else np.argmax(Q[s])
            s2, r, terminated, truncated = env.step(a)
            N[s, a] += 1
            Q[s, a] += alpha(N[s, a]) * (r + gamma * (not terminated) * np.max(Q[s2]) - Q[s, a])
            s, over = s2, terminated or truncated
    return Q


def learn(env, n_steps, gamma, alpha, eps, rng, Q0, future=best_next, counted=None, back=None, choose=None):
    """Q-learning with a rule for the future, for N, for where an episode goes on, for exploring."""
    Q, visits, s = Q0.copy(), np.zeros(Q0.shape, dtype=int), env.reset()
    for t in range(n_steps):
        a = choose(Q[s], eps, rng) if choose else chosen(Q[s], eps, rng)
        s2, r, terminated, truncated = env.step(a)
        visits[s, a] += 1
        N = counted(t, int(visits[s, a])) if counted else int(visits[s, a])
        Q[s, a] += alpha(N) * (r + gamma * future(Q, s, a, s2, terminated, truncated) - Q[s, a])
        s = back(env, s2, terminated, truncated) if back else env.reset() if terminated or truncated else s2
    return Q


def chosen(q, eps, rng):
    return int(rng.integers(len(q))) if rng.random() < eps else int(q.argmax())


@key.reject(TERMINAL, fails=[WORKED, FORMULA, SOLVED])
def terminal_not_masked(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, unmasked)


@key.reject(TRUNCATED, fails=[WORKED, SOLVED, LIMIT])
def truncation_treated_as_terminal(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, masked_twice)


@key.reject(NEGATIVE, fails=[FORMULA, SOLVED, LIMIT])
def max_initialised_at_zero(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, cut_at_zero)


@key.reject(SAME, fails=[FORMULA, SOLVED, LIMIT])
def same_action_bootstrap(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, same_action)


@key.reject(CURRENT, fails=[WORKED, FORMULA, SOLVED, LIMIT])
def max_over_current_state(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, state_left)


@key.reject(RESET, fails=[FORMULA, SOLVED, LIMIT])
def no_reset_after_episode(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, back=lambda env, s2, end, cut: s2)


@key.reject(RESET, fails=[SOLVED, LIMIT])
def no_reset_after_truncation(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, back=lambda env, s2, end, cut: env.reset() if end else s2)


@key.reject(BEFORE, fails=[FORMULA, SOLVED, LIMIT])
def state_of_reset_ignored(env, n_steps, gamma, alpha, eps, rng, Q0):
    back = lambda env, s2, end, cut: (env.reset(), s2)[1] if end or cut else s2  # noqa: E731
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, back=back)


@key.reject(COUNT, fails=[FORMULA, SOLVED, LIMIT, EXPLORED, ALONE])
def visits_counted_from_zero(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, counted=lambda t, N: N - 1)


@key.reject(COUNT, fails=[FORMULA, SOLVED, LIMIT])
def all_steps_counted(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, counted=lambda t, N: t + 1)


@key.reject(NEXT, fails=[SOLVED])
def an_action_drawn_for_the_target(env, n_steps, gamma, alpha, eps, rng, Q0):
    def drawn(Q, s, a, s2, terminated, truncated):
        return 0.0 if terminated else Q[s2, chosen(Q[s2], eps, rng)]

    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, drawn)


@key.reject(MIXED, fails=[SOLVED, EXPLORED])
def exploration_without_the_best(env, n_steps, gamma, alpha, eps, rng, Q0):
    def choose(q, eps, rng):
        others = [a for a in range(len(q)) if a != q.argmax()] or [0]
        return others[rng.integers(len(others))] if rng.random() < eps else int(q.argmax())

    return learn(env, n_steps, gamma, alpha, eps, rng, Q0, choose=choose)


@key.reject("eps is the probability of exploring, not of taking the best action.", fails=[FORMULA, SOLVED, EXPLORED])
def eps_the_wrong_way_round(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, 1 - eps, rng, Q0)


@key.reject("Your agent never explores: with probability eps it draws from all actions.", fails=[SOLVED, EXPLORED])
def always_the_best(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps, gamma, alpha, 0.0, rng, Q0)


@key.reject("Your function changes Q0: work on a copy.", fails=[ALONE])
def first_table_changed(env, n_steps, gamma, alpha, eps, rng, Q0):
    Q0[:] = learn(env, n_steps, gamma, alpha, eps, rng, Q0)
    return Q0


@key.reject(MORE, fails=NAMES)
def one_step_too_many(env, n_steps, gamma, alpha, eps, rng, Q0):
    return learn(env, n_steps + 1, gamma, alpha, eps, rng, Q0)


key.equivalent("np.array(Q0, dtype=float) -> np.array(Q0)", "The tables to begin with hold floats.")
key.equivalent("np.zeros(Q.shape, dtype=int) -> np.zeros(Q.shape)", "The number is made an int before alpha is asked.")
key.equivalent("rng.random() < eps -> rng.random() <= eps", "They are equal with probability 2^-53 at most.")
