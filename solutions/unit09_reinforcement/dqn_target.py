"""Answer key: regression targets of a deep Q-network (unit 9)."""

import numpy as np

from autograder.key import N0, Key, close, standard
from dlmath_ref import dqn_target

key = Key("unit09_reinforcement/dqn_target", reference=dqn_target, bans=N0)


def tables(rng, B, A):
    """Next values of both networks: in each row their best actions differ, and no two best values of a network agree.

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
def two_transitions_by_hand(answer, rng):
    target, online = np.array([[2.0, -4.0], [6.0, 8.0]]), np.array([[5.0, 7.0], [1.0, 0.0]])
    got = answer(np.array([1.0, 3.0]), np.array([0, 1]), np.array([1, 0]), target, online, 0.5)
    close(got, np.array([2.0, 3.0]))


@key.part("core", weight=2)
def while_the_task_goes_on_the_best_next_value_counts(answer, rng):
    for A, gamma in [(3, 0.9), (4, 0.5)]:
        args = rewards(rng, 6), NO, NO, *tables(rng, 6, A), gamma
        close(answer(*args), dqn_target(*args))


@key.part("core", weight=2)
def after_the_end_the_reward_alone_counts(answer, rng):
    for over in (some_set(rng, 6), some_set(rng, 6) == 1):
        args = rewards(rng, 6), over, NO.astype(over.dtype), *tables(rng, 6, 3), 0.8
        close(answer(*args), dqn_target(*args))


@key.part("core", weight=2)
def a_time_limit_is_no_end(answer, rng):
    for cut in (some_set(rng, 6), some_set(rng, 6) == 1):
        args = rewards(rng, 6), NO.astype(cut.dtype), cut, *tables(rng, 6, 3), 0.7
        close(answer(*args), dqn_target(*args))


@key.part("core", weight=1)
def flags_in_all_four_combinations(answer, rng):
    for kind in (np.int64, np.float64, np.bool_):
        over, cut = rng.permutation(np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 2)).T.astype(kind)
        args = rewards(rng, 8), over, cut, *tables(rng, 8, 5), 0.6
        close(answer(*args), dqn_target(*args))


@key.part("edge", weight=0.5)
def one_transition_one_action_and_as_many_of_each(answer, rng):
    for B, A in [(1, 3), (5, 1), (1, 1), (4, 4)]:
        over = some_set(rng, B)
        args = rewards(rng, B), over, 1 - over, *tables(rng, B, A), 0.9
        close(answer(*args), dqn_target(*args))


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    over, cut = np.array([[0, 0, 1, 1, 0, 1], [0, 1, 0, 1, 1, 0]])
    standard(answer, (rewards(rng, 6), over, cut, *tables(rng, 6, 3), 0.9), dqn_target)


ALL = [p.name for p in key.parts]


@key.accept
def by_where(r, terminated, truncated, q_next_target, q_next_online, gamma):
    future = np.amax(q_next_target, axis=-1)
    return np.where(terminated, r, r + gamma * future)


@key.accept
def by_a_boolean_mask(r, terminated, truncated, q_next_target, q_next_online, gamma):
    y = np.array(r, dtype=np.float64)
    alive = ~np.asarray(terminated).astype(bool)
    y[alive] += gamma * q_next_target[alive].max(axis=1)
    return y


@key.accept
def by_a_float_mask(r, terminated, truncated, q_next_target, q_next_online, gamma):
    mask = 1.0 - np.asarray(terminated, dtype=float)
    return r + gamma * mask * q_next_target[np.arange(len(r)), q_next_target.argmax(1)]


@key.accept
def by_loops(r, terminated, truncated, q_next_target, q_next_online, gamma):
    y = []
    for reward, over, values in zip(r, terminated, q_next_target.tolist(), strict=True):
        y.append(float(reward) if over else float(reward) + gamma * max(values))
    return np.array(y)


@key.reject(
    "After termination there is no future: there the target is the reward alone.",
    fails=[
        "two_transitions_by_hand",
        "after_the_end_the_reward_alone_counts",
        "flags_in_all_four_combinations",
        "one_transition_one_action_and_as_many_of_each",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def terminal_not_masked(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * q_next_target.max(axis=1)


LIMIT = "A time limit does not end the task: a truncated transition has a future, which belongs to its target."


@key.reject(
    LIMIT,
    fails=[
        "two_transitions_by_hand",
        "a_time_limit_is_no_end",
        "flags_in_all_four_combinations",
        "one_transition_one_action_and_as_many_of_each",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def truncation_treated_as_terminal(r, terminated, truncated, q_next_target, q_next_online, gamma):
    done = np.logical_or(terminated, truncated)
    return r + gamma * (1 - done) * q_next_target.max(axis=1)


@key.reject(
    "You have exchanged the flags: the end of the task is terminated, a time limit is truncated.",
    fails=[
        "two_transitions_by_hand",
        "after_the_end_the_reward_alone_counts",
        "a_time_limit_is_no_end",
        "flags_in_all_four_combinations",
        "one_transition_one_action_and_as_many_of_each",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def flags_exchanged(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - truncated) * q_next_target.max(axis=1)


@key.reject(
    "When both flags are set the task is over: there is no future then.",
    fails=["flags_in_all_four_combinations", "inputs_stay_unchanged_in_any_dtype_and_layout"],
)
def truncated_saves_the_future(r, terminated, truncated, q_next_target, q_next_online, gamma):
    over = np.logical_and(terminated, np.logical_not(truncated))
    return r + gamma * (1 - over) * q_next_target.max(axis=1)


@key.reject(
    "You take the values of the network that learns: bootstrap with the target network.",
    fails=ALL,
)
def online_network_bootstrap(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - terminated) * q_next_online.max(axis=1)


@key.reject(
    "This is the target of double DQN, the next exercise: here the target network does everything.",
    fails=ALL,
)
def double_dqn(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - terminated) * q_next_target[np.arange(len(r)), q_next_online.argmax(axis=1)]


ROWS = "The maximum is taken over the actions of each transition, not over the batch."


@key.reject(
    ROWS,
    fails=ALL,
)
def max_over_everything(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - terminated) * q_next_target.max()


@key.reject(
    ROWS,
    fails=ALL,
)
def max_over_batch(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - terminated) * q_next_target.max(axis=0)


@key.reject(
    "The reward of the last step counts too: only the future is masked.",
    fails=[
        "two_transitions_by_hand",
        "after_the_end_the_reward_alone_counts",
        "flags_in_all_four_combinations",
        "one_transition_one_action_and_as_many_of_each",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def reward_masked_too(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return (1 - terminated) * (r + gamma * q_next_target.max(axis=1))


@key.reject(
    "The future is one step away, so it is discounted once: one step, one gamma.",
    fails=ALL,
)
def discount_squared(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma**2 * (1 - terminated) * q_next_target.max(axis=1)


@key.reject(
    "The future is not discounted: gamma is missing.",
    fails=ALL,
)
def no_discount(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + (1 - terminated) * q_next_target.max(axis=1)


@key.reject(
    "gamma discounts the future only, not the reward of this step.",
    fails=ALL,
)
def discount_on_reward(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return gamma * (r + (1 - terminated) * q_next_target.max(axis=1))


@key.reject(
    "You average over the actions: the target takes the best of them.",
    fails=ALL,
)
def mean_instead_of_max(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - terminated) * q_next_target.mean(axis=1)


@key.reject(
    "The best value can be negative: do not cut it off at 0.",
    fails=[
        "while_the_task_goes_on_the_best_next_value_counts",
        "after_the_end_the_reward_alone_counts",
        "a_time_limit_is_no_end",
        "flags_in_all_four_combinations",
        "one_transition_one_action_and_as_many_of_each",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def max_initialised_at_zero(r, terminated, truncated, q_next_target, q_next_online, gamma):
    return r + gamma * (1 - terminated) * np.maximum(q_next_target.max(axis=1), 0)
