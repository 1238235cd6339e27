"""Answer key: numerical columns standardised, a nominal column as unit vectors (unit 1).

The order of the categories' columns is a convention, so only one part depends on it; the others compare them as a set.
"""

import numpy as np

from autograder.key import N0, Key, check, close, exact, standard
from autograder.key.answers import random_state
from dlmath_ref import encode_tabular

key = Key("unit01_machine_learning/tabular_encode", reference=encode_tabular, bans=N0)

SCALES = np.array([1.0, 5.0, 0.001])  # of the numerical columns
NAMES = ["river", "Old town", "hill", "airport", "hill 10", "hill 9"]
NUMBERS = [12, -3, 0, 7, 101]


def table(rng, m, k, categories):
    """Rows to learn from, in which each category occurs, and rows to encode, which lie elsewhere and lack the last."""
    few = list(rng.permutation(np.array(categories)))
    fit = np.array([*few, *rng.choice(np.array(categories), size=m - len(few))])
    new = rng.choice(np.array(few[:-1]), size=k)
    Xnum_fit = SCALES * (rng.normal(size=(m, 3)) - 4)
    return Xnum_fit, fit, SCALES * (3 * rng.normal(size=(k, 3)) + 10), new


def split(encoded, k, p):
    """The p numerical columns and those of the categories."""
    good = type(encoded) is np.ndarray and encoded.ndim == 2 and encoded.dtype.kind == "f" and len(encoded) == k
    check(good, "The result must be an array of floats with one row for each row to encode.")
    check(encoded.shape[1] >= p, "The numerical columns are not all there.")
    return encoded[:, :p], encoded[:, p:]


def in_one_order(columns):
    """The columns sorted by a projection that tells them apart, so that their order does not count."""
    return columns[:, np.argsort(np.cos(np.arange(len(columns))) @ columns)]


def categories_agree(got, args):
    """The right columns of categories, in any order."""
    mine, expected = (split(e, len(args[3]), args[2].shape[1])[1] for e in (got, encode_tabular(*args)))
    check(mine.shape == expected.shape, "There must be one column for each category of the fit rows.")
    close(in_one_order(mine), in_one_order(expected), what="the set of the categories' columns")


def numbers_agree(got, args):
    """The right numerical columns."""
    p = args[2].shape[1]
    mine, expected = (split(e, len(args[3]), p)[0] for e in (got, encode_tabular(*args)))
    close(mine, expected, what="the numerical columns")


class InOneOrder:
    """An encoding whose categories' order does not count."""

    def __init__(self, function):
        self.function = function

    def __call__(self, *args):
        numbers, categories = split(self.function(*args), len(args[3]), args[2].shape[1])
        return numbers, in_one_order(categories)

    def __random_state__(self):
        return random_state(self.function)


@key.part("worked", weight=1)
def flats_at_the_harbour_and_at_an_unknown_place(answer, rng):
    fit = (np.array([[40.0], [40.0], [60.0], [60.0]]), np.array(["north", "harbour", "north", "centre"]))
    got = answer(*fit, np.array([[70.0], [50.0]]), np.array(["harbour", "airport"]))
    numbers, categories = split(got, 2, 1)
    close(numbers, np.array([[2.0], [0.0]]), what="the numerical columns")
    close(in_one_order(categories), np.array([[0.0, 0, 1], [0, 0, 0]]), what="the set of the categories' columns")


@key.part("core", weight=2)
def numbers_are_standardised_as_the_fit_rows_say(answer, rng):
    for m, k in [(8, 5), (9, 1), (7, 7)]:
        args = table(rng, m, k, NAMES)
        numbers_agree(answer(*args), args)


@key.part("core", weight=2)
def each_category_is_a_unit_vector(answer, rng):
    for m, k, categories in [(9, 12, NAMES), (7, 7, NAMES[:3]), (6, 1, NAMES[1:3])]:
        args = table(rng, m, k, categories)
        categories_agree(answer(*args), args)


@key.part("core", weight=1)
def the_columns_of_the_categories_are_sorted(answer, rng):
    fit, new = np.array([9, -1, 9, 10, 2, 2, -1, 9]), np.array([2, 10, -1, 9, 9])
    _, categories = split(answer(rng.normal(size=(8, 2)), fit, rng.normal(size=(5, 2)), new), 5, 2)
    exact(categories.shape, (5, 4), what="the shape of the categories' columns")
    close(categories, np.eye(4)[[1, 3, 0, 2, 2]], what="the categories' columns")


@key.part("edge", weight=0.5)
def a_constant_feature_keeps_its_differences(answer, rng):
    args = table(rng, 6, 4, NAMES[:3])
    for value, columns in [(2.0, [1]), (-0.5, [0, 2]), (0.0, [0, 1, 2])]:
        args[0][:, columns] = value
        args[2][:, columns] = value + rng.uniform(1, 2, size=(4, len(columns)))
        numbers_agree(answer(*args), args)
    numbers_agree(answer(*args[:2], *args[:2]), (*args[:2], *args[:2]))
    args = table(rng, 6, 4, NAMES[:3])
    args[0][:, :2] *= 2.0**-30  # nearly constant is not constant
    args[2][:, :2] *= 2.0**-30
    numbers_agree(answer(*args), args)


@key.part("edge", weight=0.5)
def an_unseen_category_gives_zeros(answer, rng):
    Xnum_fit, fit, Xnum, new = table(rng, 9, 6, NAMES[1:5])
    for places, value in [([1, 4], "a new place"), ([0], "zoo"), ([2, 3], "Old"), ([1, 5], "Old town hall")]:
        new = new.astype("U20")
        new[places] = value
        categories_agree(answer(Xnum_fit, fit, Xnum, new), (Xnum_fit, fit, Xnum, new))


@key.part("edge", weight=0.5)
def categories_may_be_any_integers(answer, rng):
    args = table(rng, 8, 10, NUMBERS)
    args[3][[2, 6, 9]] = [8, 500, -50]  # unseen
    categories_agree(answer(*args), args)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(InOneOrder(answer), table(rng, 9, 6, NAMES), InOneOrder(encode_tabular), what=("numbers", "categories"))


@key.accept
def row_by_row(Xnum_fit, xcat_fit, Xnum, xcat):
    m, p = Xnum_fit.shape
    mean = [sum(Xnum_fit[:, j].tolist()) / m for j in range(p)]
    spread = [(sum((x - mean[j]) ** 2 for x in Xnum_fit[:, j].tolist()) / m) ** 0.5 or 1.0 for j in range(p)]
    places = {c: i for i, c in enumerate(sorted(set(xcat_fit.tolist())))}
    rows = []
    for x, c in zip(Xnum.tolist(), xcat.tolist(), strict=True):
        unit = [0.0] * len(places)
        if c in places:
            unit[places[c]] = 1.0
        rows.append([(x[j] - mean[j]) / spread[j] for j in range(p)] + unit)
    return np.array(rows)


@key.accept
def by_unique_and_inverse(Xnum_fit, xcat_fit, Xnum, xcat):
    sd = np.std(Xnum_fit, axis=0)
    sd[sd == 0] = 1
    categories = np.unique(xcat_fit)
    values, inverse = np.unique(xcat, return_inverse=True)
    known = np.zeros((len(values), len(categories)))
    for i, v in enumerate(values):
        known[i, categories == v] = 1
    return np.concatenate(((Xnum - np.mean(Xnum_fit, axis=0)) / sd, known[inverse]), axis=1)


@key.accept
def by_moments(Xnum_fit, xcat_fit, Xnum, xcat):
    mean = np.mean(Xnum_fit, axis=0, dtype=float)
    variance = np.mean(Xnum_fit**2, axis=0, dtype=float) - mean**2
    out = (Xnum - mean) / np.where(variance <= 0, 1, np.sqrt(np.abs(variance)))
    return np.column_stack([out, *((xcat == c).astype(float) for c in np.unique(xcat_fit))])


@key.accept
def by_filling(Xnum_fit, xcat_fit, Xnum, xcat):
    categories = sorted(set(xcat_fit.tolist()))
    k, p = Xnum.shape
    out = np.zeros((k, p + len(categories)), np.float32 if Xnum.dtype == np.float32 else np.float64, order="F")
    out[:, :p] = Xnum - Xnum_fit.mean(0)
    spread = np.linalg.norm(Xnum_fit - Xnum_fit.mean(0), axis=0) / np.sqrt(len(Xnum_fit))
    out[:, :p] /= spread + (spread == 0)
    for i in range(k):
        for c, category in enumerate(categories):
            out[i, p + c] = xcat[i] == category
    return out


def _numbers(Xnum_fit, Xnum):
    spread = Xnum_fit.std(0)
    return (Xnum - Xnum_fit.mean(0)) / np.where(spread == 0, 1, spread)


def _units(xcat_fit, xcat):
    return (xcat[:, None] == np.unique(xcat_fit)).astype(float)


WORKED, LAYOUT = "flats_at_the_harbour_and_at_an_unknown_place", "inputs_stay_unchanged_in_any_dtype_and_layout"
NUMERICAL = [WORKED, "numbers_are_standardised_as_the_fit_rows_say", LAYOUT]
CONSTANT = "a_constant_feature_keeps_its_differences"
NOMINAL = [
    WORKED, "each_category_is_a_unit_vector", "an_unseen_category_gives_zeros", "categories_may_be_any_integers",
    LAYOUT,
]  # fmt: skip
SORTED = "the_columns_of_the_categories_are_sorted"


@key.reject(
    "You standardise with the mean and spread of the rows being encoded; those of the fit rows must be used.",
    fails=[*NUMERICAL, CONSTANT],
)
def statistics_of_the_rows_to_encode(Xnum_fit, xcat_fit, Xnum, xcat):
    return np.hstack([_numbers(Xnum, Xnum), _units(xcat_fit, xcat)])


@key.reject("You divide by the spread with m - 1; the course uses 1/m here.", fails=[*NUMERICAL, CONSTANT])
def spread_with_m_minus_1(Xnum_fit, xcat_fit, Xnum, xcat):
    spread = Xnum_fit.std(0, ddof=1)
    numbers = (Xnum - Xnum_fit.mean(0)) / np.where(spread == 0, 1, spread)
    return np.hstack([numbers, _units(xcat_fit, xcat)])


@key.reject("You divide by the variance; divide by its square root.", fails=[*NUMERICAL, CONSTANT])
def divided_by_the_variance(Xnum_fit, xcat_fit, Xnum, xcat):
    variance = Xnum_fit.var(0)
    numbers = (Xnum - Xnum_fit.mean(0)) / np.where(variance == 0, 1, variance)
    return np.hstack([numbers, _units(xcat_fit, xcat)])


@key.reject(
    "A constant feature has σ = 0, and you divide by it; with σ replaced by 1 the column becomes x - μ.",
    fails=[CONSTANT],
)
def divided_by_zero(Xnum_fit, xcat_fit, Xnum, xcat):
    with np.errstate(all="ignore"):
        numbers = (Xnum - Xnum_fit.mean(0)) / Xnum_fit.std(0)
    return np.hstack([numbers, _units(xcat_fit, xcat)])


@key.reject(
    "A feature that is constant in the fit rows becomes 0 in your code; with σ replaced by 1 it is x - μ.",
    fails=[CONSTANT],
)
def constant_becomes_zero(Xnum_fit, xcat_fit, Xnum, xcat):
    spread = Xnum_fit.std(0)
    numbers = (Xnum - Xnum_fit.mean(0)) / np.where(spread == 0, np.inf, spread)
    return np.hstack([numbers, _units(xcat_fit, xcat)])


@key.reject(
    "You add a small number to every σ; only a σ of exactly 0 is replaced, by 1.",
    fails=["numbers_are_standardised_as_the_fit_rows_say", LAYOUT, CONSTANT],
)
def epsilon_added(Xnum_fit, xcat_fit, Xnum, xcat):
    numbers = (Xnum - Xnum_fit.mean(0)) / (Xnum_fit.std(0) + 1e-8)
    return np.hstack([numbers, _units(xcat_fit, xcat)])


@key.reject("You take a σ that is merely small for 0; only a σ of exactly 0 is replaced.", fails=[CONSTANT])
def small_spread_taken_for_zero(Xnum_fit, xcat_fit, Xnum, xcat):
    spread = Xnum_fit.std(0)
    numbers = (Xnum - Xnum_fit.mean(0)) / np.where(np.isclose(spread, 0), 1, spread)
    return np.hstack([numbers, _units(xcat_fit, xcat)])


@key.reject(
    "Your one-hot columns come from the rows being encoded, so their meaning changes from call to call.",
    fails=[*NOMINAL],
)
def categories_of_the_rows_to_encode(Xnum_fit, xcat_fit, Xnum, xcat):
    return np.hstack([_numbers(Xnum_fit, Xnum), _units(xcat, xcat)])


@key.reject(
    "Your categories have become the numbers 0, 1, 2, ...: that invents an order and distances between them.",
    fails=[*NOMINAL, SORTED],
)
def numbered_categories(Xnum_fit, xcat_fit, Xnum, xcat):
    codes = np.searchsorted(np.unique(xcat_fit), xcat).astype(float)
    return np.hstack([_numbers(Xnum_fit, Xnum), codes[:, None]])


@key.reject(
    "One of the categories has no column of its own; here each category of the fit rows has one.",
    fails=[*NOMINAL, SORTED],
)
def first_category_dropped(Xnum_fit, xcat_fit, Xnum, xcat):
    return np.hstack([_numbers(Xnum_fit, Xnum), _units(xcat_fit, xcat)[:, 1:]])


@key.reject(
    "A category that the fit rows lack is taken for one of theirs; it must become zeros.",
    fails=[WORKED, "an_unseen_category_gives_zeros", "categories_may_be_any_integers"],
)
def unseen_taken_for_a_neighbour(Xnum_fit, xcat_fit, Xnum, xcat):
    categories = np.unique(xcat_fit)
    place = np.minimum(np.searchsorted(categories, xcat), len(categories) - 1)
    return np.hstack([_numbers(Xnum_fit, Xnum), np.eye(len(categories))[place]])


@key.reject(
    "You give new names the length of the known ones: cut off, an unseen category may look like a known one.",
    fails=["an_unseen_category_gives_zeros"],
)
def unseen_cut_to_a_known_length(Xnum_fit, xcat_fit, Xnum, xcat):
    return np.hstack([_numbers(Xnum_fit, Xnum), _units(xcat_fit, xcat.astype(xcat_fit.dtype))])


@key.reject(
    "A convention, no error: the columns of the categories come in sorted order, not in order of appearance.",
    fails=[SORTED],
)
def in_order_of_appearance(Xnum_fit, xcat_fit, Xnum, xcat):
    categories = list(dict.fromkeys(xcat_fit.tolist()))
    units = np.array([[float(c == category) for category in categories] for c in xcat.tolist()])
    return np.hstack([_numbers(Xnum_fit, Xnum), units])


key.equivalent(
    "(xcat[:, None] == categories).astype(float) -> xcat[:, None] == categories",
    "Beside columns of floats hstack makes floats of truth values.",
)
