"""Answer key: a replay buffer (unit 9).

A sample is random by nature. What must be in it holds for every order of calls to the generator, but for one exact
binomial test (a right answer fails it with probability 1e-9) and some facts that fail with less than 1e-16.
"""

import operator
from collections import deque

import numpy as np

from autograder.key import N0, Key, check, exact, placed
from autograder.key.answers import random_state
from autograder.key.kinds import describe
from autograder.stats import ALPHA, rate
from dlmath_ref import ReplayBuffer

key = Key("unit09_reinforcement/replay_buffer", reference=ReplayBuffer, bans=N0)

KEYS = ("s", "a", "r", "s2", "terminated", "truncated")
PLAIN = (bool, int, float, str, list, tuple, dict, set, np.ndarray, np.generic, type(None))
WORKED, OLDEST = "three_slots_and_five_transitions", "a_new_transition_replaces_the_oldest_one"
UNIFORM, CHANGED = "every_stored_transition_is_as_likely", "what_happens_to_an_array_after_its_push_does_not_matter"
FLAGS, GENERATOR = "terminated_and_truncated_are_kept_apart", "the_passed_generator_decides_the_sample"
PARTIAL, SINGLE = "only_filled_slots_are_drawn", "one_slot_and_observations_in_float32"


def memory(answer, capacity, obs_dim, rng):
    buffer = answer(capacity, obs_dim, rng)
    got = f"ReplayBuffer(...) must make an object with push, sample and a length; it gave {describe(buffer)}."
    check(not isinstance(buffer, PLAIN), got)
    return buffer


def transitions(rng, n, obs_dim):
    """Steps whose numbers are all different, and the same in single precision; no flag is set."""
    s, s2, r = (rng.normal(size=shape).astype(np.float32).astype(float) for shape in ((n, obs_dim), (n, obs_dim), n))
    return [(s[k], int(a), float(r[k]), s2[k], False, False) for k, a in enumerate(rng.permutation(n))]


def fill(buffer, steps):
    push = buffer.push
    for step in steps:
        push(*step)


def size(answer, buffer, expected):
    (length,) = placed(answer, operator.length_hint)  # what len() says
    exact(length(buffer), expected, what="the length")


def table(steps):
    """Transitions as rows: s, a, r, s2, terminated, truncated."""
    return np.array([[*s, a, r, *s2, terminated, truncated] for s, a, r, s2, terminated, truncated in steps])


def drawn(buffer, batch, obs_dim):
    """A sample as such a table, after checking its form."""
    got = buffer.sample(batch)
    check(type(got) is dict, f"sample must return a dict; it returned {describe(got)}.")
    columns = []
    for name in KEYS:
        check(name in got, f'The dict that sample returns has no key "{name}".')
        column, shape = got[name], (batch, obs_dim) if name in ("s", "s2") else (batch,)
        right = type(column) is np.ndarray and column.shape == shape and column.dtype.kind in "biuf"
        check(right, f'In a sample of {batch}, "{name}" must be an array of shape {shape}; it is {describe(column)}.')
        columns.append(column.reshape(batch, -1).astype(float))
        if name in ("s", "s2", "r"):
            check(column.dtype == np.float64, f'In a sample, "{name}" must be float64.', str(column.dtype), "float64")
        if name in KEYS[4:]:
            check(bool(np.isin(columns[-1], (0, 1)).all()), f'In a sample, "{name}" must hold booleans or 0 and 1.')
    return np.concatenate(columns, axis=1)


def indices(buffer):
    actions = buffer.sample(1)["a"].dtype
    check(actions == np.int64, 'In a sample, "a" must be int64: actions are indices.', str(actions), "int64")


def counts(sample, stored):
    """How often each of the stored transitions is in a sample, which holds nothing else."""
    same = (sample[:, None] == table(stored)).all(axis=2)  # (batch, n)
    found = f"A sample holds a row that is none of the {len(stored)} transitions that should be stored."
    check(bool(same.any(axis=1).all()), found)
    return same.sum(axis=0)


def holds(answer, buffer, stored, batch=None):
    """The memory holds these transitions and no other; one of up to ten stays out of 100 samples with 1e-42."""
    size(answer, buffer, len(stored))
    seen = np.zeros(len(stored), dtype=bool)
    for _ in range(100):
        seen |= counts(drawn(buffer, batch or len(stored), len(stored[0][0])), stored) > 0
        if seen.all():
            return
    check(False, f"Some of the {len(stored)} transitions that should be stored are never drawn.")


@key.part("worked", weight=1)
def three_slots_and_five_transitions(answer, rng):
    buffer = memory(answer, 3, 2, rng)
    size(answer, buffer, 0)
    steps = [(np.array([k, -k], float), k % 2, float(k), np.array([k + 1, -k - 1], float), 0, 0) for k in range(5)]
    fill(buffer, steps)
    holds(answer, buffer, steps[2:])
    indices(buffer)


@key.part("core", weight=1)
def a_new_transition_replaces_the_oldest_one(answer, rng):
    buffer, steps = memory(answer, 5, 3, rng), transitions(rng, 13, 3)
    for start, stop in ((0, 5), (5, 6), (6, 10), (10, 13)):
        fill(buffer, steps[start:stop])
        holds(answer, buffer, steps[stop - 5 : stop])


@key.part("core", weight=1.5)
def every_stored_transition_is_as_likely(answer, rng):
    buffer, steps = memory(answer, 8, 3, rng), transitions(rng, 8, 3)
    fill(buffer, steps)
    seen = counts(drawn(buffer, 1600, 3), steps)
    for k in (7, 0, 1, 2, 3, 4, 5, 6):
        rate(seen[k], 1600, 1 / 8, what="The newest transition" if k == 7 else "A stored transition", alpha=ALPHA / 8)
    several = (counts(drawn(buffer, 8, 3), steps).max() > 1 for _ in range(12))  # none of them: probability 4e-32
    check(any(several), "Among eight draws of eight transitions none comes twice: draw each of them on its own.")


@key.part("core", weight=1)
def what_happens_to_an_array_after_its_push_does_not_matter(answer, rng):
    buffer, steps = memory(answer, 4, 3, rng), transitions(rng, 4, 3)
    now, then, push = np.empty(3), np.empty(3), buffer.push
    for s, a, r, s2, terminated, truncated in steps:  # as an environment does that reuses its arrays
        now[:], then[:] = s, s2
        push(now, a, r, then, terminated, truncated)
    now[:], then[:] = 7, 7
    holds(answer, buffer, steps)


@key.part("core", weight=1)
def terminated_and_truncated_are_kept_apart(answer, rng):
    buffer, both = memory(answer, 4, 2, rng), [(False, False), (True, False), (False, True), (True, True)]
    steps = [(*step[:4], *flags) for step, flags in zip(transitions(rng, 4, 2), both, strict=True)]
    fill(buffer, steps)
    holds(answer, buffer, steps)


@key.part("core", weight=0.5)
def the_passed_generator_decides_the_sample(answer, rng):
    seed, before, steps, samples = int(rng.integers(2**32)), random_state(answer), transitions(rng, 12, 1), []
    for own in (seed, seed, seed + 1):
        buffer = memory(answer, 12, 1, np.random.default_rng(own))
        fill(buffer, steps)
        samples.append((drawn(buffer, 12, 1), drawn(buffer, 12, 1)))  # two of them are equal with probability 1e-13
    first, again, other = samples
    check(random_state(answer) == before, "Draw with the generator that is passed in, not with a global one.")
    check(np.array_equal(first, again), "With equal generators, samples must be equal.")
    check(not np.array_equal(first[0], other[0]), "Whatever the generator, the sample is the same.")
    check(not np.array_equal(*first), "The second sample is the first one once more.")


@key.part("edge", weight=1)
def only_filled_slots_are_drawn(answer, rng):
    buffer, steps = memory(answer, 50, 4, rng), transitions(rng, 3, 4)
    fill(buffer, steps[:2])
    another = memory(answer, 50, 4, rng)
    fill(another, steps[2:])
    holds(answer, buffer, steps[:2], batch=300)
    fill(buffer, steps[2:])
    holds(answer, buffer, steps, batch=300)


@key.part("edge", weight=1)
def one_slot_and_observations_in_float32(answer, rng):
    buffer = memory(answer, 1, 1, rng)
    for a, kind in enumerate((np.float32, np.float64, np.float32)):
        s, s2 = rng.normal(size=(2, 1)).astype(kind)
        step = (s, 2 - a, float(rng.normal()), s2, False, False)
        fill(buffer, [step])
        size(answer, buffer, 1)
        for batch in (1, 4):
            exact(drawn(buffer, batch, 1), np.repeat(table([step]), batch, axis=0), what="the sample")
    indices(buffer)


class _Memory:
    """A right one, to derive the answers below from."""

    def __init__(self, capacity, obs_dim, rng):
        self.capacity, self.rng, self.rows = capacity, rng, []

    def __len__(self):
        return len(self.rows)

    def transition(self, s, a, r, s2, terminated, truncated):
        return (np.array(s, dtype=float), a, r, np.array(s2, dtype=float), bool(terminated), bool(truncated))

    def push(self, *step):
        self.rows = [*self.rows, self.transition(*step)][-self.capacity :]

    def chosen(self, batch):
        return self.rng.integers(0, len(self.rows), batch)

    def sample(self, batch):
        columns = zip(*(self.rows[i] for i in self.chosen(batch)), strict=True)
        return dict(zip(KEYS, map(np.array, columns), strict=True))


@key.accept
class a_deque_with_flags_as_numbers(_Memory):
    def __init__(self, capacity, obs_dim, rng):
        self.rng, self.rows = rng, deque(maxlen=capacity)

    def push(self, s, a, r, s2, terminated, truncated):
        s, s2 = np.asarray(s).astype(np.float64), np.asarray(s2).astype(np.float64)
        self.rows.append((s, np.int64(a), np.float64(r), s2, float(terminated), np.uint8(truncated)))

    def chosen(self, batch):
        return [self.rng.choice(len(self.rows)) for _ in range(batch)]


@key.accept
class arrays_with_the_newest_in_front:
    def __init__(self, capacity, obs_dim, rng):
        self.rng, self.n = rng, 0
        self.table = np.full((capacity, 2 * obs_dim + 4), np.nan)

    def __len__(self):
        return self.n

    def push(self, s, a, r, s2, terminated, truncated):
        self.table[1:] = self.table[:-1].copy()
        self.table[0] = np.concatenate([s, s2, [a, r, terminated, truncated]])
        self.n = min(self.n + 1, len(self.table))

    def sample(self, batch):
        rows = self.table[np.floor(self.rng.random(batch) * self.n).astype(int)]
        (a, r, terminated, truncated), d = rows[:, -4:].T, self.table.shape[1] // 2 - 2
        both = {"terminated": terminated.astype(int), "truncated": truncated > 0.5}
        return {"r": r, "a": a.astype(np.int64), "s": rows[:, :d], "s2": rows[:, d : 2 * d], **both}


NEWEST = "The newest transition is never drawn: the upper bound of integers() is exclusive."


@key.reject(NEWEST, fails=[WORKED, OLDEST, UNIFORM, CHANGED, FLAGS, PARTIAL, SINGLE])
class newest_never_sampled(_Memory):
    def chosen(self, batch):
        return self.rng.integers(0, len(self.rows) - 1, batch)


@key.reject(NEWEST, fails=[WORKED, OLDEST, UNIFORM, CHANGED, FLAGS, PARTIAL])
class newest_never_sampled_but_alone(_Memory):
    def chosen(self, batch):
        return self.rng.integers(0, max(1, len(self.rows) - 1), batch)


@key.reject("You draw slots that are still empty: draw among the filled ones only.", fails=[PARTIAL])
class samples_empty_slots(_Memory):
    def __init__(self, capacity, obs_dim, rng):
        super().__init__(capacity, obs_dim, rng)
        self.empty = self.transition(np.zeros(obs_dim), 0, 0.0, np.zeros(obs_dim), False, False)

    def sample(self, batch):
        slots = [*self.rows, *[self.empty] * (self.capacity - len(self.rows))]
        columns = zip(*(slots[i] for i in self.rng.integers(0, self.capacity, batch)), strict=True)
        return dict(zip(KEYS, map(np.array, columns), strict=True))


@key.reject(
    "You keep the array itself: copy observations, an environment may go on to write into its array.", fails=[CHANGED]
)
class stores_reference(_Memory):
    def transition(self, s, a, r, s2, terminated, truncated):
        return (np.asarray(s), a, r, np.asarray(s2), terminated, truncated)

    def sample(self, batch):
        got = super().sample(batch)
        return {**got, "s": got["s"].astype(float), "s2": got["s2"].astype(float)}


PLACE = "When the memory is full, a new transition takes the place of the oldest one and of no other."


@key.reject(PLACE, fails=[WORKED, OLDEST])
class overwrites_the_newest(_Memory):
    def push(self, *step):
        self.rows = [*self.rows[: self.capacity - 1], self.transition(*step)]


@key.reject(PLACE, fails=[WORKED, OLDEST, SINGLE])
class nothing_new_when_full(_Memory):
    def push(self, *step):
        self.rows = [*self.rows, self.transition(*step)][: self.capacity]


@key.reject(PLACE, fails=[WORKED, OLDEST])
class emptied_when_full(_Memory):
    def push(self, *step):
        self.rows = [*(self.rows if len(self.rows) < self.capacity else []), self.transition(*step)]


APART = "You merge two flags into one: after a time limit there is a future, after the end of the task there is none."


@key.reject(APART, fails=[FLAGS])
class flags_merged(_Memory):
    def transition(self, s, a, r, s2, terminated, truncated):
        return super().transition(s, a, r, s2, terminated or truncated, terminated or truncated)


@key.reject(APART, fails=[FLAGS])
class flags_merged_into_terminated(_Memory):
    def transition(self, s, a, r, s2, terminated, truncated):
        return super().transition(s, a, r, s2, terminated or truncated, truncated)


@key.reject(
    "Each draw is made among all stored transitions: one may occur several times in a batch.",
    fails=[UNIFORM],
)
class without_replacement(_Memory):
    def chosen(self, batch):
        return self.rng.choice(len(self.rows), size=batch, replace=batch > len(self.rows))


@key.reject(
    "A batch may be larger than the memory: draw with replacement.",
    fails=[UNIFORM, PARTIAL, SINGLE],
)
class no_batch_larger_than_the_memory(_Memory):
    def chosen(self, batch):
        return self.rng.choice(len(self.rows), size=batch, replace=False)


@key.reject(
    "A sample mixes fields of different transitions: draw the rows once, and take them from every field.",
    fails=[WORKED, OLDEST, UNIFORM, CHANGED, FLAGS, PARTIAL],
)
class rows_drawn_for_each_field(_Memory):
    def sample(self, batch):
        columns = list(zip(*self.rows, strict=True))
        return {k: np.array([c[i] for i in self.chosen(batch)]) for k, c in zip(KEYS, columns, strict=True)}


@key.reject("You always return the latest transitions: a batch is drawn at random.", fails=[UNIFORM, GENERATOR])
class the_latest_in_order(_Memory):
    def chosen(self, batch):
        return np.arange(len(self.rows) - batch, len(self.rows)) % len(self.rows)


@key.reject("Draw with the generator that is passed in.", fails=[GENERATOR])
class a_generator_of_its_own(_Memory):
    def __init__(self, capacity, obs_dim, rng):
        super().__init__(capacity, obs_dim, np.random.default_rng(0))


@key.reject("Actions are indices: keep them as integers.", fails=[WORKED, SINGLE])
class actions_as_floats(_Memory):
    def transition(self, s, a, r, s2, terminated, truncated):
        return super().transition(s, float(a), r, s2, terminated, truncated)


DIGITS = "Keep the numbers in float64, whatever precision an observation comes in."


@key.reject(DIGITS, fails=[SINGLE])
class precision_of_the_observation(_Memory):
    def transition(self, s, a, r, s2, terminated, truncated):
        return (np.array(s), a, r, np.array(s2), terminated, truncated)


@key.reject(DIGITS, fails=[SINGLE])
class stored_in_single_precision(_Memory):
    def transition(self, s, a, r, s2, terminated, truncated):
        s, r, s2 = (np.float32(x).astype(float) for x in (s, r, s2))
        return (s, a, r, s2, terminated, truncated)


@key.reject("All your buffers share one memory: each needs its own.", fails=[PARTIAL])
class one_memory_for_all(_Memory):
    memory = []  # noqa: RUF012

    def __init__(self, capacity, obs_dim, rng):
        super().__init__(capacity, obs_dim, rng)
        self.memory.clear()
        self.rows = self.memory

    def push(self, *step):
        self.rows.append(self.transition(*step))
        del self.rows[: -self.capacity]


for mutant in ("np.zeros -> np.ones", *(f"np.zeros -> np.ones [{k}]" for k in range(2, 7))):
    key.equivalent(mutant, "What an empty slot holds is never drawn.")
key.equivalent("min(self.pushed, self.capacity) -> min(self.capacity, self.pushed)", "The smaller of two is the same.")
for mutant in ("", " [2]"):
    key.equivalent(f"np.zeros(capacity, dtype=bool) -> np.zeros(capacity){mutant}", "Flags may be 0 and 1 of any type.")
