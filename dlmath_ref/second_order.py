"""Methods that use curvature: Newton's for logistic regression, BFGS, L-BFGS."""

import numpy as np

from dlmath_ref import _check

__all__ = ["bfgs_minimize", "bfgs_update"]

SUFFICIENT = 1e-4  # share of the predicted decrease that a step must bring (Armijo)
SHRINK = 0.5  # factor of the backtracking
ROUNDING = 4 * np.finfo(np.float64).eps  # relative rise of f that counts as rounding
HALVINGS = 60  # then the step is below rounding


def bfgs_update(H, s, y, eps=1e-10):
    r"""BFGS update of an approximate inverse Hessian.

    Equation:
        H' = (I - rho s y') H (I - rho y s') + rho s s',  rho = 1 / y's,  if y's > eps |s| |y|;  H' = H otherwise

    Args:
        H: (d, d) float. Approximate inverse Hessian, symmetric and positive definite.
        s: (d,) float. Step, theta_t - theta_tm1.
        y: (d,) float. Change of the gradient over this step.
        eps: float. Least cosine between s and y for an update.

    Returns:
        (d, d) array, a new one, dtype of H, s and y. It satisfies H' y = s when updated, and stays symmetric and
        positive definite when H is.

    Raises:
        ShapeError: s is not 1-D, H is not (d, d), y is not (d,), or eps is not a scalar.

    Stability:
        Directions of negative or vanishing curvature are skipped, so rho is at most 1 / (eps |s| |y|). The product
        form keeps H' positive definite also when y's is small.

    Source:
        Liquet, Moka, Nazarathy, chapter 4; Nocedal, Wright: Numerical Optimization (2006), equation 6.17. The rule
        for skipping is this course's.

    >>> bfgs_update(np.array([[1.0]]), np.array([3.0]), np.array([6.0]))
    array([[0.5]])
    """
    s = _check.real("bfgs_update", "s", s, 1)
    H, y = _check.real("bfgs_update", "H", H, 2), _check.real("bfgs_update", "y", y, 1)
    _check.same_shape("bfgs_update", "H", H, (len(s), len(s)))
    _check.same_shape("bfgs_update", "y", y, s.shape)
    eps = _check.scalar("bfgs_update", "eps", eps)
    curvature = float(y @ s)
    if not curvature > eps * np.linalg.norm(s) * np.linalg.norm(y):
        return H.copy()
    left = np.eye(len(s), dtype=H.dtype) - np.outer(s, y) / curvature  # (d, d), I - rho s y'
    return left @ H @ left.T + np.outer(s, s) / curvature


def bfgs_minimize(f, grad, theta0, tol=1e-8, max_iter=1000):
    r"""Local minimum of a smooth function by BFGS with backtracking.

    Equation:
        theta <- theta - alpha H grad f(theta),  H <- bfgs_update(H, s, y),  alpha the first of 1, 1/2, 1/4, ... with
        f(theta + alpha p) <= f(theta) + 1e-4 alpha grad f(theta)'p

    Args:
        f: callable (d,) -> float. The objective.
        grad: callable (d,) -> (d,). Its gradient.
        theta0: (d,) float. The start.
        tol: float. Stop when the gradient's norm is at most this.
        max_iter: int. Number of steps, at least 0.

    Returns:
        theta (d,) array, norms (k + 1,) array, dtype of theta0: norms[t] is the norm of the gradient after t steps.

    Raises:
        ShapeError: theta0 is not 1-D, the gradient is not (d,), or tol is not a scalar.
        RangeError: max_iter is not an integer of at least 0.

    Stability:
        All arithmetic is float64. A rise of f below its rounding counts as none; without any other step left, the
        search ends early. H starts as the identity, scaled by y's / y'y after the first step.

    Source:
        Nocedal, Wright: Numerical Optimization (2006), algorithm 6.1 and equation 6.20. Differs from it:
        backtracking instead of the Wolfe conditions, so updates may be skipped.

    >>> theta, norms = bfgs_minimize(lambda t: float(t @ t), lambda t: 2 * t, np.array([3.0, -1.0]))
    >>> theta.tolist(), len(norms)
    ([0.0, 0.0], 2)
    """
    start = _check.real("bfgs_minimize", "theta0", theta0, 1)
    tol, steps = _check.scalar("bfgs_minimize", "tol", tol), _check.count("bfgs_minimize", "max_iter", max_iter, 0)
    theta, H = start.astype(np.float64), np.eye(len(start))
    value, g = float(f(theta.copy())), _gradient(grad, theta)
    norms = [np.linalg.norm(g)]
    while norms[-1] > tol and len(norms) <= steps:
        step = _backtrack(f, theta, value, g, -H @ g)
        if step is None:
            break
        theta, before = theta + step, g
        value, g = float(f(theta.copy())), _gradient(grad, theta)
        y = g - before
        if len(norms) == 1 and y @ step > 0:
            H *= (y @ step) / (y @ y)
        H = bfgs_update(H, step, y)
        norms.append(np.linalg.norm(g))
    return theta.astype(start.dtype), np.array(norms, start.dtype)


def _gradient(grad, theta):
    g = _check.real("bfgs_minimize", "a gradient", grad(theta.copy()))
    _check.same_shape("bfgs_minimize", "a gradient", g, theta.shape)
    return g.astype(np.float64)


def _backtrack(f, theta, value, g, direction):
    """The first of direction, direction / 2, ... that decreases f enough; None when there is none."""
    slack = ROUNDING * abs(value)
    for _ in range(HALVINGS):
        if f(theta + direction) <= value + SUFFICIENT * float(g @ direction) + slack:
            return direction
        direction = SHRINK * direction
    return None
