"""Answer key: a random partition into train, dev and test (unit 1).

Random by nature, so only facts that hold for every order of calls to the generator are checked, and two
frequencies, by exact binomial tests: a right answer fails each of them with probability 1e-9.
"""

import numpy as np

from autograder.key import N0, Key, check
from autograder.key.answers import random_state
from autograder.stats import rate
from dlmath_ref import split_indices

key = Key("unit01_machine_learning/split_indices", reference=split_indices, bans=N0)


def parts(answer, n, fractions, rng):
    """The three parts, after checking that they are 1-D arrays of integers."""
    got = answer(n, fractions, rng)
    check(type(got) in (list, tuple) and len(got) == 3, "The result must be the tuple (train, dev, test).")
    for part in got:
        array = type(part) is np.ndarray and part.ndim == 1 and (part.dtype.kind in "iu" or part.size == 0)
        check(array, "Each part must be a one-dimensional numpy array of integers.")
    return got


def partition(got, n):
    """Is each index in exactly one part?"""
    union = np.sort(np.concatenate(got))
    check(len(np.unique(union)) == len(union), "An index occurs twice: the parts must not share samples.")
    check(len(union) >= n, "Some indices are in no part: what rounding leaves belongs to train.")
    check(np.array_equal(union, np.arange(n)), "The parts must hold the indices 0, ..., n - 1.")


def sizes(got, train, dev, test):
    """Have train, dev and test these sizes?"""
    expected = "Dev and test must have floor(f n + 1e-9) samples, train all others, in the order train, dev, test."
    check([len(part) for part in got] == [train, dev, test], expected)


@key.part("worked", weight=1)
def ten_samples_make_parts_of_eight_one_and_one(answer, rng):
    for _ in range(8):  # parts that overlap are a partition with probability 0.02
        got = parts(answer, 10, (0.7, 0.15, 0.15), rng)
        sizes(got, 8, 1, 1)
        partition(got, 10)


@key.part("core", weight=1)
def every_index_is_in_exactly_one_part(answer, rng):
    for n, fractions in [(10, (0.5, 0.2, 0.3)), (11, (0.7, 0.15, 0.15)), (997, (0.4, 0.3, 0.3))]:
        partition(parts(answer, n, fractions, rng), n)


@key.part("core", weight=1)
def dev_and_test_are_rounded_down(answer, rng):
    sizes(parts(answer, 10, (0.5, 0.2, 0.3), rng), 5, 2, 3)
    sizes(parts(answer, 19, (0.6, 0.3, 0.1), rng), 13, 5, 1)
    sizes(parts(answer, 997, (0.7, 0.1, 0.2), rng), 699, 99, 199)


@key.part("core", weight=1)
def every_sample_may_be_tested(answer, rng):
    n = 2000
    train, dev, test = parts(answer, n, (0.5, 0.25, 0.25), rng)
    partition((train, dev, test), n)
    place = np.empty(n, int)
    place[train], place[dev], place[test] = 0, 1, 2
    # Of two samples, one in train and one in test, either is in test with probability 1/2, independently of other
    # pairs. About 250 of 1000 pairs are of this kind, fewer than 120 with probability below 1e-18.
    for pairs, which in ((place.reshape(-1, 2), "odd"), (place.reshape(2, -1).T, "late")):
        divided = pairs[(np.sort(pairs, axis=1) == (0, 2)).all(1)]
        apart = "Samples that are neighbours in the data end in the same part: shuffle before you cut."
        check(len(divided) >= 120, apart)
        rate(int(np.sum(divided[:, 1] == 2)), len(divided), 0.5, what=f"An {which} index in the test part")


@key.part("core", weight=1)
def the_passed_generator_decides_the_parts(answer, rng):
    def drawn(generator):
        return [np.sort(part).tolist() for part in parts(answer, 60, (0.5, 0.25, 0.25), generator)]

    seed, before = int(rng.integers(2**32)), random_state(answer)
    mine = np.random.default_rng(seed)
    first, second = drawn(mine), drawn(mine)
    check(random_state(answer) == before, "You used numpy's global generator; use the argument rng.")
    check(drawn(np.random.default_rng(seed)) == first, "Two generators with the same seed must give the same parts.")
    check(first != second, "A second split by the same generator must be another one.")
    check(drawn(np.random.default_rng(seed + 1)) != first, "Generators with different seeds must give different parts.")


@key.part("edge", weight=0.5)
def fractions_that_a_computer_cannot_hold(answer, rng):
    # 0.29 * 100 and 0.57 * 100 are just below 29 and 57; 0.1 + 0.2 + 0.7 is just below 1.
    for n, fractions, expected in [
        (100, (0.14, 0.29, 0.57), (14, 29, 57)),
        (100, (0.13, 0.58, 0.29), (13, 58, 29)),
        (10, (0.1, 0.2, 0.7), (1, 2, 7)),
    ]:
        got = parts(answer, n, fractions, rng)
        sizes(got, *expected)
        partition(got, n)


@key.part("edge", weight=0.5)
def three_samples_and_empty_parts(answer, rng):
    for n, fractions, expected in [
        (3, (0.7, 0.15, 0.15), (3, 0, 0)),
        (3, (0.2, 0.4, 0.4), (1, 1, 1)),
        (4, (0.5, 0.0, 0.5), (2, 0, 2)),
        (4, (0.5, 0.5, 0.0), (2, 2, 0)),
        (5, (0.0, 0.4, 0.6), (0, 2, 3)),
    ] * 4:
        got = parts(answer, n, fractions, rng)
        sizes(got, *expected)
        partition(got, n)


@key.accept
def by_cutting_a_permutation(n, fractions, rng):
    n_dev, n_test = (int(np.floor(f * n + 1e-9)) for f in fractions[1:])
    n_train = n - n_dev - n_test
    order = rng.permutation(n)
    return order[:n_train], order[n_train : n_train + n_dev], order[n_train + n_dev :]


@key.accept
def by_shuffling_in_place(n, fractions, rng):
    order = np.arange(n, dtype=np.int32)
    rng.shuffle(order)
    n_dev, n_test = int(fractions[1] * n + 1e-9), int(fractions[2] * n + 1e-9)
    dev, test, train = np.split(order, [n_dev, n_dev + n_test])
    return [train, dev, test]


@key.accept
def by_argsort_of_uniforms(n, fractions, rng):
    order = np.argsort(rng.random(n))
    n_dev, n_test = int(fractions[1] * n + 1e-9), int(fractions[2] * n + 1e-9)
    return np.sort(order[n_dev + n_test :]), np.sort(order[:n_dev]), np.sort(order[n_dev : n_dev + n_test])


@key.accept
def by_choice_and_what_is_left(n, fractions, rng):
    n_dev, n_test = int(fractions[1] * n + 1e-9), int(fractions[2] * n + 1e-9)
    test = rng.choice(n, n_test, replace=False)
    left = np.setdiff1d(np.arange(n), test)
    dev = rng.choice(left, n_dev, replace=False)
    return np.setdiff1d(left, dev), dev, test


def _sizes(n, fractions):
    n_dev, n_test = (int(np.floor(f * n + 1e-9)) for f in fractions[1:])
    return n - n_dev - n_test, n_dev, n_test


def _cut(order, n_train, n_dev, n_test):
    return order[:n_train], order[n_train : n_train + n_dev], order[n_train + n_dev : n_train + n_dev + n_test]


TWICE = "Some samples occur twice: a split is drawn without replacement."
REPEATED = [
    "ten_samples_make_parts_of_eight_one_and_one",
    "every_index_is_in_exactly_one_part",
    "every_sample_may_be_tested",
    "fractions_that_a_computer_cannot_hold",
    "three_samples_and_empty_parts",
]


@key.reject(TWICE, fails=REPEATED)
def with_replacement(n, fractions, rng):
    return _cut(rng.integers(n, size=n), *_sizes(n, fractions))


@key.reject(
    "Train and test share samples: each sample may be in one part only.",
    fails=REPEATED,
)
def overlapping_parts(n, fractions, rng):
    n_train, n_dev, n_test = _sizes(n, fractions)
    return rng.permutation(n)[:n_train], rng.permutation(n)[:n_dev], rng.permutation(n)[:n_test]


@key.reject(
    "Your parts are consecutive: in sorted data whole classes would fall into one part. Shuffle first.",
    fails=["every_sample_may_be_tested", "the_passed_generator_decides_the_parts"],
)
def not_shuffled(n, fractions, rng):
    return _cut(np.arange(n), *_sizes(n, fractions))


@key.reject(
    "You seed and use numpy's global generator; use the argument rng.",
    fails=["the_passed_generator_decides_the_parts"],
)
def global_rng(n, fractions, rng):
    np.random.seed(0)
    return _cut(np.random.permutation(n), *_sizes(n, fractions))


RESEEDED = "You make or seed a generator inside the function: every split is the same."


@key.reject(RESEEDED, fails=["the_passed_generator_decides_the_parts"])
def same_split_every_time(n, fractions, rng):
    return _cut(np.random.default_rng(0).permutation(n), *_sizes(n, fractions))


@key.reject(RESEEDED, fails=["the_passed_generator_decides_the_parts"])
def same_split_with_another_seed(n, fractions, rng):
    return _cut(np.random.default_rng(42).permutation(n), *_sizes(n, fractions))


@key.reject(
    "You round all three sizes down, which loses samples: train gets what dev and test leave.",
    fails=[
        "ten_samples_make_parts_of_eight_one_and_one",
        "every_index_is_in_exactly_one_part",
        "dev_and_test_are_rounded_down",
        "three_samples_and_empty_parts",
    ],
)
def rows_lost(n, fractions, rng):
    return _cut(rng.permutation(n), *(int(f * n + 1e-9) for f in fractions))


@key.reject(
    "The samples that rounding leaves go to your test part; they belong to train.",
    fails=[
        "ten_samples_make_parts_of_eight_one_and_one",
        "dev_and_test_are_rounded_down",
        "three_samples_and_empty_parts",
    ],
)
def rest_to_test(n, fractions, rng):
    n_train, n_dev = (int(f * n + 1e-9) for f in fractions[:2])
    return _cut(rng.permutation(n), n_train, n_dev, n - n_train - n_dev)


@key.reject(
    "You round to the nearest size; dev and test are rounded down.",
    fails=["ten_samples_make_parts_of_eight_one_and_one", "dev_and_test_are_rounded_down"],
)
def rounded_to_nearest(n, fractions, rng):
    n_dev, n_test = round(fractions[1] * n + 1e-9), round(fractions[2] * n + 1e-9)
    return _cut(rng.permutation(n), n - n_dev - n_test, n_dev, n_test)


@key.reject(
    "In the computer 0.29 n may lie just below a whole number, and you lose a sample: mind the 1e-9 of the statement.",
    fails=["fractions_that_a_computer_cannot_hold"],
)
def bare_floor(n, fractions, rng):
    n_dev, n_test = int(fractions[1] * n), int(fractions[2] * n)
    return _cut(rng.permutation(n), n - n_dev - n_test, n_dev, n_test)


@key.reject(
    "With an empty part your negative slice takes everything: order[-0:] is the whole array.",
    fails=["three_samples_and_empty_parts"],
)
def negative_slices(n, fractions, rng):
    _, n_dev, n_test = _sizes(n, fractions)
    order = rng.permutation(n)
    rest, test = order[: n - n_test], order[-n_test:]
    return rest[: len(rest) - n_dev], rest[-n_dev:], test


@key.reject(
    "The parts come in the order train, dev, test; yours do not.",
    fails=[
        "dev_and_test_are_rounded_down",
        "fractions_that_a_computer_cannot_hold",
        "three_samples_and_empty_parts",
    ],
)
def dev_and_test_exchanged(n, fractions, rng):
    train, dev, test = _cut(rng.permutation(n), *_sizes(n, fractions))
    return train, test, dev


key.equivalent("1e-09 -> 2e-09", "No size comes that near to a whole number.")
