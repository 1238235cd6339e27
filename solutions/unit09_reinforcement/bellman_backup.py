"""Answer key: Bellman's operators (unit 9).

Transitions are uneven and values are far apart, so that each mistake changes the results whatever is drawn.
"""

import numpy as np

from autograder.key import N0, Key, Tolerance, check, close, standard
from dlmath_ref import bellman

key = Key("unit09_reinforcement/bellman_backup", reference=bellman, bans=N0)

NAMES = ("Q", "TV", "T_pi V")
ANY_NUMBERS = Tolerance("any numbers", rtol=0.0, atol=np.inf)


def distributions(rng, shape):
    """Rows with sum 1, every entry at least 1 / (3 n) for rows of n."""
    rows = rng.uniform(1, 3, size=shape)
    return rows / rows.sum(axis=-1, keepdims=True)


def process(rng, S, A, ends):
    """Tables in which the states of `ends` are terminal; values are large there, and in 1 ... 3 elsewhere.

    In the first state that is not terminal, every action is worth less than 0.
    """
    P, R = distributions(rng, (S, A, S)), rng.uniform(1, 2, size=(S, A)) * rng.choice([-1, 1], size=(S, A))
    terminal = np.isin(np.arange(S), ends).astype(int)
    poor = np.flatnonzero(terminal == 0)[:1]
    R[poor] = rng.uniform(-9, -8, size=(len(poor), A))
    P[ends], R[ends] = np.eye(S)[ends][:, None, :], 0.0
    V = np.where(terminal, rng.uniform(20, 30, size=S), rng.uniform(1, 3, size=S))
    return P, R, V, distributions(rng, (S, A)), terminal


def triple(got):
    check(type(got) in (tuple, list) and len(got) == 3, "bellman must return three arrays: Q, TV, T_pi V.")
    return got


@key.part("worked", weight=1)
def two_states_by_hand(answer, rng):
    P = np.zeros((2, 2, 2))
    P[0, 0, 0], P[0, 1], P[1, :, 1] = 1, (0.5, 0.5), 1
    R, V, pi = np.array([[1.0, 4.0], [0.0, 0.0]]), np.array([4.0, 8.0]), np.array([[0.25, 0.75], [0.5, 0.5]])
    expected = (np.array([[3.0, 5.0], [0.0, 0.0]]), np.array([5.0, 0.0]), np.array([4.5, 0.0]))
    close(answer(P, R, V, pi, 0.5, np.array([0, 1])), expected, what=NAMES)


@key.part("core", weight=2)
def action_values_look_one_step_ahead(answer, rng):
    for S, A in [(5, 3), (3, 4)]:
        P, R, V, pi, terminal = process(rng, S, A, [])
        close(triple(answer(P, R, V, pi, 0.8, terminal))[0], bellman(P, R, V, pi, 0.8, terminal)[0], what="Q")


@key.part("core", weight=1)
def with_as_many_actions_as_states(answer, rng):
    args = process(rng, 4, 4, [1])
    P, R, V, pi, terminal = args
    close(answer(P, R, V, pi, 0.7, terminal), bellman(P, R, V, pi, 0.7, terminal), what=NAMES)


@key.part("core", weight=1)
def terminal_states_count_as_zero(answer, rng):
    P, R, V, pi, terminal = process(rng, 6, 3, [2, 5])
    close(answer(P, R, V, pi, 0.9, terminal), bellman(P, R, V, pi, 0.9, terminal), what=NAMES)


@key.part("core", weight=1)
def the_best_action_and_the_policy(answer, rng):
    P, R, V, pi, terminal = process(rng, 5, 3, [4])
    R[:4] += 10 * rng.permuted(np.tile([-3.0, -2.0, 0.0], (4, 1)), axis=1)
    _, TV, TpiV = triple(answer(P, R, V, pi, 0.9, terminal))
    _, best, mean = bellman(P, R, V, pi, 0.9, terminal)
    close(TV, best, what="TV")
    close(TpiV, mean, what="T_pi V")


@key.part("core", weight=1, feedback="By how much may T V change if every value of V rises by 1?")
def both_operators_shrink_distances_by_gamma(answer, rng):
    P, R, V, pi, terminal = process(rng, 4, 3, [])
    moves = np.eye(4)[np.stack([rng.permutation(4) for _ in range(6)])]  # whose mixtures have column sums of 1, too
    P = np.stack([0.6 * moves[a] + 0.4 * moves[a + 3] for a in range(3)], axis=1)
    images = []
    for U in (V, V + 1, V + np.array([1, -1, 1, -1])):
        images.append(triple(answer(P, R, U, pi, 0.6, terminal))[1:])
        close(images[-1], [np.zeros(4), np.zeros(4)], ANY_NUMBERS, what=NAMES[1:])
    for k, name in enumerate(NAMES[1:]):
        apart = max(np.abs(image[k] - images[0][k]).max() for image in images[1:])
        check(bool(apart < 0.6 + 1e-9), f"{name}: two inputs at distance 1 give results that are further apart than γ.")


@key.part("edge", weight=0.25)
def without_a_future_only_rewards_count(answer, rng):
    P, R, V, pi, terminal = process(rng, 4, 3, [0])
    close(answer(P, R, V, pi, 0.0, terminal), (R, R.max(axis=1), (pi * R).sum(axis=1)), what=NAMES)


@key.part("edge", weight=0.25)
def nothing_is_left_when_all_is_over(answer, rng):
    P, R, V, pi, terminal = process(rng, 3, 2, [0, 1, 2])
    close(answer(P, R, V, pi, 0.9, terminal), (np.zeros((3, 2)), np.zeros(3), np.zeros(3)), what=NAMES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    P, R, V, pi, terminal = process(rng, 5, 3, [3])
    standard(answer, (P, R, V, pi, 0.8, terminal), bellman, what=NAMES)


@key.accept
def by_einsum(P, R, V, pi, gamma, terminal):
    future = np.where(terminal == 1, 0.0, V)
    Q = R + gamma * np.einsum("sat,t->sa", P, future)
    return Q, np.amax(Q, axis=-1), np.einsum("sa,sa->s", pi, Q)


@key.accept
def by_loops(P, R, V, pi, gamma, terminal):
    S, A = R.shape
    Q, best, mean = np.zeros((S, A)), np.zeros(S), np.zeros(S)
    for s in range(S):
        for a in range(A):
            Q[s, a] = R[s, a]
            for t in range(S):
                if not terminal[t]:
                    Q[s, a] += gamma * P[s, a, t] * V[t]
            mean[s] += pi[s, a] * Q[s, a]
        best[s] = max(Q[s])
    return [Q, best, mean]


@key.accept
def by_a_greedy_policy(P, R, V, pi, gamma, terminal):
    S, A = R.shape
    U = V.copy()
    U[terminal.astype(bool)] = 0
    Q = R + gamma * (P.reshape(S * A, S) @ U).reshape(S, A)
    return Q, Q[np.arange(S), Q.argmax(axis=1)], np.diag(pi @ Q.T)


@key.accept
def with_masked_transitions(P, R, V, pi, gamma, terminal):
    live = P * (1 - terminal)[None, None, :]
    Q = R + np.tensordot(live, gamma * V, axes=([2], [0]))
    return Q, -np.min(-Q, axis=1), np.average(Q, axis=1, weights=pi)


HAND, AHEAD = "two_states_by_hand", "action_values_look_one_step_ahead"
SQUARE, OVER = "with_as_many_actions_as_states", "terminal_states_count_as_zero"
CHOICE, SHRINK = "the_best_action_and_the_policy", "both_operators_shrink_distances_by_gamma"
NOW, NOTHING = "without_a_future_only_rewards_count", "nothing_is_left_when_all_is_over"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"


def _backup(P, R, V, pi, gamma, terminal):
    Q = R + gamma * P @ ((1 - terminal) * V)
    return Q, Q.max(axis=1), (pi * Q).sum(axis=1)


@key.reject(
    "You count the value of terminal states: after them nothing is earned any more, whatever V says there.",
    fails=[HAND, SQUARE, OVER, CHOICE, NOTHING, LAYOUT],
)
def terminal_not_masked(P, R, V, pi, gamma, terminal):
    return _backup(P, R, V, pi, gamma, 0 * terminal)


@key.reject(
    "You mask the state that a step leaves. The value of a terminal state is 0 where a step arrives.",
    fails=[HAND, SQUARE, OVER, CHOICE, LAYOUT],
)
def masks_the_current_state(P, R, V, pi, gamma, terminal):
    Q = R + gamma * (1 - terminal)[:, None] * (P @ V)
    return Q, Q.max(axis=1), (pi * Q).sum(axis=1)


@key.reject(
    "Your T V is the mean over the actions; the optimality operator takes the best one.",
    fails=[HAND, SQUARE, OVER, CHOICE, NOW, LAYOUT],
)
def mean_instead_of_max(P, R, V, pi, gamma, terminal):
    Q, _, TpiV = _backup(P, R, V, pi, gamma, terminal)
    return Q, Q.mean(axis=1), TpiV


@key.reject(
    "The best value can be negative: do not cut it off at 0.",
    fails=[SQUARE, OVER, CHOICE, NOW, LAYOUT],
)
def max_initialised_at_zero(P, R, V, pi, gamma, terminal):
    Q, TV, TpiV = _backup(P, R, V, pi, gamma, terminal)
    return Q, np.maximum(TV, 0), TpiV


@key.reject(
    "You discount the reward, too: γ multiplies the future only.",
    fails=[HAND, AHEAD, SQUARE, OVER, CHOICE, NOW, LAYOUT],
)
def discount_on_reward(P, R, V, pi, gamma, terminal):
    Q = gamma * (R + P @ ((1 - terminal) * V))
    return Q, Q.max(axis=1), (pi * Q).sum(axis=1)


@key.reject(
    "You read the transitions backwards: P[s, a, s'] leads from the first index to the last.",
    fails=[HAND, AHEAD, SQUARE, OVER, CHOICE, LAYOUT],
)
def transition_transposed(P, R, V, pi, gamma, terminal):
    return _backup(P.transpose(2, 1, 0), R, V, pi, gamma, terminal)


@key.reject(
    "You exchange the last two axes of P: the second one is the action, the third the state that follows.",
    fails=[HAND, AHEAD, SQUARE, OVER, CHOICE, SHRINK, NOW, NOTHING, LAYOUT],
)
def next_and_action_axes_swapped(P, R, V, pi, gamma, terminal):
    return _backup(P.transpose(0, 2, 1), R, V, pi, gamma, terminal)


@key.reject(
    "The discount is missing: what comes a step later counts γ times as much.",
    fails=[HAND, AHEAD, SQUARE, OVER, CHOICE, SHRINK, NOW, LAYOUT],
)
def no_discount(P, R, V, pi, gamma, terminal):
    return _backup(P, R, V, pi, 1.0, terminal)


@key.reject(
    "Your T_π V does not use π: it must weigh each action by its probability.",
    fails=[HAND, SQUARE, OVER, CHOICE, NOW, LAYOUT],
)
def uniform_policy(P, R, V, pi, gamma, terminal):
    Q, TV, _ = _backup(P, R, V, pi, gamma, terminal)
    return Q, TV, Q.mean(axis=1)
