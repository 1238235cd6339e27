"""Data with a known truth, drawn from a generator that the caller passes."""

from __future__ import annotations

import numpy as np

__all__ = ["bars", "boxes", "linear", "ring", "two_moons"]


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


def bars(n: int, rng: np.random.Generator, side: int = 8, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Small images with one bright line across them; does it lie or stand?

    Args:
        n: number of images; the classes' sizes differ by at most 1.
        rng: source of randomness.
        side: height and width in pixels.
        noise: standard deviation that is added to each pixel, at least 0.

    Returns:
        X: (n, 1, side, side) float64; without noise 0 is paper and 1 is ink.
        y: (n,) int64, 0 lies (a row), 1 stands (a column).

    >>> X, y = bars(4, np.random.default_rng(0), noise=0.0)
    >>> X.shape, X.sum(axis=(1, 2, 3)).tolist(), sorted(y.tolist())
    ((4, 1, 8, 8), [8.0, 8.0, 8.0, 8.0], [0, 0, 1, 1])
    """
    y = rng.permutation(np.arange(n) % 2).astype(np.int64)
    X = np.zeros((n, 1, side, side))
    for image, stands, place in zip(X, y, rng.integers(side, size=n), strict=True):
        if stands:
            image[0, :, place] = 1.0
        else:
            image[0, place, :] = 1.0
    return X + noise * rng.normal(size=X.shape), y


def boxes(n: int, rng: np.random.Generator, side: int = 16, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Small images with one bright blob, an ellipse with upright axes; where is it?

    A pixel in row r and column c covers the square from (x, y) = (c, r) to (c + 1, r + 1): y points down.

    Args:
        n: number of images.
        rng: source of randomness.
        side: height and width in pixels, at least 4.
        noise: standard deviation that is added to each pixel, at least 0.

    Returns:
        X: (n, 1, side, side) float64; without noise 0 is paper and 1 is ink.
        y: (n, 4) float64, the smallest box (x1, y1, x2, y2) around the blob; it is 3 to side / 2 pixels wide and high
            (exactly 3 where side is less than 6).

    >>> X, y = boxes(2, np.random.default_rng(0), noise=0.0)
    >>> X.shape, y.shape, bool((y[:, :2] < y[:, 2:]).all())
    ((2, 1, 16, 16), (2, 4), True)
    """
    size = rng.integers(3, max(3, side // 2) + 1, size=(n, 2))  # width and height
    low = rng.integers(0, side - size + 1)  # (n, 2): x1 and y1
    centres = np.arange(side) + 0.5
    across, down = (((centres - (low + size / 2)[:, [k]]) / (size[:, [k]] / 2)) ** 2 for k in (0, 1))  # (n, side) each
    X = (across[:, None, None, :] + down[:, None, :, None] <= 1).astype(np.float64)
    return X + noise * rng.normal(size=X.shape), np.concatenate([low, low + size], axis=1).astype(np.float64)
