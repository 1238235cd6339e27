"""Answer key: values of a policy (unit 9).

Rows of terminal states say that the task begins anew there, at a high reward, so that only the mask of the next state
keeps it out of the values; what comes out for terminal states themselves is compared only where they earn nothing.
"""

import numpy as np

from autograder.key import ITER, N0, Key, Tolerance, check, close, standard
from dlmath_kit import envs
from dlmath_ref import policy_evaluation

key = Key("unit09_reinforcement/policy_evaluation", reference=policy_evaluation, bans=N0)

ACCURATE = Tolerance("as asked for", rtol=0.0, atol=5e-9)  # asked for is 1e-9


def distributions(rng, shape):
    """Rows with sum 1, uneven: entries go as 1, 2, 4, ..., in some order, with noise."""
    rows = rng.permuted(np.broadcast_to(2.0 ** np.arange(shape[-1]), shape), axis=-1) * rng.uniform(
        0.9, 1.1, size=shape
    )
    return rows / rows.sum(axis=-1, keepdims=True)


def process(rng, S, A, ends):
    """Tables and a policy; the actions of a state pay -2, 0, 2, ... in the order of their probabilities."""
    P, pi = distributions(rng, (S, A, S)), distributions(rng, (S, A))
    R = 2.0 * pi.argsort(axis=1).argsort(axis=1) - 2 + rng.uniform(0, 0.5, size=(S, A))
    R[ends] += 20
    return P, R, pi, np.isin(np.arange(S), ends).astype(int)


def values(got, V, live):
    """The values where the task goes on."""
    check(np.shape(got) == np.shape(V), "V must hold one value for each state.")
    close(np.asarray(got)[live], V[live], ITER, what="V, without terminal states,")


@key.part("worked", weight=1)
def one_state_for_ever(answer, rng):
    V = answer(np.ones((1, 2, 1)), np.array([[1.0, 3.0]]), np.array([[0.5, 0.5]]), 0.75, np.array([0]))
    close(V, np.array([8.0]), ITER, what="V")


@key.part("core", weight=2)
def a_task_without_end(answer, rng):
    for S, A, gamma in [(5, 3, 0.9), (4, 4, 0.6)]:
        P, R, pi, terminal = process(rng, S, A, [])
        close(answer(P, R, pi, gamma, terminal), policy_evaluation(P, R, pi, gamma, terminal), ITER, what="V")


@key.part("core", weight=1.5)
def nothing_comes_after_the_end(answer, rng):
    for S, A, ends in [(6, 3, [1, 4]), (3, 3, [0])]:
        P, R, pi, terminal = process(rng, S, A, ends)
        values(answer(P, R, pi, 0.9, terminal), policy_evaluation(P, R, pi, 0.9, terminal), terminal == 0)


@key.part("core", weight=1.5)
def a_walk_over_a_field(answer, rng):
    m = envs.grid4(float(rng.uniform(0.1, 0.3)))
    pi = distributions(rng, (16, 4))
    pi[[3, 6, 11, 14]] = np.array([0.1, 0.6, 0.2, 0.1])  # at goal and pit, so that no luck decides
    close(answer(m.P, m.R, pi, 0.95, m.terminal), policy_evaluation(m.P, m.R, pi, 0.95, m.terminal), ITER, what="V")


@key.part("edge", weight=0.25)
def without_a_future_only_rewards_count(answer, rng):
    P, R, pi, terminal = process(rng, 4, 3, [])
    close(answer(P, R, pi, 0.0, terminal), (pi * R).sum(axis=1), ITER, what="V")


@key.part("edge", weight=0.25)
def a_deterministic_policy(answer, rng):
    P, R, pi, terminal = process(rng, 5, 3, [2])
    pi = np.eye(3)[pi.argmin(axis=1)]  # the least paid action
    values(answer(P, R, pi, 0.8, terminal), policy_evaluation(P, R, pi, 0.8, terminal), terminal == 0)


@key.part("edge", weight=0.25)
def a_discount_close_to_one(answer, rng):
    P, R, pi, terminal = process(rng, 4, 3, [])
    close(answer(P, R, pi, 0.99, terminal), policy_evaluation(P, R, pi, 0.99, terminal), ACCURATE, what="V")


@key.part("edge", weight=0.25)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    P, R, pi, terminal = process(rng, 4, 3, [])
    standard(answer, (P, R + 4, pi, 0.7, terminal), policy_evaluation, tol=ITER, what="V")


@key.accept
def by_an_inverse(P, R, pi, gamma, terminal):
    S = R.shape[0]
    P_pi = np.stack([pi[s] @ P[s] for s in range(S)])
    return np.linalg.inv(np.identity(S) - gamma * P_pi @ np.diag(1 - terminal)) @ np.einsum("sa,sa->s", pi, R)


@key.accept
def by_iteration(P, R, pi, gamma, terminal):
    V = np.zeros(len(R))
    while True:
        new = np.sum(pi * (R + gamma * P @ np.where(terminal == 1, 0, V)), axis=1)
        if np.max(np.abs(new - V)) < 1e-12:
            return new
        V = new


@key.accept
def by_loops_in_place(P, R, pi, gamma, terminal):
    S, A = R.shape
    V = [0.0] * S
    mean = [sum(pi[s, a] * P[s, a] for a in range(A)) for s in range(S)]
    change = 1.0
    while change > 1e-12:
        old = list(V)
        for s in range(S):
            V[s] = float(pi[s] @ R[s]) + gamma * float(mean[s] @ np.where(terminal, 0.0, V))
        change = max(abs(a - b) for a, b in zip(V, old, strict=True))
    return np.array(V)


@key.accept
def over_live_states_alone(P, R, pi, gamma, terminal):
    live = np.flatnonzero(terminal == 0)
    P_pi, R_pi = (pi[:, :, None] * P).sum(axis=1), (pi * R).sum(axis=1)
    V = np.zeros(len(R))
    if len(live):
        V[live] = np.linalg.solve(np.eye(len(live)) - gamma * P_pi[np.ix_(live, live)], R_pi[live])
    return V


ONE, ENDLESS = "one_state_for_ever", "a_task_without_end"
OVER, FIELD = "nothing_comes_after_the_end", "a_walk_over_a_field"
NOW, FIXED = "without_a_future_only_rewards_count", "a_deterministic_policy"
CLOSE, LAYOUT = "a_discount_close_to_one", "inputs_stay_unchanged_in_any_dtype_and_layout"


def _solve(P, R, pi, gamma, terminal):
    P_pi, R_pi = np.einsum("sa,sat->st", pi, P), np.sum(pi * R, axis=1)
    return np.linalg.solve(np.eye(len(R)) - gamma * P_pi * (1 - terminal), R_pi)


@key.reject(
    "You count what comes after the end: the value of the next state is 0 if it is terminal.", fails=[OVER, FIXED]
)
def terminal_not_masked(P, R, pi, gamma, terminal):
    return _solve(P, R, pi, gamma, 0 * terminal)


@key.reject(
    "You masked the current state's row; the mask belongs to the columns, the states that a step leads to.",
    fails=[OVER, FIXED],
)
def terminal_row_masked(P, R, pi, gamma, terminal):
    P_pi, R_pi = np.einsum("sa,sat->st", pi, P), np.sum(pi * R, axis=1)
    return np.linalg.solve(np.eye(len(R)) - gamma * (1 - terminal)[:, None] * P_pi, R_pi)


@key.reject(
    "You weigh all actions alike: use the probabilities of π.", fails=[ENDLESS, OVER, FIELD, NOW, FIXED, CLOSE, LAYOUT]
)
def uniform_policy(P, R, pi, gamma, terminal):
    return _solve(P, R, np.full(R.shape, 1 / R.shape[1]), gamma, terminal)


@key.reject(
    "You follow the most probable action only: π may be stochastic.",
    fails=[ONE, ENDLESS, OVER, FIELD, NOW, CLOSE, LAYOUT],
)
def most_probable_action(P, R, pi, gamma, terminal):
    return _solve(P, R, np.eye(R.shape[1])[pi.argmax(axis=1)], gamma, terminal)


@key.reject(
    "You solve with the transposed matrix: its row s must hold where s leads to.",
    fails=[ENDLESS, OVER, FIELD, FIXED, CLOSE, LAYOUT],
)
def transposed_system(P, R, pi, gamma, terminal):
    P_pi, R_pi = np.einsum("sa,sat->st", pi, P), np.sum(pi * R, axis=1)
    return np.linalg.solve(np.eye(len(R)) - gamma * (P_pi * (1 - terminal)).T, R_pi)


@key.reject(
    "You take one step only: the value is the fixed point, with all later rewards.",
    fails=[ONE, ENDLESS, OVER, FIELD, FIXED, CLOSE, LAYOUT],
)
def one_sweep(P, R, pi, gamma, terminal):
    R_pi = np.sum(pi * R, axis=1)
    return R_pi + gamma * np.einsum("sa,sat->st", pi, P) @ ((1 - terminal) * R_pi)


@key.reject(
    "You discount the reward, too: γ multiplies the future only.",
    fails=[ONE, ENDLESS, OVER, FIELD, NOW, FIXED, CLOSE, LAYOUT],
)
def discount_on_reward(P, R, pi, gamma, terminal):
    return gamma * _solve(P, R, pi, gamma, terminal)


@key.reject(
    "You take the best action; here the policy decides.", fails=[ONE, ENDLESS, OVER, FIELD, NOW, FIXED, CLOSE, LAYOUT]
)
def best_action(P, R, pi, gamma, terminal):
    V = np.zeros(len(R))
    for _ in range(300):
        V = np.max(R + gamma * P @ ((1 - terminal) * V), axis=1)
    return V


def _sweeps(P, R, pi, gamma, terminal, smallest=0.0, n=10**5):
    P_pi, R_pi = np.einsum("sa,sat->st", pi, P), np.sum(pi * R, axis=1)
    V = np.zeros(len(R))
    for _ in range(n):
        old, V = V, R_pi + gamma * P_pi @ ((1 - terminal) * V)
        if np.abs(V - old).max() < smallest:
            break
    return V


SMALL = "A small last change is not a small error: for γ close to 1 the error can be many times as large."


@key.reject(SMALL, fails=[CLOSE])
def the_last_change_is_below_1e9(P, R, pi, gamma, terminal):
    return _sweeps(P, R, pi, gamma, terminal, smallest=1e-9)


@key.reject("You sweep a fixed number of times; with γ close to 1 more are needed.", fails=[CLOSE])
def a_thousand_sweeps(P, R, pi, gamma, terminal):
    return _sweeps(P, R, pi, gamma, terminal, n=1000)
