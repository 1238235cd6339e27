"""Answer key: Howard's policy iteration (unit 9).

Every task is built so that the course of the algorithm is known beforehand: which states change in which pass, and by
how much the better action is better (at least 0.05, or exactly nothing).
"""

import numpy as np

from autograder.key import ITER, N0, Key, check, close, exact, standard
from dlmath_ref import policy_iteration

key = Key("unit09_reinforcement/policy_iteration", reference=policy_iteration, bans=N0)

GAMMA = 0.9
NAMES = ("the policy", "the values", "the number of passes")


def shuffled(rng, P, R, terminal):
    """The same task with its states, and in every state its actions but the first, under other names."""
    S, A = R.shape
    order, states = rng.permutation(S), np.arange(S)[:, None]
    P, R, terminal = P[order][:, :, order], R[order], terminal[order]
    actions = np.concatenate([np.zeros((S, 1), int), rng.permuted(np.tile(np.arange(1, A), (S, 1)), axis=1)], axis=1)
    return P[states, actions], R[states, actions], terminal


def ladder(rng, n, over):
    """n rungs and a top. Resting (action 0) pays about 1, climbing pays at the top alone, jumping down costs.

    At first the last rung alone is worth leaving; each pass adds the one below. The top ends the task or pays for ever.
    """
    P, R, terminal = np.zeros((n + 1, 3, n + 1)), np.zeros((n + 1, 3)), np.zeros(n + 1, int)
    rungs = np.arange(n)
    P[rungs, 0, rungs], R[:n, 0] = 1, rng.uniform(0.9, 1, size=n)
    P[rungs, 1, rungs + 1], P[rungs, 1, rungs] = 0.9, 0.1
    for i in rungs:
        P[i, 2, : i + 1] = rng.dirichlet(np.full(i + 1, 2.0))
    R[:n, 2] = -rng.uniform(2, 3, size=n)
    if over:
        P[n, :, n], terminal[n], R[n - 1, 1] = 1, 1, rng.uniform(50, 60)
    else:
        P[n, 0, n], R[n, 0] = 1, rng.uniform(5, 6)
        P[n, 1:, 0], R[n, 1:] = 1, -1
    return P, R, terminal


def beside(first, second):
    """Two tasks that have nothing to do with each other, as one."""
    k, S, A = len(first[1]), len(first[1]) + len(second[1]), first[1].shape[1]
    P = np.zeros((S, A, S))
    P[:k, :, :k], P[k:, :, k:] = first[0], second[0]
    return P, np.concatenate([first[1], second[1]]), np.concatenate([first[2], second[2]])


def ladders(rng, n, m, over):
    """Two ladders of n > m rungs: n passes, of which the first m change two states each."""
    return shuffled(rng, *beside(ladder(rng, n, over), ladder(rng, m, over)))


def corridor(rng):
    """A state that pays 1 for resting, and far behind it a large reward: one pass, if one looks far enough."""
    P, R, terminal = np.zeros((5, 2, 5)), np.zeros((5, 2)), np.array([0, 0, 0, 0, 1])
    P[0, 0, 0] = P[0, 1, 1] = P[1, 0, 2] = P[2, 0, 3] = P[3, 0, 4] = 1
    P[1:4, 1, 0], P[4, :, 4] = 1, 1
    R[0, 0], R[3, 0], R[1:4, 1] = rng.uniform(0.8, 1), rng.uniform(30, 40), -2
    return P, R, terminal


def offers(rng):
    """States that lead to themselves and pay more and more, or less and less, from action 1 on: one pass."""
    pays = np.array([[0.0, 1.0, 2.0, 3.0], [0.0, 3.0, 2.0, 1.0]])[rng.permutation([0, 0, 1, 1])]
    return np.broadcast_to(np.eye(4)[:, None, :], (4, 4, 4)).copy(), rng.uniform(1, 2) * pays, np.zeros(4, int)


def detour(rng):
    """State 1 takes the little that ends the task, and a pass later the way to state 0, which pays more: two passes."""
    P, R = np.zeros((3, 2, 3)), np.zeros((3, 2))
    P[:, :, 2], P[1, 0] = 1, [1, 0, 0]
    R[0, 1], R[1, 1] = rng.uniform(50, 60), rng.uniform(5, 6)
    return P, R, np.array([0, 0, 1])


def triple(got):
    check(type(got) in (tuple, list) and len(got) == 3, "policy_iteration must return policy, V and passes.")
    return got


def actions(policy, terminal):
    """The policy where the task goes on."""
    check(np.shape(policy) == np.shape(terminal), "The policy must hold one action for each state.")
    return np.asarray(policy)[terminal == 0]


@key.part("worked", weight=1)
def three_states_in_a_row(answer, rng):
    P, R = np.zeros((3, 2, 3)), np.array([[-1.0, -1.0], [-1.0, 9.0], [0.0, 0.0]])
    P[0, 0, 0] = P[0, 1, 1] = P[1, 0, 0] = P[1, 1, 2] = 1
    P[2, :, 2] = 1
    got = triple(answer(P, R, 0.5, np.array([0, 0, 1])))
    exact(got[0], np.array([1, 1, 0]), what=NAMES[0])
    close(got[1], np.array([3.5, 9.0, 0.0]), ITER, what=NAMES[1])
    exact(got[2], 2, what=NAMES[2])


@key.part("core", weight=1)
def the_policy_is_optimal(answer, rng):
    for P, R, terminal in (ladders(rng, 4, 2, True), corridor(rng)):
        got = triple(answer(P, R, GAMMA, terminal))[0]
        exact(actions(got, terminal), actions(policy_iteration(P, R, GAMMA, terminal)[0], terminal), what=NAMES[0])


@key.part("core", weight=1)
def the_values_are_those_of_the_policy(answer, rng):
    for over in (True, False):
        P, R, terminal = ladders(rng, 4, 3, over)
        got = triple(answer(P, R, GAMMA, terminal))[1]
        close(got, policy_iteration(P, R, GAMMA, terminal)[1], ITER, what=NAMES[1])


@key.part("core", weight=1)
def the_passes_that_change_the_policy_are_counted(answer, rng):
    n = int(rng.integers(4, 7))
    for passes, task in [(2, detour(rng)), (n, ladders(rng, n, 2, False)), (1, corridor(rng)), (1, offers(rng))]:
        P, R, terminal = task
        exact(triple(answer(P, R, GAMMA, terminal))[2], passes, what=NAMES[2])


@key.part("edge", weight=0.5, feedback="What happens in a state in which two actions are equally good?")
def equally_good_actions_do_not_change_places(answer, rng):
    P, R, terminal = np.zeros((5, 3, 5)), np.zeros((5, 3)), np.array([0, 0, 0, 0, 1])
    P[:, :, 4] = 1
    P[0, 0] = np.eye(5)[1]
    unit = float(rng.integers(1, 9))
    R[:4] = unit * np.array([[0, 4, -1], [2, 8, 1], [3, 3, 3], [0, 5, 5]])
    order = rng.permutation(5)
    P, R, terminal = P[order][:, :, order], R[order], terminal[order]
    got = triple(answer(P, R, 0.5, terminal))
    exact(actions(got[0], terminal), actions(np.array([1, 1, 0, 1, 0])[order], terminal), what=NAMES[0])
    close(got[1], unit * np.array([4.0, 8.0, 3.0, 5.0, 0.0])[order], ITER, what=NAMES[1])
    exact(got[2], 1, what=NAMES[2])


@key.part("edge", weight=0.25)
def the_first_policy_may_be_the_best(answer, rng):
    P, R, terminal = ladders(rng, 3, 2, False)
    R[:, 0] = rng.uniform(100, 100.5, size=7)
    for gamma in (GAMMA, 0.99):
        policy, V, passes = triple(answer(P, R, gamma, terminal))
        exact(policy, np.zeros(7, int), what=NAMES[0])
        close(V, policy_iteration(P, R, gamma, terminal)[1], ITER, what=NAMES[1])
        exact(passes, 0, what=NAMES[2])


@key.part("edge", weight=0.25)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    P, R, terminal = ladders(rng, 3, 2, False)
    standard(answer, (P, R, GAMMA, terminal), policy_iteration, tol=ITER, what=NAMES)


@key.accept
def by_one_hot_policies(P, R, gamma, terminal):
    S, A = R.shape
    pi, passes = np.eye(A)[np.zeros(S, int)], 0
    while True:
        step = np.einsum("sa,sat->st", pi, P) * (1 - terminal)
        V = np.linalg.inv(np.eye(S) - gamma * step) @ np.sum(pi * R, axis=1)
        Q = R + gamma * P @ V
        keeps = np.isclose(np.sum(pi * Q, axis=1), Q.max(axis=1), rtol=1e-9, atol=1e-9)
        better = np.where(keeps[:, None], pi, np.eye(A)[Q.argmax(axis=1)])
        if (better == pi).all():
            return pi.argmax(axis=1), V, passes
        pi, passes = better, passes + 1


@key.accept
def by_sweeps_and_loops(P, R, gamma, terminal):
    S, A = R.shape
    policy, V, passes = [0] * S, np.zeros(S), 0
    changed = True
    while changed:
        change = 1.0
        while change > 1e-12:
            change = 0.0
            for s in range(S):
                value = R[s, policy[s]] + gamma * np.dot(P[s, policy[s]], V * (terminal == 0))
                change, V[s] = max(change, abs(value - V[s])), value
        changed = False
        for s in range(S):
            Q = [R[s, a] + gamma * np.dot(P[s, a], V * (terminal == 0)) for a in range(A)]
            if max(Q) > Q[policy[s]] + 1e-8:
                policy[s], changed = int(np.argmax(Q)), True
        passes += changed
    return np.array(policy), V, passes


@key.accept
def with_exact_comparisons(P, R, gamma, terminal):
    S = len(R)
    policy, passes = np.zeros(S, dtype=np.int32), 0
    while True:
        A = np.identity(S) - gamma * np.array([P[s, policy[s]] * (1 - terminal) for s in range(S)])
        V = np.linalg.solve(A, np.array([R[s, policy[s]] for s in range(S)]))
        Q = R + gamma * P.dot(V)
        top = np.max(Q, axis=1)
        new = np.where(Q[np.arange(S), policy] >= top, policy, np.argmax(Q, axis=1))
        if np.all(new == policy):
            return [policy, V, np.int64(passes)]
        policy, passes = new, passes + 1


ROW, OPTIMAL = "three_states_in_a_row", "the_policy_is_optimal"
VALUES, PASSES = "the_values_are_those_of_the_policy", "the_passes_that_change_the_policy_are_counted"
TIES, FIRST = "equally_good_actions_do_not_change_places", "the_first_policy_may_be_the_best"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"


def _solve(P, R, policy, gamma, terminal):
    s = np.arange(len(R))
    return np.linalg.solve(np.eye(len(R)) - gamma * P[s, policy] * (1 - terminal), R[s, policy])


def _improve(Q, policy):
    keeps = Q[np.arange(len(Q)), policy] >= Q.max(axis=1) - 1e-10
    return np.where(keeps, policy, Q.argmax(axis=1))


def _iterate(P, R, gamma, terminal, improve=_improve, evaluate=_solve, stop=60):
    policy = np.zeros(len(R), int)
    for passes in range(stop + 1):
        V = evaluate(P, R, policy, gamma, terminal)
        new = improve(R + gamma * P @ ((1 - terminal) * V), policy)
        if passes == stop or np.array_equal(new, policy):
            return policy, V, passes
        policy = new


@key.reject(
    "You evaluate a policy by one sweep: solve for its values, exactly, before you improve it.",
    fails=[OPTIMAL, VALUES, PASSES, FIRST, LAYOUT],
)
def one_sweep_evaluation(P, R, gamma, terminal):
    policy, V, s = np.zeros(len(R), int), np.zeros(len(R)), np.arange(len(R))
    passes = 0
    while True:
        V = R[s, policy] + gamma * P[s, policy] @ ((1 - terminal) * V)
        new = _improve(R + gamma * P @ ((1 - terminal) * V), policy)
        if np.array_equal(new, policy):
            return policy, V, passes
        policy, passes = new, passes + 1


@key.reject("Your sweeps end before the values have converged; with γ close to 1 they take longer.", fails=[FIRST])
def two_hundred_sweeps(P, R, gamma, terminal):
    def evaluate(P, R, policy, gamma, terminal):
        V, s = np.zeros(len(R)), np.arange(len(R))
        for _ in range(200):
            V = R[s, policy] + gamma * P[s, policy] @ ((1 - terminal) * V)
        return V

    return _iterate(P, R, gamma, terminal, evaluate=evaluate)


KEEP = "A state keeps its action while that is among the best, or equally good actions change places for ever."


@key.reject(KEEP, fails=[ROW, PASSES, TIES])
def cycles_on_ties(P, R, gamma, terminal):
    def another_one(Q, policy):
        others = Q.copy()
        others[np.arange(len(Q)), policy] = -np.inf
        return np.where(others.max(axis=1) >= Q[np.arange(len(Q)), policy], others.argmax(axis=1), policy)

    return _iterate(P, R, gamma, terminal, another_one)


@key.reject(KEEP, fails=[TIES])
def lowest_of_the_best(P, R, gamma, terminal):
    return _iterate(P, R, gamma, terminal, lambda Q, policy: Q.argmax(axis=1))


@key.reject(
    "Your tie rule differs from the convention: of several better actions a state takes the lowest.", fails=[TIES]
)
def highest_of_the_best(P, R, gamma, terminal):
    def improve(Q, policy):
        return np.where(_improve(Q, policy) == policy, policy, Q.shape[1] - 1 - Q[:, ::-1].argmax(axis=1))

    return _iterate(P, R, gamma, terminal, improve)


@key.reject(
    "You stop too early: go on until a pass leaves the policy as it is.", fails=[ROW, OPTIMAL, VALUES, PASSES, LAYOUT]
)
def stops_too_early(P, R, gamma, terminal):
    return _iterate(P, R, gamma, terminal, stop=1)


@key.reject(
    "You improve with old values: take those of the current policy.", fails=[ROW, OPTIMAL, VALUES, PASSES, LAYOUT]
)
def improves_with_old_values(P, R, gamma, terminal):
    policy, old = np.zeros(len(R), int), np.zeros(len(R))
    passes = 0
    while True:
        V = _solve(P, R, policy, gamma, terminal)
        new = _improve(R + gamma * P @ ((1 - terminal) * old), policy)
        if np.array_equal(new, policy):
            return policy, V, passes
        policy, old, passes = new, V, passes + 1


@key.reject("You count the last pass, too, which changed nothing.", fails=[ROW, PASSES, TIES, FIRST, LAYOUT])
def counts_the_last_pass(P, R, gamma, terminal):
    policy, V, passes = _iterate(P, R, gamma, terminal)
    return policy, V, passes + 1


BEST = "Of several better actions a state takes the best one, not any that is better than its own."


@key.reject(BEST, fails=[PASSES])
def the_first_better_action(P, R, gamma, terminal):
    def improve(Q, policy):
        better = Q > Q[np.arange(len(Q)), policy][:, None] + 1e-10
        return np.where(better.any(axis=1), better.argmax(axis=1), policy)

    return _iterate(P, R, gamma, terminal, improve)


@key.reject(BEST, fails=[PASSES, TIES])
def the_last_better_action(P, R, gamma, terminal):
    def improve(Q, policy):
        better = Q[:, ::-1] > Q[np.arange(len(Q)), policy][:, None] + 1e-10
        return np.where(better.any(axis=1), Q.shape[1] - 1 - better.argmax(axis=1), policy)

    return _iterate(P, R, gamma, terminal, improve)


ONE = "You improve one state in a pass: a pass improves all states in which there is a better action."


@key.reject(ONE, fails=[PASSES, TIES, LAYOUT])
def one_state_at_a_time(P, R, gamma, terminal):
    def improve(Q, policy):
        new = _improve(Q, policy)
        return np.where(np.arange(len(new)) == np.argmax(new != policy), new, policy)

    return _iterate(P, R, gamma, terminal, improve)


@key.reject(ONE, fails=[PASSES, TIES, LAYOUT])
def the_state_with_the_largest_gain(P, R, gamma, terminal):
    def improve(Q, policy):
        gain = Q.max(axis=1) - Q[np.arange(len(Q)), policy]
        return np.where(np.arange(len(Q)) == np.argmax(gain), _improve(Q, policy), policy)

    return _iterate(P, R, gamma, terminal, improve)


@key.reject(
    "You count the states that change; a pass counts once, however many states change in it.",
    fails=[PASSES, TIES, LAYOUT],
)
def changed_states_counted(P, R, gamma, terminal):
    changed = []

    def improve(Q, policy):
        new = _improve(Q, policy)
        changed.append(int(np.sum(new != policy)))
        return new

    policy, V, _ = _iterate(P, R, gamma, terminal, improve)
    return policy, V, sum(changed)


ABSORBED = (
    "terminal states lead to themselves and pay nothing, so the system gives them the value 0 with or without mask."
)
key.equivalent("gamma * P[s, policy] * (1 - terminal) -> gamma * P[s, policy]", ABSORBED)
key.equivalent("1 - terminal -> 1", ABSORBED)

MARGIN = "actions differ by 0.05 or more, or by nothing that rounding could show; a student may compare exactly."
key.equivalent("Q.max(axis=1) > Q[s, policy] + 1e-10 -> Q.max(axis=1) >= Q[s, policy] + 1e-10", MARGIN)
key.equivalent("Q[s, policy] + 1e-10 -> Q[s, policy]", MARGIN)
key.equivalent("1e-10 -> 2e-10", MARGIN)

BOUND = "it only keeps a mistake from looping for ever; six passes are the most that a task needs."
key.equivalent("1000 -> 1001", BOUND)
key.equivalent("1000 -> 999", BOUND)
