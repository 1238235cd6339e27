"""Answer key: one transition of Q-learning (unit 9)."""

import numpy as np

from autograder.key import N0, Key, close, standard
from dlmath_ref import q_update

key = Key("unit09_reinforcement/q_update", reference=q_update, bans=N0)

WORKED, MOVES = "from_zeros_and_the_worked_example", "one_entry_moves_towards_the_target"
NEGATIVE, END = "a_best_value_may_be_negative", "after_the_end_there_is_no_future"
MANY, BACK = "sixty_transitions_in_sequence", "a_step_back_to_where_it_began"
INTEGERS, LAYOUT = "a_table_of_integers", "inputs_stay_unchanged_in_any_dtype_and_layout"


def table(rng, S, A, least):
    """(S, A), entries at least 0.6 apart, the smallest between least and least + 0.4."""
    return least + rng.permutation(S * A).reshape(S, A) + rng.uniform(0, 0.4, size=(S, A))


def step(rng, Q, back=False):
    """s, a, s2: in s2 another action than a is the best, and s2 is s only if asked for."""
    s, s2 = rng.choice(len(Q), size=2, replace=False)
    s2 = s if back else s2
    a = (np.argmax(Q[s2]) + rng.integers(1, Q.shape[1])) % Q.shape[1]
    return int(s), int(a), int(s2)


@key.part("worked", weight=1)
def from_zeros_and_the_worked_example(answer, rng):
    close(answer(np.zeros((3, 2)), 1, 0, 4.0, 2, False, 0.25, 0.9), np.array([[0, 0], [1, 0], [0, 0.0]]))
    Q = np.array([[0.0, 2.0], [1.0, 3.0]])
    close(answer(Q.copy(), 0, 1, 1.0, 1, False, 0.5, 0.5), np.array([[0, 9 / 4], [1, 3]]))
    close(answer(Q.copy(), 0, 1, 1.0, 1, True, 0.5, 0.5), np.array([[0, 3 / 2], [1, 3]]))


@key.part("core", weight=2)
def one_entry_moves_towards_the_target(answer, rng):
    for S, A, alpha, gamma in [(5, 3, 0.3, 0.9), (3, 3, 0.7, 0.5), (2, 4, 0.05, 0.99)]:
        Q = table(rng, S, A, 1.0)
        s, a, s2 = step(rng, Q)
        args = s, a, float(rng.uniform(30, 40)), s2, False, alpha, gamma
        close(answer(Q.copy(), *args), q_update(Q, *args), what="the new table")


@key.part("core", weight=1.5, feedback="Try a table without any positive value.")
def a_best_value_may_be_negative(answer, rng):
    Q = table(rng, 4, 3, -13.0)  # all below -0.6
    s, a, s2 = step(rng, Q)
    args = s, a, -2.0, s2, False, 0.4, 0.8
    close(answer(Q.copy(), *args), q_update(Q, *args), what="the new table")


@key.part("core", weight=1.5)
def after_the_end_there_is_no_future(answer, rng):
    for least in (1.0, -13.0):
        Q = table(rng, 4, 3, least)
        s, a, s2 = step(rng, Q)
        args = s, a, float(rng.uniform(30, 40)), s2, True, 0.4, 0.8
        close(answer(Q.copy(), *args), q_update(Q, *args), what="the new table")


@key.part("core", weight=1)
def sixty_transitions_in_sequence(answer, rng):
    S, A = 4, 3
    expected = -rng.uniform(1, 5, size=(S, A))  # rewards are negative, too: so are all values for ever
    got = expected.copy()
    for t in range(60):
        s, s2, a = int(rng.integers(S)), int(rng.integers(S)), int(rng.integers(A))
        args = s, a, float(rng.uniform(-3, -1)), s2, t % 5 == 4, 0.3, 0.9
        got, expected = answer(got, *args), q_update(expected, *args)
    close(got, expected, what="the table after 60 transitions")


@key.part("edge", weight=0.5)
def a_step_back_to_where_it_began(answer, rng):
    Q = table(rng, 3, 4, 1.0)
    s, a, s2 = step(rng, Q, back=True)
    args = s, a, float(rng.uniform(30, 40)), s2, False, 0.3, 0.9
    close(answer(Q.copy(), *args), q_update(Q, *args), what="the new table")


@key.part("edge", weight=1)
def a_table_of_integers(answer, rng):
    Q = rng.permutation(np.arange(2, 14)).reshape(4, 3)
    s, a, s2 = step(rng, Q)
    for terminated in (False, True):  # the new value ends in .625 or .125
        args = s, a, 40.5, s2, terminated, 0.25, 0.5
        close(answer(Q.copy(), *args), q_update(Q, *args), what="the new table")


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    Q = table(rng, 5, 3, 1.0)
    s, a, s2 = step(rng, Q)
    standard(answer, (Q, s, a, 35.0, s2, False, 0.3, 0.9), q_update, what="the new table")


@key.accept
def mask_as_a_factor(Q, s, a, r, s2, terminated, alpha, gamma):
    new = Q.astype(float)
    new[s, a] = (1 - alpha) * new[s, a] + alpha * (r + gamma * (1 - terminated) * np.max(Q[s2, :]))
    return new


@key.accept
def by_a_table_of_changes(Q, s, a, r, s2, terminated, alpha, gamma):
    change = np.zeros(Q.shape, order="F")
    future = 0 if terminated else max(Q[s2])
    change[s, a] = r + gamma * future - Q[s, a]
    return Q + alpha * change


@key.accept
def by_lists(Q, s, a, r, s2, terminated, alpha, gamma):
    rows = [[float(q) for q in row] for row in Q]
    best = -float("inf")
    for q in rows[s2]:
        best = q if q > best else best
    if terminated:
        best = 0.0
    rows[s][a] += alpha * (r + gamma * best - rows[s][a])
    return np.array(rows)


@key.accept
def in_single_precision_when_asked(Q, s, a, r, s2, terminated, alpha, gamma):
    new = Q.copy() if Q.dtype.kind == "f" else Q * 1.0
    new[s, a] += alpha * (r + (not terminated) * gamma * np.sort(Q[s2])[-1] - new[s, a])
    return new


def _moved(Q, s, a, alpha, target):
    """A new table in which Q(s, a) has moved towards the target."""
    new = np.array(Q, dtype=float)
    new[s, a] += alpha * (target - new[s, a])
    return new


RUNNING = [WORKED, MOVES, NEGATIVE, MANY, BACK, INTEGERS, LAYOUT]  # all but a step that ends the task


@key.reject(
    "After the end of the task there is no future: the target is the reward.", fails=[WORKED, END, MANY, INTEGERS]
)
def terminal_not_masked(Q, s, a, r, s2, terminated, alpha, gamma):
    return _moved(Q, s, a, alpha, r + gamma * np.max(Q[s2]))


@key.reject(
    "When a step ends the task you drop its reward, too; only the future is lost.", fails=[WORKED, END, MANY, INTEGERS]
)
def terminal_drops_the_reward(Q, s, a, r, s2, terminated, alpha, gamma):
    return _moved(Q, s, a, alpha, (1 - terminated) * (r + gamma * np.max(Q[s2])))


FLAG = "Your mask is the wrong way round: there is no future when the step has ended the task."


@key.reject(FLAG, fails=[*RUNNING, END])
def mask_inverted(Q, s, a, r, s2, terminated, alpha, gamma):
    return _moved(Q, s, a, alpha, r + gamma * terminated * np.max(Q[s2]))


@key.reject(
    "The best of negative values is negative: your maximum over the next actions begins at 0.", fails=[NEGATIVE, MANY]
)
def max_initialised_at_zero(Q, s, a, r, s2, terminated, alpha, gamma):
    best = 0
    for q in Q[s2]:
        if q > best:
            best = q
    return _moved(Q, s, a, alpha, r + gamma * (1 - terminated) * best)


@key.reject(
    "You look at the values of the state that you leave; the future begins in the next state.",
    fails=[name for name in RUNNING if name != BACK],
)
def max_over_current_state(Q, s, a, r, s2, terminated, alpha, gamma):
    return _moved(Q, s, a, alpha, r + gamma * (1 - terminated) * np.max(Q[s]))


@key.reject(
    "You value the next state by the same action again; what counts there is the best of all actions.",
    fails=[MOVES, NEGATIVE, MANY, BACK, INTEGERS, LAYOUT],
)
def same_action_bootstrap(Q, s, a, r, s2, terminated, alpha, gamma):
    return _moved(Q, s, a, alpha, r + gamma * (1 - terminated) * Q[s2, a])


@key.reject("You value the next state by the mean over its actions; what counts there is the best one.", fails=RUNNING)
def mean_over_next_actions(Q, s, a, r, s2, terminated, alpha, gamma):
    return _moved(Q, s, a, alpha, r + gamma * (1 - terminated) * np.mean(Q[s2]))


@key.reject(
    "You replace the old value by the target; move from it by the share α of the difference.", fails=[*RUNNING, END]
)
def overwrites_without_alpha(Q, s, a, r, s2, terminated, alpha, gamma):
    return _moved(Q, s, a, 1.0, r + gamma * (1 - terminated) * np.max(Q[s2]))


@key.reject(
    "You add α times the target; what must be added is α times its difference from the old value.",
    fails=[*RUNNING, END],
)
def old_value_not_subtracted(Q, s, a, r, s2, terminated, alpha, gamma):
    new = np.array(Q, dtype=float)
    new[s, a] += alpha * (r + gamma * (1 - terminated) * np.max(Q[s2]))
    return new


@key.reject("Your discount is also applied to the reward; γ multiplies the future only.", fails=[*RUNNING, END])
def discount_on_reward(Q, s, a, r, s2, terminated, alpha, gamma):
    return _moved(Q, s, a, alpha, gamma * (r + (1 - terminated) * np.max(Q[s2])))


@key.reject("Your discount γ is missing: the future counts γ times.", fails=RUNNING)
def no_discount(Q, s, a, r, s2, terminated, alpha, gamma):
    return _moved(Q, s, a, alpha, r + (1 - terminated) * np.max(Q[s2]))


CHANGED = "Your function changes the table that it was given: return a new one."


@key.reject(CHANGED, fails=[INTEGERS, LAYOUT])
def in_place(Q, s, a, r, s2, terminated, alpha, gamma):
    Q[s, a] += alpha * (r + gamma * (1 - terminated) * np.max(Q[s2]) - Q[s, a])
    return Q


@key.reject(
    "In a table of integers your new value is rounded: make a table of floats first.",
    fails=[INTEGERS],
)
def integers_truncated(Q, s, a, r, s2, terminated, alpha, gamma):
    new = Q.copy()
    new[s, a] += alpha * (r + gamma * (1 - terminated) * np.max(Q[s2]) - Q[s, a])
    return new
