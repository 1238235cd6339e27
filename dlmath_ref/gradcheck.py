"""Derivatives without algebra, to check derivatives with it."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError

__all__ = ["complex_step", "directional_check", "numerical_gradient"]


def numerical_gradient(f, theta, h=1e-5):
    r"""Gradient of a scalar function by central differences.

    Equation:
        g_k = (f(theta + h e_k) - f(theta - h e_k)) / (2 h)

    Args:
        f: callable (...) -> float. Called 2 * theta.size times, each time with a new float64 array.
        theta: (...) float. The point, any shape.
        h: float. Step, above 0.

    Returns:
        Array of the shape and dtype of theta (float64 for integers).

    Raises:
        ShapeError: h is not a scalar.
        RangeError: theta is not real, or h is not above 0.

    Stability:
        The points are float64 also for a float32 theta, whose spacing near 1 is not far below h.
        The error is h^2 f'''/6 from truncation and about 1e-16 |f| / h from rounding.

    Source:
        Liquet, Moka, Nazarathy, chapter 4.

    >>> numerical_gradient(lambda t: float(np.sum(t**2)), np.array([1.0, -2.0])).round(6)
    array([ 2., -4.])
    """
    theta, h = _check.real("numerical_gradient", "theta", theta), _step("numerical_gradient", h)
    gradient = np.empty(theta.shape, np.float64)
    for k in np.ndindex(theta.shape):
        forward, backward = theta.astype(np.float64), theta.astype(np.float64)
        forward[k] += h
        backward[k] -= h
        gradient[k] = (f(forward) - f(backward)) / (2 * h)
    return gradient.astype(theta.dtype)


def complex_step(f, x, h=1e-20):
    r"""Gradient of a real-analytic scalar function by the complex step.

    Equation:
        g_k = Im f(x + i h e_k) / h

    Args:
        f: callable (...) -> complex. Analytic, evaluated in complex arithmetic: no abs, max or conjugate inside.
        x: (...) float. The point, any shape.
        h: float. Step, above 0.

    Returns:
        Array of the shape and dtype of x (float64 for integers).

    Raises:
        ShapeError: h is not a scalar.
        RangeError: x is not real, or h is not above 0.

    Stability:
        Nothing is subtracted, so h may be tiny: the truncation error h^2 f'''/6 vanishes and the result is
        exact to rounding.

    Source:
        Squire, Trapp: Using complex variables to estimate derivatives of real functions, SIAM Review 40 (1998).

    >>> complex_step(lambda t: np.exp(t).sum(), np.array([0.0, 1.0])).round(4)
    array([1.    , 2.7183])
    """
    x, h = _check.real("complex_step", "x", x), _step("complex_step", h)
    gradient = np.empty(x.shape, np.float64)
    for k in np.ndindex(x.shape):
        point = x.astype(np.complex128)
        point[k] += 1j * h
        gradient[k] = np.imag(f(point)) / h
    return gradient.astype(x.dtype)


def directional_check(f, theta, grad, rng, k=5):
    r"""Worst disagreement of a gradient with central differences along random directions.

    Equation:
        max over k unit vectors u of |<g, u> - (f(theta + h u) - f(theta - h u)) / (2 h)| / (1 + |<g, u>|),  h = 1e-5

    Args:
        f: callable (...) -> float. The function.
        theta: (...) float. The point, any shape.
        grad: (...) float. The gradient to be checked, of the shape of theta.
        rng: Generator. Draws the directions.
        k: int. Number of directions, at least 1.

    Returns:
        float. About 1e-10 for a right gradient of a smooth function of size 1; at most 1e-6 passes in this course.

    Raises:
        ShapeError: grad has not the shape of theta.
        RangeError: theta or grad is not real, or k is not an integer of at least 1.

    Stability:
        All arithmetic is float64. One direction sees an error of any entry with probability 1.

    Source:
        Liquet, Moka, Nazarathy, chapter 4 (directional derivative).

    >>> f = lambda t: float(np.sum(t**2))
    >>> theta = np.array([1.0, -2.0])
    >>> directional_check(f, theta, 2 * theta, np.random.default_rng(0)) < 1e-6
    True
    """
    theta = _check.real("directional_check", "theta", theta).astype(np.float64)
    grad = _check.real("directional_check", "grad", grad).astype(np.float64)
    _check.same_shape("directional_check", "grad", grad, theta.shape)
    worst, h = 0.0, 1e-5
    for _ in range(_check.count("directional_check", "k", k, 1)):
        u = np.asarray(rng.normal(size=theta.shape))
        u /= np.linalg.norm(u)
        slope = float(np.sum(grad * u))
        difference = (f(theta + h * u) - f(theta - h * u)) / (2 * h)
        worst = max(worst, abs(slope - float(difference)) / (1 + abs(slope)))
    return worst


def _step(where, h):
    h = _check.scalar(where, "h", h)
    if not h > 0:
        raise RangeError(f"{where}: got h = {h}, expected a number above 0.")
    return h
