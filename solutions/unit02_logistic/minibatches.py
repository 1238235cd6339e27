"""Answer key: one epoch of index batches (unit 2).

Random by nature, so only facts that hold for every order of calls to the generator are checked, one frequency, by an
exact binomial test, and what differs between epochs: a right answer fails each of these with probability 1e-9 at most.
"""

import numpy as np

from autograder.key import N0, Key, check
from autograder.key.answers import random_state
from autograder.stats import rate
from dlmath_ref import minibatches

key = Key("unit02_logistic/minibatches", reference=minibatches, bans=N0)

CASES = [(20, 4), (23, 5), (10, 4), (7, 3)]  # samples, batch size


def sizes(batches):
    """Lengths of the batches, after checking that they are 1-D integer arrays in a list."""
    check(type(batches) in (list, tuple), "minibatches must return a list of index arrays.")
    for batch in batches:
        integers = type(batch) is np.ndarray and batch.ndim == 1 and batch.dtype.kind in "iu"
        check(integers, "Each batch must be a one-dimensional numpy array of integers.")
    return [len(batch) for batch in batches]


def epoch(answer, n, size, rng, *drop_last):
    """The indices of one epoch, in order."""
    batches = answer(n, size, rng, *drop_last)
    return np.concatenate([np.empty(0, int), *batches]) if sizes(batches) else np.empty(0, int)


def every_index_once(indices, n):
    check(np.array_equal(np.sort(indices), np.arange(n)), "An epoch must hold each index exactly once.")


@key.part("worked", weight=1)
def five_samples_in_batches_of_two(answer, rng):
    for _ in range(20):
        batches = answer(5, 2, rng)
        check(sizes(batches) == [2, 2, 1], "5 samples in batches of 2: the batches must have 2, 2 and 1 samples.")
        every_index_once(np.concatenate(batches), 5)


@key.part("core", weight=1)
def each_sample_is_visited_once(answer, rng):
    for n, size in CASES:
        every_index_once(epoch(answer, n, size, rng), n)


@key.part("core", weight=1)
def batches_are_full_but_for_the_last(answer, rng):
    for n, size in CASES:
        full, rest = divmod(n, size)
        expected = [size] * full + [rest] * (rest > 0)
        check(sizes(answer(n, size, rng)) == expected, "Every batch but the last must hold batch_size indices.")


@key.part("core", weight=1)
def a_short_batch_is_dropped_when_asked(answer, rng):
    for n, size in CASES:
        batches = answer(n, size, rng, True)
        check(sizes(batches) == [size] * (n // size), "With drop_last=True all batches must be full.")
        indices = np.concatenate(batches)
        inside = len(np.unique(indices)) == indices.size and 0 <= indices.min() <= indices.max() < n
        check(inside, "With drop_last=True no index may occur twice.")


@key.part("core", weight=1)
def every_sample_may_come_first(answer, rng):
    order = epoch(answer, 400, 4, rng)
    check(order.size == 400, "An epoch must hold each index exactly once.")
    neighbours = float(np.mean(np.abs(np.diff(order)) == 1))
    check(neighbours < 0.5, "Samples that are neighbours in the data stay neighbours: shuffle single samples.")
    # The places (0, 1), (2, 3), ... of a random permutation are 200 independent fair coins.
    rate(int(np.sum(order[0::2] < order[1::2])), 200, 0.5, what="a smaller index before a larger one")
    epochs = [epoch(answer, 41, 4, rng) for _ in range(21)]
    for end, word in ((0, "begins"), (-1, "ends")):
        seen = {int(order[end]) for order in epochs}
        check(len(seen) > 1, f"Every epoch {word} with the same index: the order must be random.")
    stays = any(np.any(order == np.arange(order.size)) for order in epochs)  # never with probability e**-21 = 8e-10
    check(stays, "No sample is ever at its own place, in 21 epochs: every order must be possible.")
    short = [epoch(answer, 41, 4, rng, True) for _ in range(8)]  # 40 samples each; all the same: 41**-7 = 5e-12
    others = len({int(order.sum()) for order in short}) > 1 or short[0].size == 41
    check(others, "With drop_last=True the same sample is left out of every epoch.")


@key.part("core", weight=1)
def the_passed_generator_decides_the_order(answer, rng):
    seed, before = int(rng.integers(2**32)), random_state(answer)
    mine = np.random.default_rng(seed)
    first, second = epoch(answer, 60, 7, mine), epoch(answer, 60, 7, mine)
    check(random_state(answer) == before, "Use the generator that is passed in, not numpy's global one.")
    same = np.array_equal(epoch(answer, 60, 7, np.random.default_rng(seed)), first)
    check(same, "Two generators with the same seed must give the same epoch.")
    check(not np.array_equal(first, second), "A second epoch from the same generator must have another order.")
    other = epoch(answer, 60, 7, np.random.default_rng(seed + 1))
    check(not np.array_equal(other, first), "Generators with different seeds must give different epochs.")


@key.part("edge", weight=1)
def batches_as_large_as_the_data_or_larger(answer, rng):
    for n, size in [(6, 6), (6, 9), (1, 4)]:
        batches = answer(n, size, rng)
        check(sizes(batches) == [n], "One batch must hold all samples when batch_size is n or more.")
        every_index_once(batches[0], n)
    check(sizes(answer(6, 6, rng, True)) == [6], "A full batch must not be dropped.")
    check(sizes(answer(6, 9, rng, True)) == [], "With drop_last=True a batch that is not full must be dropped.")


@key.accept
def by_slices_of_a_permutation(n, batch_size, rng, drop_last=False):
    order = rng.permutation(n)
    batches = [order[i : i + batch_size] for i in range(0, n, batch_size)]
    return [b for b in batches if len(b) == batch_size or not drop_last]


@key.accept
def by_array_split(n, batch_size, rng, drop_last=False):
    batches = np.array_split(rng.permutation(n), np.arange(batch_size, n, batch_size))
    if drop_last and len(batches[-1]) < batch_size:
        batches.pop()
    return batches


@key.accept
def by_argsort_of_uniforms(n, batch_size, rng, drop_last=False):
    order = np.argsort(rng.random(n)).astype(np.int32)
    stop = n // batch_size * batch_size if drop_last else n
    return tuple(order[i : min(i + batch_size, stop)] for i in range(0, stop, batch_size))


@key.accept
def by_shuffling_a_list(n, batch_size, rng, drop_last=False):
    indices, batches = list(range(n)), []
    rng.shuffle(indices)
    while indices:
        batch, indices = indices[:batch_size], indices[batch_size:]
        if len(batch) == batch_size or not drop_last:
            batches.append(np.array(batch))
    return batches


@key.accept
def by_choice_without_replacement(n, batch_size, rng, drop_last=False):
    order = rng.choice(n, size=n, replace=False)
    full = n // batch_size
    batches = [order[k * batch_size : (k + 1) * batch_size] for k in range(full)]
    return batches if drop_last or n % batch_size == 0 else [*batches, order[full * batch_size :]]


@key.reject(
    "You lose the last, shorter batch although drop_last is False.",
    fails=[
        "five_samples_in_batches_of_two",
        "each_sample_is_visited_once",
        "batches_are_full_but_for_the_last",
        "batches_as_large_as_the_data_or_larger",
    ],
)
def last_batch_lost(n, batch_size, rng, drop_last=False):
    order = rng.permutation(n)
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(n // batch_size)]


@key.reject(
    "You draw with replacement: an epoch visits each sample exactly once.",
    fails=[
        "five_samples_in_batches_of_two",
        "each_sample_is_visited_once",
        "a_short_batch_is_dropped_when_asked",
        "batches_as_large_as_the_data_or_larger",
    ],
)
def sampling_with_replacement(n, batch_size, rng, drop_last=False):
    order = rng.integers(n, size=n)
    stop = n - n % batch_size if drop_last else n
    return [order[i : i + batch_size] for i in range(0, stop, batch_size)]


@key.reject(
    "Your epoch is not shuffled: the order must be random.",
    fails=["every_sample_may_come_first", "the_passed_generator_decides_the_order"],
)
def not_shuffled(n, batch_size, rng, drop_last=False):
    order = np.arange(n)
    stop = n - n % batch_size if drop_last else n
    return [order[i : i + batch_size] for i in range(0, stop, batch_size)]


RESEEDED = "You make or seed a generator inside the function, so that every epoch has the same order."


@key.reject(RESEEDED, fails=["every_sample_may_come_first", "the_passed_generator_decides_the_order"])
def same_order_every_epoch(n, batch_size, rng, drop_last=False):
    order = np.random.default_rng(0).permutation(n)
    stop = n - n % batch_size if drop_last else n
    return [order[i : i + batch_size] for i in range(0, stop, batch_size)]


@key.reject(RESEEDED, fails=["every_sample_may_come_first", "the_passed_generator_decides_the_order"])
def same_order_with_another_seed(n, batch_size, rng, drop_last=False):
    order = np.random.default_rng(42).permutation(n)
    stop = n - n % batch_size if drop_last else n
    return [order[i : i + batch_size] for i in range(0, stop, batch_size)]


@key.reject(
    "You seed and use numpy's global generator; use the one that is passed in.",
    fails=["every_sample_may_come_first", "the_passed_generator_decides_the_order"],
)
def global_rng(n, batch_size, rng, drop_last=False):
    np.random.seed(0)
    order = np.random.permutation(n)
    stop = n - n % batch_size if drop_last else n
    return [order[i : i + batch_size] for i in range(0, stop, batch_size)]


@key.reject(
    "You shuffle the batches, not the samples: neighbours in the data always share a batch.",
    fails=["every_sample_may_come_first"],
)
def only_batches_shuffled(n, batch_size, rng, drop_last=False):
    stop = n - n % batch_size if drop_last else n
    starts = np.arange(0, stop, batch_size)
    full = [np.arange(s, s + batch_size) for s in starts if s + batch_size <= n]
    rng.shuffle(full)
    return full + [np.arange(s, n) for s in starts if s + batch_size > n]


def _blocks(order, batch_size, drop_last):
    stop = len(order) - len(order) % batch_size if drop_last else len(order)
    return [order[i : i + batch_size] for i in range(0, stop, batch_size)]


@key.reject(
    "You shuffle only the samples of the full batches: the short batch always holds the last samples of the data.",
    fails=["every_sample_may_come_first"],
)
def short_batch_not_shuffled(n, batch_size, rng, drop_last=False):
    full = n - n % batch_size
    return _blocks(np.append(rng.permutation(full), np.arange(full, n)), batch_size, drop_last)


@key.reject("Your shuffle never moves the last sample of the data.", fails=["every_sample_may_come_first"])
def last_sample_stays(n, batch_size, rng, drop_last=False):
    return _blocks(np.append(rng.permutation(n - 1), n - 1), batch_size, drop_last)


@key.reject(
    "Your swaps never leave a sample at its own place, so that many orders cannot occur.",
    fails=["every_sample_may_come_first"],
)
def no_sample_stays(n, batch_size, rng, drop_last=False):
    order = np.arange(n)
    for i in range(n - 1, 0, -1):
        j = rng.integers(i)
        order[i], order[j] = order[j], order[i]
    return _blocks(order, batch_size, drop_last)


@key.reject(
    "With drop_last=True you leave samples out before you shuffle: the last ones of the data are never visited.",
    fails=["every_sample_may_come_first"],
)
def dropped_before_the_shuffle(n, batch_size, rng, drop_last=False):
    return _blocks(rng.permutation(n - n % batch_size if drop_last else n), batch_size, False)


@key.reject(
    "Your batches are evened out: all but the last must hold exactly batch_size samples.",
    fails=["batches_are_full_but_for_the_last", "a_short_batch_is_dropped_when_asked"],
)
def balanced_batches(n, batch_size, rng, drop_last=False):
    batches = np.array_split(rng.permutation(n), max(1, -(-n // batch_size)))
    return [b for b in batches if len(b) == batch_size or not drop_last]


@key.reject(
    "Your function ignores drop_last.",
    fails=["a_short_batch_is_dropped_when_asked", "batches_as_large_as_the_data_or_larger"],
)
def drop_last_ignored(n, batch_size, rng, drop_last=False):
    order = rng.permutation(n)
    return [order[i : i + batch_size] for i in range(0, n, batch_size)]


@key.reject(
    "With drop_last=True your last batch is dropped even when it is full.",
    fails=["a_short_batch_is_dropped_when_asked", "batches_as_large_as_the_data_or_larger"],
)
def full_batch_dropped(n, batch_size, rng, drop_last=False):
    order = rng.permutation(n)
    batches = [order[i : i + batch_size] for i in range(0, n, batch_size)]
    return batches[:-1] if drop_last else batches
