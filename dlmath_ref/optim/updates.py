"""One step of a first-order optimiser: state in, state out."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError

__all__ = ["adagrad_step", "adam_step", "momentum_step", "nesterov_step", "rmsprop_step"]


def momentum_step(theta, g, v, alpha, beta):
    r"""Gradient descent with momentum, whose velocity is an average of the gradients.

    Equation:
        v' = beta v + (1 - beta) g,  theta' = theta - alpha v'

    Args:
        theta: (...) float. The point, any shape.
        g: (...) float. The gradient there, of the shape of theta.
        v: (...) float. Velocity, of the shape of theta; 0 before the first step.
        alpha: float. Learning rate.
        beta: float. Weight of the old velocity, in [0, 1).

    Returns:
        theta', v', arrays of the shape and dtype of theta.

    Raises:
        ShapeError: g or v has not the shape of theta, or alpha or beta is not a scalar.
        RangeError: beta is not in [0, 1).

    Stability:
        A weighted mean and one product: nothing overflows that v and g do not.

    Source:
        Liquet, Moka, Nazarathy, chapter 4. Differs from torch's SGD: the gradient has the weight 1 - beta, so
        torch takes the same path with lr = alpha (1 - beta).

    >>> momentum_step(np.array([1.0]), np.array([2.0]), np.array([4.0]), alpha=0.5, beta=0.75)
    (array([-0.75]), array([3.5]))
    """
    theta, g, v = _alike("momentum_step", theta=theta, g=g, v=v)
    alpha, beta = _check.scalar("momentum_step", "alpha", alpha), _share("momentum_step", "beta", beta)
    v = beta * v + (1 - beta) * g
    return theta - alpha * v, v


def nesterov_step(theta, grad, v, alpha, beta):
    r"""Momentum with the gradient taken at the point to which the old velocity leads.

    Equation:
        v' = beta v + (1 - beta) grad(theta - alpha beta v),  theta' = theta - alpha v'

    Args:
        theta: (...) float. The point, any shape.
        grad: callable (...) -> (...). The gradient at a point of the shape of theta; called once.
        v: (...) float. Velocity, of the shape of theta; 0 before the first step.
        alpha: float. Learning rate.
        beta: float. Weight of the old velocity, in [0, 1).

    Returns:
        theta', v', arrays of the shape and dtype of theta.

    Raises:
        ShapeError: v or the gradient has not the shape of theta, or alpha or beta is not a scalar.
        RangeError: beta is not in [0, 1).

    Stability:
        That of momentum_step.

    Source:
        Liquet, Moka, Nazarathy, chapter 4; Nesterov (1983). Differs from torch's SGD with nesterov=True: the
        weight 1 - beta as in momentum_step; torch's iterate is theta - alpha beta v, the point of the next gradient.

    >>> nesterov_step(np.array([1.0]), lambda t: 2 * t, np.array([1.0]), alpha=0.5, beta=0.5)
    (array([0.375]), array([1.25]))
    """
    theta, v = _alike("nesterov_step", theta=theta, v=v)
    alpha, beta = _check.scalar("nesterov_step", "alpha", alpha), _share("nesterov_step", "beta", beta)
    g = np.asarray(grad(theta - alpha * beta * v), theta.dtype)
    _check.same_shape("nesterov_step", "a gradient", g, theta.shape)
    v = beta * v + (1 - beta) * g
    return theta - alpha * v, v


def rmsprop_step(theta, g, s, alpha, beta, eps):
    r"""A step of its own for every coordinate: divided by the root of an average of squared gradients.

    Equation:
        s' = beta s + (1 - beta) g^2,  theta' = theta - alpha g / (sqrt(s') + eps),  entry by entry

    Args:
        theta: (...) float. The point, any shape.
        g: (...) float. The gradient there, of the shape of theta.
        s: (...) float. Average of squares, of the shape of theta, entries at least 0; 0 before the first step.
        alpha: float. Learning rate.
        beta: float. Weight of the old average, in [0, 1).
        eps: float. Added to the root, not under it; above 0.

    Returns:
        theta', s', arrays of the shape and dtype of theta.

    Raises:
        ShapeError: g or s has not the shape of theta, or another argument is not a scalar.
        RangeError: an entry of s is below 0, beta is not in [0, 1), or eps is not above 0.

    Stability:
        Where g = 0 and s = 0 the quotient is 0 / eps = 0. Squares of |g| below 1e-162 underflow to 0 in float64
        (1e-23 in float32), and eps alone divides; above 1e154 (1e19) they overflow.

    Source:
        Liquet, Moka, Nazarathy, chapter 4; Tieleman and Hinton (2012). As torch's RMSprop with alpha = beta.

    >>> rmsprop_step(np.array([1.0]), np.array([3.0]), np.array([23.0]), alpha=2.0, beta=0.5, eps=2.0)
    (array([0.]), array([16.]))
    """
    theta, g, s = _alike("rmsprop_step", theta=theta, g=g, s=s)
    alpha, beta = _check.scalar("rmsprop_step", "alpha", alpha), _share("rmsprop_step", "beta", beta)
    eps = _eps("rmsprop_step", eps)
    _no_negative("rmsprop_step", "s", s)
    s = beta * s + (1 - beta) * g**2
    return theta - alpha * g / (np.sqrt(s) + eps), s


def adagrad_step(theta, g, s, alpha, eps):
    r"""A step of its own for every coordinate: divided by the root of the sum of all squared gradients.

    Equation:
        s' = s + g^2,  theta' = theta - alpha g / (sqrt(s') + eps),  entry by entry

    Args:
        theta: (...) float. The point, any shape.
        g: (...) float. The gradient there, of the shape of theta.
        s: (...) float. Sum of squares, of the shape of theta, entries at least 0; 0 before the first step.
        alpha: float. Learning rate.
        eps: float. Added to the root, not under it; above 0.

    Returns:
        theta', s', arrays of the shape and dtype of theta.

    Raises:
        ShapeError: g or s has not the shape of theta, or another argument is not a scalar.
        RangeError: an entry of s is below 0, or eps is not above 0.

    Stability:
        That of rmsprop_step.

    Source:
        Duchi, Hazan, Singer (2011); Liquet, Moka, Nazarathy, chapter 4. As torch's Adagrad.

    >>> adagrad_step(np.array([1.0]), np.array([3.0]), np.array([16.0]), alpha=1.0, eps=1.0)
    (array([0.5]), array([25.]))
    """
    theta, g, s = _alike("adagrad_step", theta=theta, g=g, s=s)
    alpha, eps = _check.scalar("adagrad_step", "alpha", alpha), _eps("adagrad_step", eps)
    _no_negative("adagrad_step", "s", s)
    s = s + g**2
    return theta - alpha * g / (np.sqrt(s) + eps), s


def adam_step(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    r"""Step t of Adam: averages of the gradients and of their squares, both corrected for their start at 0.

    Equation:
        m' = beta1 m + (1 - beta1) g,  v' = beta2 v + (1 - beta2) g^2
        theta' = theta - alpha mhat / (sqrt(vhat) + eps),  mhat = m' / (1 - beta1^t),  vhat = v' / (1 - beta2^t)

    Args:
        theta: (...) float. The point, any shape.
        g: (...) float. The gradient there, of the shape of theta.
        m: (...) float. Average of gradients, of the shape of theta; 0 before the first step.
        v: (...) float. Average of squares, of the shape of theta, entries at least 0; 0 before the first step.
        t: int. Number of this step, at least 1: the first step is 1.
        alpha: float. Learning rate.
        beta1: float. Weight of the old m, in [0, 1).
        beta2: float. Weight of the old v, in [0, 1).
        eps: float. Added to the root of vhat, not under it; above 0.

    Returns:
        theta', m', v', arrays of the shape and dtype of theta. m' and v' are not corrected.

    Raises:
        ShapeError: g, m or v has not the shape of theta, or another argument is not a scalar.
        RangeError: an entry of v is below 0, t is not an integer of at least 1, a beta is not in [0, 1), or eps is
            not above 0.

    Stability:
        1 - beta^t loses no digits that matter: for beta2 = 0.999 and t = 1 it has 13. Where g, m and v are 0 the
        quotient is 0 / eps = 0.

    Source:
        Kingma and Ba (2015), algorithm 1; Liquet, Moka, Nazarathy, chapter 4. As torch's Adam.

    >>> theta, m, v = adam_step(np.array([1.0]), np.array([2.0]), np.zeros(1), np.zeros(1), t=1, alpha=0.1)
    >>> theta.round(6), m.round(6), v.round(6)
    (array([0.9]), array([0.2]), array([0.004]))
    """
    theta, g, m, v = _alike("adam_step", theta=theta, g=g, m=m, v=v)
    t, alpha = _check.count("adam_step", "t", t, 1), _check.scalar("adam_step", "alpha", alpha)
    beta1, beta2 = _share("adam_step", "beta1", beta1), _share("adam_step", "beta2", beta2)
    eps = _eps("adam_step", eps)
    _no_negative("adam_step", "v", v)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    mhat, vhat = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - alpha * mhat / (np.sqrt(vhat) + eps), m, v


def _alike(where, theta, **others):
    """All as arrays of the dtype of theta; refuses what has another shape than theta."""
    theta = _check.real(where, "theta", theta)
    arrays = {name: _check.real(where, name, x) for name, x in others.items()}
    for name, x in arrays.items():
        _check.same_shape(where, name, x, theta.shape)
    return theta, *(x.astype(theta.dtype, copy=False) for x in arrays.values())


def _share(where, name, beta):
    beta = _check.scalar(where, name, beta)
    if not 0 <= beta < 1:
        raise RangeError(f"{where}: got {name} = {beta}, expected [0, 1).")
    return beta


def _eps(where, eps):
    eps = _check.scalar(where, "eps", eps)
    if not eps > 0:
        raise RangeError(f"{where}: got eps = {eps}, expected a number above 0.")
    return eps


def _no_negative(where, name, squares):
    if np.any(squares < 0):
        raise RangeError(f"{where}: got {name} with an entry below 0, expected sums of squares.")
