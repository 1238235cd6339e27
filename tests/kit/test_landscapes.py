"""The landscapes of unit 3 have the spectrum, the gradient and the minimum that they say."""

from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest
from scipy import optimize

from dlmath_kit import data


def test_a_quadratic_has_the_given_spectrum() -> None:
    """The eigenvalues are those asked for, Q is symmetric to the last bit and not diagonal."""
    spectrum = [0.5, 2.0, 2.0, 30.0]
    Q = data.quadratic(spectrum, np.random.default_rng(1))
    np.testing.assert_allclose(np.linalg.eigvalsh(Q), spectrum, rtol=1e-12)
    np.testing.assert_array_equal(Q, Q.T)
    assert np.abs(Q - np.diag(np.diag(Q))).max() > 0.1


def test_quadratics_are_turned_evenly() -> None:
    """The mean over all rotations is the mean eigenvalue times I: 2,000 draws, standard error below 0.02."""
    rng = np.random.default_rng(0)
    mean = np.mean([data.quadratic([1.0, 3.0], rng) for _ in range(2000)], axis=0)
    np.testing.assert_allclose(mean, 2 * np.eye(2), atol=0.1)


def test_rosenbrock_is_scipys() -> None:
    """Values and gradients equal scipy's rosen and rosen_der, also for many points at once."""
    points = np.random.default_rng(0).normal(size=(4, 5, 2))
    values, slopes = data.rosenbrock(points), data.rosenbrock_gradient(points)
    assert values.shape == (4, 5) and slopes.shape == (4, 5, 2)
    for k in np.ndindex(4, 5):
        assert values[k] == pytest.approx(optimize.rosen(points[k]))
        np.testing.assert_allclose(slopes[k], optimize.rosen_der(points[k]), atol=1e-9)
    assert data.rosenbrock(np.ones(2)) == 0 and not data.rosenbrock_gradient(np.ones(2)).any()


def test_examples_print_what_they_say() -> None:
    """The doctests run."""
    module = importlib.import_module("dlmath_kit.data.landscapes")
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0
