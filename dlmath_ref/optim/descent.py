"""Whole descents: the rate on a quadratic, gradient descent with line search, SGD with a schedule."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["backtracking_gd", "quadratic_rate", "sgd"]


def quadratic_rate(Q, alpha):
    r"""Contraction factor of gradient descent on a quadratic, and the learning rate that makes it smallest.

    Equation:
        C(theta) = theta' Q theta / 2,  theta <- (I - alpha Q) theta
        rho = max_i |1 - alpha lambda_i|,  alpha* = 2 / (lambda_min + lambda_max)

    Args:
        Q: (d, d) float. Symmetric positive definite, eigenvalues lambda_i, d at least 1.
        alpha: float. Learning rate.

    Returns:
        rho float, alpha* float. Gradient descent converges from every start exactly when rho < 1,
        that is 0 < alpha < 2 / lambda_max.

    Raises:
        ShapeError: Q is not (d, d), or alpha is not a scalar.
        RangeError: Q is not symmetric, or an eigenvalue is not above 0.

    Stability:
        Eigenvalues of a symmetric matrix are found to about 1e-16 lambda_max each.

    Source:
        Liquet, Moka, Nazarathy, chapter 4.

    >>> quadratic_rate(np.diag([1.0, 3.0]), alpha=0.25)
    (0.75, 0.5)
    """
    Q, alpha = _check.real("quadratic_rate", "Q", Q, 2), _check.scalar("quadratic_rate", "alpha", alpha)
    _check.same_shape("quadratic_rate", "Q", Q, (len(Q), len(Q)))
    lambdas = _spectrum(Q)
    return float(np.abs(1 - alpha * lambdas).max()), float(2 / (lambdas[0] + lambdas[-1]))


def _spectrum(Q):
    """Eigenvalues in ascending order; refuses what is not symmetric positive definite."""
    if not np.allclose(Q, Q.T, rtol=1e-5, atol=0):
        raise RangeError("quadratic_rate: got Q[i, j] other than Q[j, i], expected a symmetric Q.")
    lambdas = np.linalg.eigvalsh(Q)
    if len(Q) == 0 or not lambdas[0] > 0:
        raise RangeError("quadratic_rate: got an eigenvalue of Q that is not above 0, expected Q positive definite.")
    return lambdas


def backtracking_gd(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    r"""Gradient descent whose steps are found by backtracking until Armijo's condition holds.

    Equation:
        alpha = alpha0 rho^k, k the smallest with f(theta - alpha g) <= f(theta) - c alpha ||g||^2
        theta <- theta - alpha g,  until ||g|| <= tol or max_iter steps are taken

    Args:
        f: callable (d,) -> float. The objective.
        grad: callable (d,) -> (d,). Its gradient.
        theta0: (d,) float. The start.
        alpha0: float. First trial of every search, above 0.
        c: float. Share of the linear decrease that a step must achieve, in [0, 1).
        rho: float. Factor between two trials, in (0, 1).
        tol: float. The search ends where the norm of the gradient is at most tol.
        max_iter: int. Most steps to take, at least 0.

    Returns:
        theta (d,) array of the dtype of theta0, steps (T,) array: the accepted alphas in order, T at most
        max_iter.

    Raises:
        ShapeError: theta0 is not (d,), a gradient has another shape, or another argument is not a scalar.
        RangeError: alpha0 not above 0, c not in [0, 1), rho not in (0, 1), or max_iter no integer of at least 0.

    Stability:
        Where f changes by less than its own rounding, steps become tiny or are accepted by luck: a tol
        below about 1e-8 sqrt(|f|) is not reached in general. The search itself always ends.

    Source:
        Armijo (1966); Nocedal and Wright, Numerical Optimization, algorithm 3.1. Liquet, Moka, Nazarathy,
        chapter 4.

    >>> backtracking_gd(lambda t: float(t @ t), lambda t: 2 * t, np.array([1.0]), max_iter=1)
    (array([0.]), array([0.5]))
    """
    theta = _check.real("backtracking_gd", "theta0", theta0, 1).copy()
    alpha0, c, rho, tol = _settings(alpha0, c, rho, tol)
    steps = []
    for _ in range(_check.count("backtracking_gd", "max_iter", max_iter, 0)):
        g = np.asarray(grad(theta.copy()), theta.dtype)
        _check.same_shape("backtracking_gd", "a gradient", g, theta.shape)
        if np.linalg.norm(g) <= tol:
            break
        steps.append(_armijo(f, theta, g, alpha0, c, rho))
        theta = theta - steps[-1] * g
    return theta, np.array(steps, theta.dtype)


def _armijo(f, theta, g, alpha, c, rho):
    value, slope = float(f(theta.copy())), float(g @ g)  # f falls at the rate ||g||^2 along -g
    while float(f(theta - alpha * g)) > value - c * alpha * slope:
        alpha *= rho
    return alpha


def _settings(alpha0, c, rho, tol):
    alpha0, c = _check.scalar("backtracking_gd", "alpha0", alpha0), _check.scalar("backtracking_gd", "c", c)
    rho, tol = _check.scalar("backtracking_gd", "rho", rho), _check.scalar("backtracking_gd", "tol", tol)
    for name, value, ok, expected in (
        ("alpha0", alpha0, alpha0 > 0, "a number above 0"),
        ("c", c, 0 <= c < 1, "[0, 1)"),
        ("rho", rho, 0 < rho < 1, "(0, 1)"),
    ):
        if not ok:
            raise RangeError(f"backtracking_gd: got {name} = {value}, expected {expected}.")
    return alpha0, c, rho, tol


def sgd(grad_i, theta0, order, alpha):
    r"""Stochastic gradient descent along given samples, with a schedule of steps, and the average of its path.

    Equation:
        theta_{t+1} = theta_t - alpha(t) grad C_{order[t]}(theta_t),  t = 0, ..., T - 1
        thetabar = (theta_1 + ... + theta_T) / T

    Args:
        grad_i: callable ((...), int) -> (...). grad_i(theta, i) is the gradient of the loss of sample i.
        theta0: (...) float. The start, any shape.
        order: (T,) int. The sample of each step, in [0, n) for n samples; may repeat, T at least 1.
        alpha: callable (int) -> float. The learning rate of the step from theta_t to theta_{t+1}.

    Returns:
        theta_T, thetabar, arrays of the shape and dtype of theta0.

    Raises:
        ShapeError: order is not (T,) or is empty, or a gradient has not the shape of theta0.
        RangeError: order holds no integers, or one below 0.

    Stability:
        The average is a sum of T terms divided once; its rounding grows with T at worst and is far below the noise.

    Source:
        Liquet, Moka, Nazarathy, chapter 4; Polyak and Juditsky (1992) for the average.

    >>> x = np.array([0.0, 4.0])
    >>> sgd(lambda theta, i: theta - x[i], np.array([2.0]), np.array([1, 0]), lambda t: 0.5 / (1 + t))
    (array([2.25]), array([2.625]))
    """
    theta = _check.real("sgd", "theta0", theta0).copy()
    total = np.zeros_like(theta)
    order = _order(order)
    for t, i in enumerate(order):
        g = np.asarray(grad_i(theta.copy(), int(i)), theta.dtype)
        _check.same_shape("sgd", "a gradient", g, theta.shape)
        theta = theta - float(alpha(t)) * g
        total = total + theta
    return theta, total / len(order)


def _order(order):
    order = np.asarray(order)
    if order.ndim != 1 or order.size == 0:
        raise ShapeError(f"sgd: got order of shape {order.shape}, expected (T,) with T at least 1.")
    if order.dtype.kind not in "iu" or order.min() < 0:
        raise RangeError("sgd: got order with entries other than 0, 1, 2, ..., expected the samples' numbers.")
    return order
