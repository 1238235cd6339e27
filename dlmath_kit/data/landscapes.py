"""Functions to walk down on, whose minimum is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["quadratic", "rosenbrock", "rosenbrock_gradient"]


def quadratic(spectrum: Sequence[float] | np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The matrix Q of C(theta) = theta' Q theta / 2, turned at random; its minimum lies at 0.

    Equation:
        Q = V diag(lambda) V',  V orthogonal, uniformly distributed

    Args:
        spectrum: d eigenvalues.
        rng: source of randomness.

    Returns:
        Q: (d, d) float64, symmetric.

    >>> np.linalg.eigvalsh(quadratic([1.0, 10.0], np.random.default_rng(0))).round(6)
    array([ 1., 10.])
    """
    spectrum = np.asarray(spectrum, dtype=np.float64)
    V, R = np.linalg.qr(rng.normal(size=(len(spectrum), len(spectrum))))
    V = V * np.sign(np.diag(R))  # with these signs V is uniform
    Q = (V * spectrum) @ V.T
    return (Q + Q.T) / 2


def rosenbrock(theta: np.ndarray) -> np.ndarray:
    """Rosenbrock's curved valley; its minimum is 0, at (1, 1).

    Equation:
        C(theta) = (1 - theta_1)^2 + 100 (theta_2 - theta_1^2)^2

    Args:
        theta: (..., 2) floats, one or many points.

    Returns:
        (...) float64, one value per point.

    >>> float(rosenbrock(np.array([0.0, 0.0])))
    1.0
    """
    theta = np.asarray(theta, dtype=np.float64)
    x, y = theta[..., 0], theta[..., 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def rosenbrock_gradient(theta: np.ndarray) -> np.ndarray:
    """The gradient of rosenbrock.

    Args:
        theta: (..., 2) floats, one or many points.

    Returns:
        (..., 2) float64.

    >>> rosenbrock_gradient(np.array([0.0, 1.0])).tolist()
    [-2.0, 200.0]
    """
    theta = np.asarray(theta, dtype=np.float64)
    x, y = theta[..., 0], theta[..., 1]
    across = y - x**2
    return np.stack([-2 * (1 - x) - 400 * x * across, 200 * across], axis=-1)
