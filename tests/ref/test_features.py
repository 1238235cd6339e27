"""Monomials, one-hot rows, standardised columns, mini-batches."""

from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from dlmath_ref import (
    RangeError,
    ShapeError,
    Standardizer,
    minibatches,
    one_hot,
    polynomial_features,
)


def test_six_monomials_by_hand():
    """(2, 3) to degree 2: 1, x1, x2, x1^2, x1 x2, x2^2."""
    assert polynomial_features(np.array([[2, 3]]), 2).tolist() == [[1, 2, 3, 4, 6, 9]]


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("degree", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("bias", [True, False])
def test_monomials_match_scikit_learn(p, degree, bias):
    """PolynomialFeatures gives the same columns in the same order, C(p + d, d) of them."""
    X = np.random.default_rng(p).normal(size=(5, p))
    got = polynomial_features(X, degree, bias)
    assert got.shape == (5, comb(p + degree, degree) - (not bias))
    if degree or bias:  # scikit-learn refuses degree 0 without bias
        np.testing.assert_allclose(got, PolynomialFeatures(degree, include_bias=bias).fit_transform(X), rtol=1e-12)


@given(arrays(np.float64, (3, 2), elements=st.floats(-3, 3)), st.floats(0.1, 2))
def test_monomials_are_homogeneous(X, c):
    """Scaling x by c scales a monomial of degree d by c^d."""
    degrees = np.array([0, 1, 1, 2, 2, 2])
    np.testing.assert_allclose(
        polynomial_features(c * X, 2), c**degrees * polynomial_features(X, 2), rtol=1e-10, atol=1e-300
    )


@given(arrays(np.int64, 6, elements=st.integers(0, 4)))
def test_one_hot_matches_torch(y):
    """Each row has a single one, at its class."""
    assert np.array_equal(one_hot(y, 5), torch.nn.functional.one_hot(torch.tensor(y), 5))


@given(arrays(np.float64, (6, 3), elements=st.integers(-50, 50).map(float)))
def test_standardised_columns_match_scikit_learn(X):
    """Mean 0, standard deviation 1, constant columns 0."""
    np.testing.assert_allclose(Standardizer.fit(X).transform(X), StandardScaler().fit_transform(X), atol=1e-12)


def test_standardizer_uses_the_training_statistics_and_keeps_float32():
    """New data are scaled by the mean and scale of the data that was fitted."""
    scaler = Standardizer.fit(np.array([[1, 5], [3, 5]], np.float32))
    got = scaler.transform(np.array([[5, 6]], np.float32))
    assert got.tolist() == [[3, 1]] and got.dtype == np.float32


def test_a_constant_column_of_tenths_is_not_blown_up():
    """Ten times 0.1 has a rounded mean and a standard deviation of 1e-17; the scale is still 1."""
    assert Standardizer.fit(np.full((10, 1), 0.1)).scale.tolist() == [1]


@given(st.integers(0, 40), st.integers(1, 50), st.booleans(), st.integers(0, 2**32))
def test_batches_partition_the_samples(n, size, drop_last, seed):
    """Every sample once, all batches full but the last, which may be dropped."""
    batches = minibatches(n, size, np.random.default_rng(seed), drop_last)
    lengths = [len(batch) for batch in batches]
    full, rest = divmod(n, size)
    assert lengths == [size] * full + [rest] * (rest > 0 and not drop_last)
    seen = np.concatenate([np.empty(0, int), *batches])
    assert len(set(seen)) == len(seen) and set(seen) <= set(range(n))


def test_the_generator_decides_the_order():
    """Equal seeds give equal epochs; the next epoch of a generator is another."""
    rng = np.random.default_rng(1)
    first, second = np.concatenate(minibatches(50, 7, rng)), np.concatenate(minibatches(50, 7, rng))
    assert np.array_equal(first, np.concatenate(minibatches(50, 7, np.random.default_rng(1))))
    assert not np.array_equal(first, second)


def test_every_index_comes_first_equally_often():
    """Of 5 samples over 2,000 epochs, each index leads 400 times within 7 standard deviations (126)."""
    rng = np.random.default_rng(2)
    leads = np.bincount([minibatches(5, 2, rng)[0][0] for _ in range(2000)], minlength=5)
    assert np.abs(leads - 400).max() < 7 * np.sqrt(2000 * 0.2 * 0.8)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: polynomial_features(np.ones(3), 2),
            ShapeError,
            r"polynomial_features: got X of shape \(3,\), expected 2 axes.",
        ),
        (
            lambda: polynomial_features(np.ones((2, 2)), -1),
            RangeError,
            "got degree = -1, expected an integer of at least 0.",
        ),
        (lambda: one_hot([0, 3], 3), RangeError, r"one_hot: got y in \[0, 3\], expected integers in \[0, 3\)."),
        (lambda: one_hot([0], 0), RangeError, "one_hot: got K = 0, expected an integer of at least 1."),
        (lambda: Standardizer.fit(np.ones((0, 2))), ShapeError, "Standardizer.fit: .* expected at least one row."),
        (
            lambda: Standardizer.fit(np.ones((2, 2))).transform(np.ones((1, 3))),
            ShapeError,
            r"got X of shape \(1, 3\), expected \(1, 2\).",
        ),
        (
            lambda: minibatches(5, 0, None),
            RangeError,
            "minibatches: got batch_size = 0, expected an integer of at least 1.",
        ),
        (lambda: minibatches(2.5, 1, None), RangeError, "minibatches: got n = 2.5, expected an integer of at least 0."),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
