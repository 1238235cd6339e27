"""Answer key: all monomials up to a degree (unit 2).

The order of the columns is a convention, so only one check depends on it; the others compare the columns as a set.
"""

from itertools import combinations, combinations_with_replacement, product
from math import comb

import numpy as np

from autograder.key import N0, Key, check, close, standard
from autograder.key.answers import random_state
from dlmath_ref import polynomial_features

key = Key("unit02_logistic/polynomial_features", reference=polynomial_features, bans=N0)

CASES = [(5, 2, 2), (4, 3, 3), (3, 3, 2), (6, 1, 4), (4, 2, 4), (2, 4, 1)]  # samples, features, degree
FEATURES = "the matrix of features"
ROUND = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, -1.0], [3.0, 1.0, 0.0], [0.5, 2.0, 1.0]])  # zeros and ones
WITH_ONES = np.array([[1.0, 2.0, -2.0], [1.0, 1.0, -1.0], [1.0, 3.0, 1.0], [1.0, 0.5, 2.0]])  # a feature that is 1


def matrix(features):
    """The features themselves, if they are a matrix at all."""
    good = type(features) is np.ndarray and features.ndim == 2 and features.dtype.kind in "fi"
    check(good, "The features must be a NumPy array of numbers with two axes, not a list or anything else.")
    return features


def in_one_order(features):
    """The columns sorted by a projection that tells them apart, so that their order does not count."""
    features = matrix(features)
    return features[:, np.argsort(np.cos(np.arange(len(features))) @ features)]


class InOneOrder:
    """A function of features whose columns' order does not count."""

    def __init__(self, function):
        self.function = function

    def __call__(self, X, degree):
        return in_one_order(self.function(X, degree))

    def __random_state__(self):
        return random_state(self.function)


def columns_agree(got, X, degree, bias=True):
    """The right columns, in any order."""
    close(in_one_order(got), in_one_order(polynomial_features(X, degree, bias)), what="the set of columns")


@key.part("worked", weight=1)
def six_columns_for_two_features(answer, rng):
    X = np.array([[2.0, 3.0], [-1.0, 0.5]])
    expected = np.array([[9.0, 6, 4, 3, 2, 1], [0.25, -0.5, 1, 0.5, -1, 1]])
    close(in_one_order(answer(X, 2)), in_one_order(expected), what="the set of columns")


@key.part("core", weight=1)
def the_number_of_columns_is_right(answer, rng):
    for n, p, degree in CASES:
        got = matrix(answer(rng.normal(size=(n, p)), degree))
        right = got.shape == (n, comb(p + degree, degree))
        check(right, "The matrix of features must have one row per sample and one column per monomial.")


@key.part("core", weight=2)
def every_monomial_is_there_once(answer, rng):
    for n, p, degree in CASES:
        X = rng.normal(size=(n, p))
        columns_agree(answer(X.copy(), degree), X, degree)
    columns_agree(answer(ROUND.copy(), 3), ROUND, 3)


@key.part("core", weight=1)
def the_columns_come_in_the_stated_order(answer, rng):
    for n, p, degree in CASES:
        X = rng.normal(size=(n, p))
        close(answer(X.copy(), degree), polynomial_features(X, degree), what=FEATURES)


@key.part("core", weight=1)
def the_column_of_ones_can_be_left_out(answer, rng):
    for n, p, degree in CASES:
        X = rng.normal(size=(n, p))
        columns_agree(answer(X.copy(), degree, False), X, degree, False)
    columns_agree(answer(WITH_ONES.copy(), 2, False), WITH_ONES, 2, False)


@key.part("edge", weight=0.5)
def degree_zero_and_a_single_sample(answer, rng):
    for n, p, degree, bias in [(4, 2, 0, True), (4, 3, 0, False), (1, 1, 0, True), (1, 1, 3, False), (1, 2, 1, True)]:
        X = rng.normal(size=(n, p))
        columns_agree(answer(X.copy(), degree, bias), X, degree, bias)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(InOneOrder(answer), (rng.normal(size=(5, 2)), 3), InOneOrder(polynomial_features), what=FEATURES)


@key.accept
def by_combinations_with_replacement(X, degree, include_bias=True):
    columns = [np.ones((len(X), 1), X.dtype)[:, : int(include_bias)]]
    for d in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(X.shape[1]), d):
            columns.append(np.prod(X[:, chosen], axis=1)[:, None])
    return np.hstack(columns)


@key.accept
def by_recursion(X, degree, include_bias=True):
    n, p = X.shape

    def monomials(first, d):
        """Monomials of degree d in x_first, ..., x_p, lexicographically."""
        if d == 0:
            return [np.ones(n, X.dtype)]
        return [X[:, j] * m for j in range(first, p) for m in monomials(j, d - 1)]

    columns = [m for d in range(degree + 1) for m in monomials(0, d)]
    return np.array(columns if include_bias else columns[1:], X.dtype).reshape(-1, n).T


@key.accept
def by_a_table_of_exponents(X, degree, include_bias=True):
    p = X.shape[1]
    table = [k for k in product(range(degree + 1), repeat=p) if (0 if include_bias else 1) <= sum(k) <= degree]
    table.sort(key=lambda k: (sum(k), [-e for e in k]))
    out = np.ones((len(X), len(table)), order="F")
    for c, exponents in enumerate(table):
        for j, e in enumerate(exponents):
            out[:, c] *= X[:, j] ** e
    return out


@key.accept
def degree_by_degree(X, degree, include_bias=True):
    features = [[1.0] * bool(include_bias) for _ in X]
    for row, x in zip(features, X.tolist(), strict=True):
        level = [(0, 1.0)]
        for _ in range(degree):
            level = [(j, value * x[j]) for first, value in level for j in range(first, len(x))]
            row.extend(value for _, value in level)
    return np.array(features).reshape(len(X), -1)


def _columns(X, chosen):
    """One column for each tuple of feature numbers."""
    return np.array([np.prod(X[:, list(c)], axis=1) for c in chosen]).reshape(-1, len(X)).T


def _chosen(p, degree, include_bias):
    numbers = range(0 if include_bias else 1, degree + 1)
    return [c for d in numbers for c in combinations_with_replacement(range(p), d)]


@key.reject(
    "Your features lack the products of different columns.",
    fails=[
        "six_columns_for_two_features",
        "the_number_of_columns_is_right",
        "every_monomial_is_there_once",
        "the_columns_come_in_the_stated_order",
        "the_column_of_ones_can_be_left_out",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def no_interactions(X, degree, include_bias=True):
    return _columns(X, [c for c in _chosen(X.shape[1], degree, include_bias) if len(set(c)) < 2])


@key.reject(
    "Some of your monomials occur more than once: x1·x2 and x2·x1 are the same.",
    fails=[
        "six_columns_for_two_features",
        "the_number_of_columns_is_right",
        "every_monomial_is_there_once",
        "the_columns_come_in_the_stated_order",
        "the_column_of_ones_can_be_left_out",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def duplicate_cross_terms(X, degree, include_bias=True):
    numbers = range(0 if include_bias else 1, degree + 1)
    return _columns(X, [c for d in numbers for c in product(range(X.shape[1]), repeat=d)])


@key.reject(
    "You keep the column of ones although include_bias is False.",
    fails=["the_column_of_ones_can_be_left_out", "degree_zero_and_a_single_sample"],
)
def bias_always(X, degree, include_bias=True):
    return _columns(X, _chosen(X.shape[1], degree, True))


ONES = "With include_bias=False you drop whatever equals 1, but the features of X may be 1, too."


@key.reject(ONES, fails=["the_column_of_ones_can_be_left_out"])
def columns_that_are_one_dropped(X, degree, include_bias=True):
    features = _columns(X, _chosen(X.shape[1], degree, True))
    return features if include_bias else features[:, ~np.all(features == 1, axis=0)]


@key.reject(ONES, fails=["the_column_of_ones_can_be_left_out"])
def entries_that_are_one_dropped(X, degree, include_bias=True):
    features = _columns(X, _chosen(X.shape[1], degree, True))
    return features if include_bias else np.array([row[row != 1] for row in features])


@key.reject(
    "You leave the column of ones out although include_bias is True.",
    fails=[
        "six_columns_for_two_features",
        "the_number_of_columns_is_right",
        "every_monomial_is_there_once",
        "the_columns_come_in_the_stated_order",
        "degree_zero_and_a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def bias_never(X, degree, include_bias=True):
    return _columns(X, _chosen(X.shape[1], degree, False))


@key.reject(
    "Your features contain monomials of a degree above the one asked for.",
    fails=[
        "six_columns_for_two_features",
        "the_number_of_columns_is_right",
        "every_monomial_is_there_once",
        "the_columns_come_in_the_stated_order",
        "the_column_of_ones_can_be_left_out",
        "degree_zero_and_a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def degree_off_by_one(X, degree, include_bias=True):
    return _columns(X, _chosen(X.shape[1], degree + 1, include_bias))


@key.reject(
    "Your features lack the monomials of the highest degree.",
    fails=[
        "six_columns_for_two_features",
        "the_number_of_columns_is_right",
        "every_monomial_is_there_once",
        "the_columns_come_in_the_stated_order",
        "the_column_of_ones_can_be_left_out",
        "degree_zero_and_a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def highest_degree_missing(X, degree, include_bias=True):
    return _columns(X, _chosen(X.shape[1], degree - 1, include_bias))


@key.reject(
    "You keep only the monomials of the highest degree; the lower ones belong to them too.",
    fails=[
        "six_columns_for_two_features",
        "the_number_of_columns_is_right",
        "every_monomial_is_there_once",
        "the_columns_come_in_the_stated_order",
        "the_column_of_ones_can_be_left_out",
        "degree_zero_and_a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def highest_degree_only(X, degree, include_bias=True):
    bias = [()] if include_bias and degree else []
    return _columns(X, [*bias, *combinations_with_replacement(range(X.shape[1]), degree)])


@key.reject(
    "Your features lack squares and higher powers of one column.",
    fails=[
        "six_columns_for_two_features",
        "the_number_of_columns_is_right",
        "every_monomial_is_there_once",
        "the_columns_come_in_the_stated_order",
        "the_column_of_ones_can_be_left_out",
        "degree_zero_and_a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def interactions_only(X, degree, include_bias=True):
    numbers = range(0 if include_bias else 1, degree + 1)
    return _columns(X, [c for d in numbers for c in combinations(range(X.shape[1]), d)])


@key.reject(
    "You multiply by adding logarithms, and 0 has none: your features are nan there.",
    fails=["every_monomial_is_there_once"],
)
def by_logarithms(X, degree, include_bias=True):
    chosen = _chosen(X.shape[1], degree, include_bias)
    exponents = np.array([[c.count(j) for c in chosen] for j in range(X.shape[1])]).reshape(X.shape[1], -1)
    return np.exp(np.log(X.astype(complex)) @ exponents).real


CONVENTION = (
    "A convention, no error in your monomials: the columns go by increasing degree, then x1 before x2 within a degree."
)


@key.reject(CONVENTION, fails=["the_columns_come_in_the_stated_order"])
def order_reversed(X, degree, include_bias=True):
    chosen = _chosen(X.shape[1], degree, include_bias)
    return _columns(X, sorted(chosen, key=lambda c: (len(c), [-j for j in c])))


@key.reject(CONVENTION, fails=["the_columns_come_in_the_stated_order"])
def order_by_exponents(X, degree, include_bias=True):
    table = [k for k in product(range(degree + 1), repeat=X.shape[1]) if include_bias <= sum(k) + 1 <= degree + 1]
    table = [k for k in table if include_bias or sum(k) > 0]
    return np.array([np.prod(X ** np.array(k), axis=1) for k in table]).reshape(-1, len(X)).T


@key.reject(CONVENTION, fails=["the_columns_come_in_the_stated_order"])
def highest_degree_first(X, degree, include_bias=True):
    return _columns(X, _chosen(X.shape[1], degree, include_bias)[::-1])
