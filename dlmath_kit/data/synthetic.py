"""Data with a known truth, drawn from a generator that the caller passes."""

from __future__ import annotations

import numpy as np

__all__ = ["linear", "ring", "two_moons"]


def two_moons(n: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles that reach into each other.

    Equation:
        class 0: (cos t, sin t) + noise * e,   class 1: (1 - cos t, 1/2 - sin t) + noise * e
        with t uniform on [0, pi] and e standard normal

    Args:
        n: number of points; class 0 gets the odd one.
        noise: standard deviation of each coordinate, at least 0.
        rng: source of randomness.

    Returns:
        X: (n, 2) float64, in random order.
        y: (n,) int64, 0 the upper moon, 1 the lower.

    >>> X, y = two_moons(5, 0.0, np.random.default_rng(0))
    >>> X.shape, sorted(y.tolist())
    ((5, 2), [0, 0, 0, 1, 1])
    """
    y = rng.permutation(np.arange(n) % 2).astype(np.int64)
    t = rng.uniform(0.0, np.pi, size=n)
    upper = np.column_stack([np.cos(t), np.sin(t)])  # (n, 2)
    lower = np.column_stack([1.0 - np.cos(t), 0.5 - np.sin(t)])  # (n, 2)
    X = np.where(y[:, None] == 0, upper, lower)
    return X + noise * rng.normal(size=(n, 2)), y


def ring(n: int, rng: np.random.Generator, K: int = 8, sigma: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    """K Gaussian clouds whose centres lie on a circle of radius 2.

    Args:
        n: number of points; the clouds' sizes differ by at most 1.
        rng: source of randomness.
        K: number of clouds.
        sigma: standard deviation of each coordinate.

    Returns:
        X: (n, 2) float64, in random order.
        y: (n,) int64, the cloud in [0, K); cloud k sits at angle 2 pi k / K.

    >>> X, y = ring(16, np.random.default_rng(0))
    >>> np.bincount(y).tolist()
    [2, 2, 2, 2, 2, 2, 2, 2]
    """
    y = rng.permutation(np.arange(n) % K).astype(np.int64)
    angle = 2.0 * np.pi * y / K
    centres = 2.0 * np.column_stack([np.cos(angle), np.sin(angle)])  # (n, 2)
    return centres + sigma * rng.normal(size=(n, 2)), y


def linear(
    n: int, beta: np.ndarray, sigma: float, rng: np.random.Generator, b: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """A linear model with known parameters, and noise.

    Equation:
        y = b + X beta + sigma * e with X and e standard normal

    Args:
        n: number of samples.
        beta: (p,) slopes.
        sigma: standard deviation of the noise, at least 0.
        rng: source of randomness.
        b: intercept.

    Returns:
        X: (n, p) float64.
        y: (n,) float64.

    >>> X, y = linear(4, np.array([2.0, -1.0]), 0.0, np.random.default_rng(0), b=3.0)
    >>> X.shape, np.allclose(y, 3 + 2 * X[:, 0] - X[:, 1])
    ((4, 2), True)
    """
    X = rng.normal(size=(n, len(beta)))
    return X, b + X @ beta + sigma * rng.normal(size=n)
