"""Answer key: value iteration to a guaranteed accuracy (unit 9).

Two kinds of tables: those of environments, with states and actions under other names, and tables whose rows of terminal
states say that the task begins anew there, at a high reward, so that only the mask keeps it out of the values.
Values of terminal states themselves are compared only where nothing is earned in them.
"""

import numpy as np

from autograder.key import N0, Key, Tolerance, check, close, exact, standard
from dlmath_kit import envs
from dlmath_ref import policy_iteration, value_iteration

key = Key("unit09_reinforcement/value_iteration", reference=value_iteration, bans=N0)

NAMES = ("V", "the policy")
ROUGHLY = Tolerance("roughly", rtol=1e-4, atol=1e-9)  # accuracy has its own parts
GAP = 1e-3  # by which the best action must be better to be asked for


def within(tol):
    """As near as the rule to stop guarantees, with room for rounding."""
    return Tolerance("as asked for", rtol=1e-12, atol=tol * (1 + 1e-6))


def pair(got):
    check(type(got) in (tuple, list) and len(got) == 2, "value_iteration must return two values: V, policy.")
    return got


def renamed(rng, P, R, terminal):
    """The same task with its states and actions under other names."""
    states, actions = rng.permutation(len(R)), rng.permutation(R.shape[1])
    return P[states][:, actions][:, :, states], R[states][:, actions], terminal[states]


def process(rng, S, A, ends):
    """Uneven transitions; one action of each state pays about 4 more than the rest. Terminal rows begin anew."""
    P = rng.uniform(1, 3, size=(S, A, S))
    P /= P.sum(axis=2, keepdims=True)
    R = rng.uniform(-2, -1, size=(S, A)) + 4 * np.eye(A)[rng.integers(A, size=S)]
    R[ends] += 20
    return P, R, np.isin(np.arange(S), ends).astype(int)


def solved(P, R, gamma, terminal):
    """The optimal values, by policy iteration, and where which action is the best by GAP."""
    policy, V, _ = policy_iteration(P, R, gamma, terminal)
    Q = np.sort(R + gamma * P @ ((1 - terminal) * V), axis=1)
    return V, policy, (terminal == 0) & (Q[:, -1] - Q[:, -2] > GAP)


def rests(rng, gamma, tol):
    """Three states that pay 1 to 2 for resting, beside three in which nothing happens.

    The error of the best paid one after a sweep is gamma / (1 - gamma) of its change, which is the largest.
    """
    P, R, states = np.zeros((6, 2, 6)), np.zeros((6, 2)), np.arange(6)
    P[states, 0, states] = P[states, 1, [1, 2, 0, 3, 4, 5]] = 1
    R[:3, 0] = rng.uniform(1, 2, size=3)
    return (P, R, gamma, np.zeros(6, int), tol), solved(P, R, gamma, np.zeros(6, int))[0]


def values(got, V, live, tol=ROUGHLY):
    """The values where the task goes on."""
    check(np.shape(got) == np.shape(V), "V must hold one value for each state.")
    close(np.asarray(got)[live], V[live], tol, what="V, without terminal states,")


def actions(got, policy, clear):
    check(np.shape(got) == np.shape(policy), "The policy must hold one action for each state.")
    exact(np.asarray(got)[clear], policy[clear], what="the policy, where the best action is clear,")


@key.part("worked", weight=1)
def three_states_in_a_row(answer, rng):
    m = envs.chain(3)
    V, policy = pair(answer(m.P, m.R, 0.5, m.terminal))
    close(V, np.array([3.5, 9.0, 0.0]), within(1e-8), what="V")
    actions(policy, np.array([1, 1, 0]), m.terminal == 0)


@key.part("core", weight=1.5)
def values_of_environments(answer, rng):
    lake, grid = envs.frozen_lake_4x4(), envs.grid4(float(rng.uniform(0.1, 0.3)))
    for m, gamma in [(lake, 0.99), (grid, 0.9), (envs.chain(int(rng.integers(5, 8)), 0.1), 0.9)]:
        P, R, terminal = renamed(rng, m.P, m.R, m.terminal)
        V = pair(answer(P, R, gamma, terminal, 1e-9))[0]
        values(V, solved(P, R, gamma, terminal)[0], terminal == 0)


@key.part("core", weight=1.5)
def terminal_states_have_no_future(answer, rng):
    for S, A, ends in [(6, 3, [1, 4]), (4, 4, [0])]:
        P, R, terminal = process(rng, S, A, ends)
        values(pair(answer(P, R, 0.8, terminal))[0], solved(P, R, 0.8, terminal)[0], terminal == 0)


@key.part("core", weight=1.5)
def the_policy_takes_the_best_action(answer, rng):
    chain, order = envs.chain(6, 0.1), rng.permutation(6)  # the lower action is the wrong one, and pays as much at once
    far = chain.P[order][:, :, order], chain.R[order], chain.terminal[order]
    for P, R, terminal, gamma in [(*far, 0.9), (*process(rng, 7, 3, []), 0.7)]:
        _, policy, clear = solved(P, R, gamma, terminal)
        actions(pair(answer(P, R, gamma, terminal))[1], policy, clear)


@key.part("core", weight=1.5, feedback="How far may V be from its limit when a sweep changes it by tol only?")
def the_values_are_as_near_as_asked_for(answer, rng):
    for gamma, tol in [(0.9, 1e-2), (0.95, 1e-8)]:
        args, V = rests(rng, gamma, tol)
        close(pair(answer(*args))[0], V, within(tol), what="V")


@key.part("edge", weight=0.25)
def a_discount_close_to_one(answer, rng):
    args, V = rests(rng, 0.999, 1.0)
    close(pair(answer(*args))[0], V, within(1.0), what="V")


@key.part(
    "edge", weight=0.25, feedback="What remains of the rule to stop when γ is 0, and which of equal actions is taken?"
)
def without_a_future_only_rewards_count(answer, rng):
    P, R, terminal = process(rng, 4, 3, [])
    R[:2] = int(rng.integers(1, 9)) * np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 1.0]])
    V, policy = pair(answer(P, R, 0.0, terminal))
    close(V, R.max(axis=1), within(1e-8), what="V")
    actions(policy, R.argmax(axis=1), terminal == 0)


@key.part("edge", weight=0.25)
def a_task_that_is_over_at_the_start(answer, rng):
    P, R, terminal = process(rng, 4, 2, [0])
    values(pair(answer(P, R, 0.9, terminal))[0], solved(P, R, 0.9, terminal)[0], terminal == 0)
    P = np.broadcast_to(np.eye(3)[:, None, :], (3, 2, 3)).copy()
    close(pair(answer(P, np.zeros((3, 2)), 0.9, np.ones(3, int)))[0], np.zeros(3), within(1e-8), what="V")


@key.part("edge", weight=0.25)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    P, R, terminal = process(rng, 5, 3, [])
    near = Tolerance("two answers", rtol=0.0, atol=2e-5)
    standard(answer, (P, R + 3, 0.5, terminal, 1e-5), value_iteration, tol=near, what=NAMES)


@key.accept
def by_einsum(P, R, gamma, terminal, tol=1e-8):
    V, limit = np.zeros(R.shape[0]), tol * (1 - gamma) / gamma if gamma > 0 else np.inf
    while True:
        Q = R + gamma * np.einsum("sat,t->sa", P, V * (terminal == 0))
        new = np.amax(Q, axis=1)
        done, V = np.linalg.norm(new - V, np.inf) < limit, new
        if done:
            return V, np.argmax(R + gamma * np.einsum("sat,t->sa", P, V * (terminal == 0)), axis=1)


@key.accept
def gauss_seidel_in_place(P, R, gamma, terminal, tol=1e-8):
    S = len(R)
    live, V, policy = 1 - np.asarray(terminal), np.zeros(S), np.zeros(S, dtype=int)
    change = 1e300
    while change >= tol * (1 - gamma) / gamma if gamma else change > 0:
        change = 0.0
        for s in range(S):
            Q = R[s] + gamma * P[s] @ (live * V)
            policy[s] = int(np.argmax(Q))
            change, V[s] = max(change, abs(Q[policy[s]] - V[s])), Q[policy[s]]
    return [V, policy]


@key.accept
def policy_iteration_inside(P, R, gamma, terminal, tol=1e-8):
    S, s = len(R), np.arange(len(R))
    policy = np.argmax(R, axis=1)
    for _ in range(100):
        V = np.linalg.solve(np.eye(S) - gamma * P[s, policy] * (1 - terminal), R[s, policy])
        Q = R + gamma * P @ ((1 - terminal) * V)
        policy = np.where(Q.max(axis=1) > Q[s, policy] + 1e-10, Q.argmax(axis=1), policy)
    return V, policy


@key.accept
def many_sweeps_from_the_largest_reward(P, R, gamma, terminal, tol=1e-8):
    top = np.abs(R).max()
    V, left = np.full(len(R), float(top)), 2.0 * float(top) / (1 - gamma)
    while left > tol:
        Q = R + gamma * P.dot(np.where(terminal, 0.0, V))
        V, left = Q.max(axis=1), gamma * left
    return V, np.argmax(R + gamma * P.dot(np.where(terminal, 0.0, V)), axis=1)


ROW, ENVS = "three_states_in_a_row", "values_of_environments"
OVER, POLICY = "terminal_states_have_no_future", "the_policy_takes_the_best_action"
NEAR, ONE = "the_values_are_as_near_as_asked_for", "a_discount_close_to_one"
NOW, START = "without_a_future_only_rewards_count", "a_task_that_is_over_at_the_start"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"


def _iterate(P, R, gamma, terminal, limit, best=np.max, choose=np.argmax, sweeps=10**5, size=np.max):
    V = np.zeros(len(R))
    for _ in range(sweeps):
        new = best(R + gamma * P @ ((1 - terminal) * V), axis=1)
        change, V = size(np.abs(new - V)), new
        if change < limit:
            break
    return V, choose(R + gamma * P @ ((1 - terminal) * V), axis=1)


def _limit(gamma, tol):
    return tol * (1 - gamma) / max(gamma, 1e-9)


LOOSE = "Your rule to stop is too loose: a change below tol can leave an error γ/(1 - γ) times as large."


@key.reject(LOOSE, fails=[NEAR, ONE])
def stopping_rule_too_loose(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, tol)


LARGEST = "Your rule to stop averages over the states: the largest change bounds the error."


@key.reject(LARGEST, fails=[NEAR, ONE])
def mean_change(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, _limit(gamma, tol), size=np.mean)


@key.reject(LARGEST, fails=[NEAR, ONE])
def root_mean_square_change(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, _limit(gamma, tol), size=lambda d: np.sqrt(np.mean(d**2)))


@key.reject("Of several equally good actions the policy takes the lowest.", fails=[NOW])
def highest_of_the_best(P, R, gamma, terminal, tol=1e-8):
    def last(Q, axis):
        return Q.shape[1] - 1 - Q[:, ::-1].argmax(axis=1)

    return _iterate(P, R, gamma, terminal, _limit(gamma, tol), choose=last)


@key.reject("Your rule to stop has its factor upside down: tol is multiplied by (1 - γ)/γ.", fails=[NEAR, ONE])
def factor_upside_down(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, tol * gamma / (1 - gamma) + 1e-12)


@key.reject("You ignore tol: the accuracy asked for may be finer or coarser than yours.", fails=[NEAR, LAYOUT])
def a_tolerance_of_its_own(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, _limit(gamma, 1e-4))


@key.reject("You count what comes after the end: terminal states have value 0.", fails=[OVER, START])
def terminal_not_masked(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, 0 * terminal, _limit(gamma, tol))


@key.reject(
    "You sweep once; go on until the values have converged.", fails=[ROW, ENVS, OVER, POLICY, NEAR, ONE, START, LAYOUT]
)
def single_sweep(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, 0, sweeps=1)


@key.reject("You sweep a fixed number of times; with γ close to 1 more are needed.", fails=[ENVS, NEAR, ONE])
def hundred_sweeps(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, 0, sweeps=100)


@key.reject("You minimise: rewards are maximised.", fails=[ROW, ENVS, OVER, POLICY, NEAR, ONE, NOW, START, LAYOUT])
def minimises(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, _limit(gamma, tol), np.min, np.argmin)


@key.reject(
    "You average over the actions: the best one counts.", fails=[ROW, ENVS, OVER, NEAR, ONE, NOW, START, LAYOUT]
)
def mean_over_actions(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, _limit(gamma, tol), np.mean)


@key.reject("Your policy looks at the rewards alone: the best action counts the future, too.", fails=[ROW, POLICY])
def policy_from_rewards(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, R, gamma, terminal, _limit(gamma, tol))[0], R.argmax(axis=1)


@key.reject(
    "You discount the reward, too: γ multiplies the future only.",
    fails=[ROW, ENVS, OVER, NEAR, ONE, NOW, START, LAYOUT],
)
def discount_on_reward(P, R, gamma, terminal, tol=1e-8):
    return _iterate(P, gamma * R, gamma, terminal, _limit(gamma, tol))


key.equivalent("np.zeros -> np.ones", "The operator is a contraction: every start ends at the same values.")
key.equivalent("1e-08 -> 2e-08", "How near the values must come is asked with tolerances that are given.")
