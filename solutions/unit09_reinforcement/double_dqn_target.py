"""Answer key: regression targets of double DQN (unit 9)."""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import double_dqn_target, dqn_target

key = Key("unit09_reinforcement/double_dqn_target", reference=double_dqn_target, bans=N0)


def tables(rng, B, A):
    """Next values of both networks: in each row their best actions differ.

    Against the target network's, the values of the other are 3 too high or 3 too low by turns. Rows stand at levels
    1.1 apart, the lower ones below 0 throughout.
    """
    level = -1.1 * rng.permutation(B)[:, None]
    target, online = rng.uniform(-1.5, -0.5, size=(2, B, A))
    for i in range(B):
        d, c = rng.permutation(A)[:2] if A > 1 else (0, 0)  # the online network's choice, the target network's
        online[i, c], online[i, d] = 1.0, 2.0
        target[i, d], target[i, c] = rng.uniform(0, 1), 2.0
    away = np.where((np.arange(B) + rng.integers(2)) % 2, 3.0, -3.0)[:, None]
    return target + level, online + level + away


def rewards(rng, B):
    """Far enough from 0 to be missed."""
    return rng.uniform(1, 2, size=B) * rng.choice([-1, 1], size=B)


def some_set(rng, B):
    """(B,) flags of which every third is set: rows of both kinds in `tables` stay without."""
    return rng.permutation(np.arange(B) % 3 // 2)


NO = np.zeros(6, dtype=np.int64)


@key.part("worked", weight=1)
def networks_that_disagree_by_hand(answer, rng):
    target, online = np.array([[2.0, -4.0], [6.0, 8.0]]), np.array([[5.0, 7.0], [1.0, 0.0]])
    got = answer(np.array([1.0, 3.0]), np.array([0, 0]), np.array([0, 0]), target, online, 0.5)
    close(got, np.array([-1.0, 6.0]))


@key.part("core", weight=2)
def one_network_chooses_and_the_other_evaluates(answer, rng):
    for A, gamma in [(3, 0.9), (4, 0.5)]:
        args = rewards(rng, 6), NO, NO, *tables(rng, 6, A), gamma
        got = answer(*args)
        close(got, double_dqn_target(*args))
        check(bool((got <= dqn_target(*args) + 1e-9).all()), "A target of double DQN is above that of DQN.")


@key.part("core", weight=2)
def after_the_end_the_reward_alone_counts(answer, rng):
    for over in (some_set(rng, 6), some_set(rng, 6) == 1):
        args = rewards(rng, 6), over, NO.astype(over.dtype), *tables(rng, 6, 3), 0.8
        close(answer(*args), double_dqn_target(*args))


@key.part("core", weight=2)
def a_time_limit_is_no_end(answer, rng):
    for kind in (np.int64, np.float64, np.bool_):
        over, cut = rng.permutation(np.array([[0, 0], [0, 1], [0, 1], [1, 1]] * 2)).T.astype(kind)
        args = rewards(rng, 8), over, cut, *tables(rng, 8, 5), 0.7
        close(answer(*args), double_dqn_target(*args))


@key.part("edge", weight=0.5)
def ties_and_single_transitions(answer, rng):
    target = np.cumsum(rng.uniform(0.5, 1, size=(3, 3)), axis=1)  # increasing: the later of two is worth more
    online = np.array([[2.0, 2.0, 1.0], [1.0, 2.0, 2.0], [2.0, 2.0, 2.0]]) - rng.uniform(5, 6)
    args = rewards(rng, 3), NO[:3], NO[:3], target, online, 0.9
    close(answer(*args), double_dqn_target(*args))
    for A in (3, 1):
        args = rewards(rng, 1), NO[:1], NO[:1], *tables(rng, 1, A), 0.9
        close(answer(*args), double_dqn_target(*args))


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    over, cut = np.array([[0, 0, 1, 1, 0, 1], [0, 1, 0, 1, 1, 0]])
    standard(answer, (rewards(rng, 6), over, cut, *tables(rng, 6, 3), 0.9), double_dqn_target)


ALL = [p.name for p in key.parts]


@key.accept
def by_fancy_indexing(r, terminated, truncated, q_next_target, q_next_online, gamma):
    worth = q_next_target[np.arange(len(r)), q_next_online.argmax(1)]
    return np.where(terminated, r, r + gamma * worth)


@key.accept
def by_one_hot_rows(r, terminated, truncated, q_next_target, q_next_online, gamma):
    chosen = np.eye(q_next_online.shape[1])[np.argmax(q_next_online, axis=-1)]
    return r + gamma * (1.0 - terminated) * np.einsum("ba,ba->b", chosen, q_next_target)


@key.accept
def by_take_along_axis(r, terminated, truncated, q_next_target, q_next_online, gamma):
    best = np.argmax(q_next_online, axis=1, keepdims=True)
    future = np.take_along_axis(q_next_target, best, 1).squeeze(1)
    future[np.asarray(terminated) == 1] = 0
    return r + gamma * future


@key.accept
def by_loops(r, terminated, truncated, q_next_target, q_next_online, gamma):
    y = np.array(r, dtype=float)
    for i in range(len(y)):
        if not terminated[i]:
            chooser = list(q_next_online[i])
            y[i] += gamma * q_next_target[i][chooser.index(max(chooser))]
    return y


@key.reject(
    "The network that learns chooses the next action, not the target network.",
    fails=ALL,
)
def argmax_from_target_network(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - terminated) * q_next_target.max(axis=1)


@key.reject(
    "The target network says what the chosen action is worth, not the network that chose it.",
    fails=ALL,
)
def evaluates_with_online_network(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - terminated) * q_next_online.max(axis=1)


@key.reject(
    "The roles are exchanged: the network that learns chooses, the target network evaluates.",
    fails=ALL,
)
def networks_exchanged(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - terminated) * q_next_online[np.arange(len(r)), q_next_target.argmax(axis=1)]


def _chosen(q_next_target, q_next_online):
    return q_next_target[np.arange(len(q_next_target)), q_next_online.argmax(axis=1)]


@key.reject(
    "After termination there is no future: there the target is the reward alone.",
    fails=[
        "after_the_end_the_reward_alone_counts",
        "a_time_limit_is_no_end",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def terminal_not_masked(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * _chosen(q_next_target, q_next_online)


@key.reject(
    "A time limit does not end the task: bootstrap through a truncated transition.",
    fails=["a_time_limit_is_no_end", "inputs_stay_unchanged_in_any_dtype_and_layout"],
)
def truncation_treated_as_terminal(r, terminated, truncated, q_next_target, q_next_online, gamma):
    done = np.logical_or(terminated, truncated)
    return r + gamma * (1 - done) * _chosen(q_next_target, q_next_online)


CLIPPED = "Taking the smaller of two values is clipped double Q-learning, another method."


@key.reject(
    CLIPPED,
    fails=ALL,
)
def min_of_two_max(r, terminated, truncated, q_next_target, q_next_online, gamma):
    smaller = np.minimum(q_next_target.max(axis=1), q_next_online.max(axis=1))
    return r + gamma * (1 - terminated) * smaller


@key.reject(CLIPPED, fails=ALL)
def min_at_the_chosen_action(r, terminated, truncated, q_next_target, q_next_online, gamma):
    smaller = np.minimum(_chosen(q_next_target, q_next_online), q_next_online.max(axis=1))
    return r + gamma * (1 - terminated) * smaller


@key.reject(
    "The future is not discounted: gamma is missing.",
    fails=ALL,
)
def no_discount(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + (1 - terminated) * _chosen(q_next_target, q_next_online)


@key.reject(
    "The reward of the last step counts too: only the future is masked.",
    fails=[
        "after_the_end_the_reward_alone_counts",
        "a_time_limit_is_no_end",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def reward_masked_too(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return (1 - terminated) * (r + gamma * _chosen(q_next_target, q_next_online))


@key.reject("On a tie the lowest index wins.", fails=["ties_and_single_transitions"])
def last_of_equals(r, terminated, truncated, q_next_target, q_next_online, gamma):
    best = q_next_online.shape[1] - 1 - q_next_online[:, ::-1].argmax(axis=1)
    return r + gamma * (1 - terminated) * q_next_target[np.arange(len(r)), best]
