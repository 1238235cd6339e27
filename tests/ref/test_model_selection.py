"""Train, dev and test parts, folds, cross-validation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dlmath_ref import RangeError, ShapeError, Standardizer, kfold_cv, kfold_indices, split_indices

seeds = st.integers(0, 2**32)
shares = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9))


def same(X):
    return lambda X_any: X_any


@given(st.integers(0, 300), shares, seeds)
def test_parts_partition_the_samples(n, weights, seed):
    """Every sample once; dev and test hold the floor of their exact, rational share."""
    total = sum(weights)
    parts = split_indices(n, tuple(w / total for w in weights), np.random.default_rng(seed))
    assert sorted(np.concatenate(parts)) == list(range(n))
    assert [len(part) for part in parts[1:]] == [w * n // total for w in weights[1:]]


def test_sizes_by_hand():
    """0.29 * 100 is just below 29 in floats, yet 29 samples go to dev; of 3 samples small shares get none."""
    rng = np.random.default_rng(0)
    assert [len(part) for part in split_indices(100, (0.42, 0.29, 0.29), rng)] == [42, 29, 29]
    assert [len(part) for part in split_indices(3, (0.7, 0.15, 0.15), rng)] == [3, 0, 0]
    assert {part.dtype for part in split_indices(3, (0.7, 0.15, 0.15), rng)} == {np.dtype(np.int64)}


def test_each_sample_is_tested_equally_often():
    """Of 8 samples, 2 for testing, over 2,000 splits each is tested 500 times within 7 standard deviations (136)."""
    rng = np.random.default_rng(1)
    tested = np.bincount(np.concatenate([split_indices(8, (0.5, 0.25, 0.25), rng)[2] for _ in range(2000)]))
    assert np.abs(tested - 500).max() < 7 * np.sqrt(2000 * 0.25 * 0.75)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))), seeds)
def test_folds_partition_the_samples_evenly(sizes, seed):
    """Every sample in one fold, the sizes at most 1 apart."""
    n, k = sizes
    folds = kfold_indices(n, k, np.random.default_rng(seed))
    lengths = [len(fold) for fold in folds]
    assert sorted(np.concatenate(folds)) == list(range(n))
    assert len(folds) == k and max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(
    "draw", [lambda rng: split_indices(40, (0.5, 0.25, 0.25), rng), lambda rng: kfold_indices(40, 3, rng)]
)
def test_the_generator_decides(draw):
    """Equal seeds give equal parts; the next draw of a generator is another."""
    rng = np.random.default_rng(4)
    first, second = draw(rng), draw(rng)
    assert all(map(np.array_equal, first, draw(np.random.default_rng(4))))
    assert not all(map(np.array_equal, first, second))


def test_leave_one_out_by_hand():
    """The mean of the others misses y_i by n / (n - 1) times its distance from the mean of all."""
    y = np.array([0.0, 1.0, 5.0, 6.0])
    mean, square = lambda X, y: y.mean(), lambda m, X, y: (y[0] - m) ** 2
    got = kfold_cv(np.zeros((4, 1)), y, 4, same, mean, square, np.random.default_rng(0))
    np.testing.assert_allclose(np.sort(got), np.sort((4 / 3 * (y - 3)) ** 2), rtol=1e-12)


def test_leave_one_out_of_least_squares_has_a_closed_form():
    """With the hat matrix H, the error without sample i is e_i / (1 - H_ii)."""
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(12, 3)), rng.normal(size=12)
    H = X @ np.linalg.pinv(X)
    fit, loss = lambda X, y: np.linalg.lstsq(X, y)[0], lambda b, X, y: np.mean((y - X @ b) ** 2)
    got = kfold_cv(X, y, 12, same, fit, loss, rng)
    np.testing.assert_allclose(np.sort(got), np.sort(((y - H @ y) / (1 - np.diag(H))) ** 2), rtol=1e-9)


def test_losses_match_a_scikit_learn_pipeline():
    """StandardScaler and LinearRegression, fitted on the complement of each of the same folds of the diabetes data."""
    X, y = load_diabetes(return_X_y=True)
    fit, loss = lambda X, y: LinearRegression().fit(X, y), lambda m, X, y: np.mean((y - m.predict(X)) ** 2)
    got = kfold_cv(X, y, 5, lambda X: Standardizer.fit(X).transform, fit, loss, np.random.default_rng(6))
    expected = []
    for fold in kfold_indices(len(X), 5, np.random.default_rng(6)):
        model = make_pipeline(StandardScaler(), LinearRegression()).fit(np.delete(X, fold, 0), np.delete(y, fold))
        expected.append(np.mean((y[fold] - model.predict(X[fold])) ** 2))
    np.testing.assert_allclose(got, expected, rtol=1e-10)


@given(st.integers(2, 20).flatmap(lambda n: st.tuples(st.just(n), st.integers(2, n))), seeds)
def test_nothing_leaks(sizes, seed):
    """What prepares and fits never meets a row of its fold, and both meet all the others."""
    n, k = sizes
    log = {"prep": [], "fit": [], "loss": []}

    def prep(X):
        log["prep"].append(set(X[:, 0]))
        return lambda X_any: -X_any  # so that rows that were not transformed show

    def fit(X, y):
        log["fit"].append(set(-X[:, 0]))
        assert np.array_equal(-X[:, 0], y)
        return len(log["fit"])

    def loss(model, X, y):
        log["loss"].append(set(-X[:, 0]))
        assert model == len(log["fit"]) and np.array_equal(-X[:, 0], y)
        return float(model)

    ids = np.arange(1.0, n + 1)
    got = kfold_cv(ids[:, None], ids, k, prep, fit, loss, np.random.default_rng(seed))
    assert got.tolist() == list(range(1, k + 1))
    assert log["prep"] == log["fit"] == [set(ids) - fold for fold in log["loss"]]
    assert sum(map(len, log["loss"])) == n and set.union(*log["loss"]) == set(ids)


def call_cv(X, y, k):
    return lambda: kfold_cv(X, y, k, same, None, None, np.random.default_rng(0))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: split_indices(5, (0.5, 0.5), np.random.default_rng(0)),
            ShapeError,
            r"split_indices: got fractions of shape \(2,\), expected \(3,\).",
        ),
        (
            lambda: split_indices(5, (0.5, 0.5, 0.5), np.random.default_rng(0)),
            RangeError,
            r"got fractions \[0.5, 0.5, 0.5\], expected shares of at least 0 with sum 1.",
        ),
        (
            lambda: split_indices(5, (1.5, -0.5, 0.0), np.random.default_rng(0)),
            RangeError,
            "expected shares of at least 0",
        ),
        (
            lambda: split_indices(5, (np.nan, 0, 1), np.random.default_rng(0)),
            RangeError,
            "expected shares of at least 0",
        ),
        (
            lambda: split_indices(-1, (1, 0, 0), np.random.default_rng(0)),
            RangeError,
            "split_indices: got n = -1, expected an integer of at least 0.",
        ),
        (
            lambda: kfold_indices(3, 4, np.random.default_rng(0)),
            RangeError,
            "kfold_indices: got k = 4, expected at most n = 3.",
        ),
        (
            lambda: kfold_indices(3, 0, np.random.default_rng(0)),
            RangeError,
            "kfold_indices: got k = 0, expected an integer of at least 1.",
        ),
        (
            call_cv(np.ones((3, 1)), np.ones(3), 1),
            RangeError,
            "kfold_cv: got k = 1, expected an integer of at least 2.",
        ),
        (call_cv(np.ones((3, 1)), np.ones(3), 4), RangeError, "kfold_cv: got k = 4, expected at most n = 3."),
        (call_cv(np.ones((3, 1)), np.ones(2), 2), ShapeError, r"kfold_cv: got y of shape \(2,\), expected \(3,\)."),
        (call_cv(np.ones(3), np.ones(3), 2), ShapeError, r"kfold_cv: got X of shape \(3,\), expected 2 axes."),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the argument, what it was and what it must be."""
    with pytest.raises(error, match=text):
        call()
