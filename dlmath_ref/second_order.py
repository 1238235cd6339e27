"""Methods that use curvature: Newton's for logistic regression, BFGS, L-BFGS."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError
from dlmath_ref.losses import sigmoid

__all__ = ["bfgs_minimize", "bfgs_update", "lbfgs_direction", "newton_logistic"]

SUFFICIENT = 1e-4  # share of the predicted decrease that a step must bring (Armijo)
SHRINK = 0.5  # factor of the backtracking
ROUNDING = 4 * np.finfo(np.float64).eps  # relative rise of f that counts as rounding
HALVINGS = 60  # then the step is below rounding


def newton_logistic(X, y, lam, T):
    r"""Newton's method for logistic regression with an L2 penalty, from w = 0.

    Equation:
        C(w) = (1/n) sum_i [log(1 + exp z_i) - y_i z_i] + (lam/2) |w|^2,  z = X w,  p = sigma(z)
        g = (1/n) X'(p - y) + lam w,  H = (1/n) X' diag(p (1 - p)) X + lam I,  w <- w - H^-1 g, T times

    Args:
        X: (n, p) float. Design matrix, one sample a row, n at least 1.
        y: (n,) int. Labels in [0, 2).
        lam: float. Penalty, above 0.
        T: int. Number of steps, at least 0.

    Returns:
        w (p,) array, losses (T + 1,) array, dtype of X: losses[t] is the cost after t steps.

    Raises:
        ShapeError: X is not (n, p) with n at least 1, y is not (n,), or lam is not a scalar.
        RangeError: labels other than 0 and 1, lam is not above 0, or T is not an integer of at least 0.

    Stability:
        H is at least lam I, so the system has one solution, also for columns that repeat each other; it is solved, not
        inverted. The loss is written in z and never takes log(0). Full steps converge quadratically near the minimum;
        far from it the cost may rise.

    Source:
        Liquet, Moka, Nazarathy, chapter 3 (model), chapter 4 (Newton's method). No bias: X has a column of ones where
        one is wanted, and then it is penalised, too.

    >>> w, losses = newton_logistic(np.array([[2.0], [-2.0]]), np.array([1, 0]), lam=1.0, T=1)
    >>> w, losses.round(4)
    (array([0.5]), array([0.6931, 0.4383]))
    """
    T = _check.count("newton_logistic", "T", T, 0)
    X = _check.real("newton_logistic", "X", X, 2)
    _check.nonempty("newton_logistic", X)
    y = _check.binary("newton_logistic", "y", y, len(X)).astype(X.dtype)
    lam = _check.scalar("newton_logistic", "lam", lam)
    if not lam > 0:
        raise RangeError(f"newton_logistic: got lam = {lam}, expected a number above 0.")
    w = np.zeros(X.shape[1], X.dtype)
    losses = [_penalised_loss(X, y, lam, w)]
    for _ in range(T):
        p = sigmoid(X @ w)
        g = X.T @ (p - y) / len(X) + lam * w
        H = (X.T * (p * (1 - p))) @ X / len(X) + lam * np.eye(len(w), dtype=X.dtype)  # (p, p)
        w = w - np.linalg.solve(H, g)
        losses.append(_penalised_loss(X, y, lam, w))
    return w, np.array(losses, X.dtype)


def _penalised_loss(X, y, lam, w):
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z) + lam / 2 * (w @ w)


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


def lbfgs_direction(g, S, Y):
    r"""Quasi-Newton direction from the last m steps, by the two-loop recursion of L-BFGS.

    Equation:
        q = g;  for k = m, ..., 1:  a_k = rho_k s_k'q,  q <- q - a_k y_k        with rho_k = 1 / y_k's_k
        r = gamma q,  gamma = s_m'y_m / y_m'y_m
        for k = 1, ..., m:  r <- r + (a_k - rho_k y_k'r) s_k;  the direction is -r

    Args:
        g: (d,) float. Gradient.
        S: (m, d) float. Steps s_k, the oldest first; m may be 0.
        Y: (m, d) float. Changes y_k of the gradient over these steps.

    Returns:
        (d,) array, -H g for the H that m updates of BFGS make of gamma I; -g for m = 0.

    Raises:
        ShapeError: g is not (d,), S is not (m, d), or Y is not (m, d).
        RangeError: y_k's_k is 0 for a pair.

    Stability:
        It descends when y_k's_k > 0 for every pair. Pairs of negative curvature are for the caller to leave out.

    Source:
        Nocedal, Wright: Numerical Optimization (2006), algorithm 7.4 and equation 7.20; Liquet, Moka, Nazarathy,
        chapter 4. Differs from it: the direction -H g is returned, the oldest pair stands first.

    >>> lbfgs_direction(np.array([2.0, 0.0]), np.array([[1.0, 0.0]]), np.array([[2.0, 1.0]]))
    array([-1.2,  0.4])
    """
    g = _check.real("lbfgs_direction", "g", g, 1)
    S, Y = _check.real("lbfgs_direction", "S", S, 2), _check.real("lbfgs_direction", "Y", Y, 2)
    _check.same_shape("lbfgs_direction", "S", S, (len(S), len(g)))
    _check.same_shape("lbfgs_direction", "Y", Y, S.shape)
    curvature = np.sum(S * Y, axis=1)  # (m,), y_k's_k
    if not curvature.all():
        raise RangeError("lbfgs_direction: got a pair with y_k's_k = 0, expected curvature along every step.")
    if len(S) == 0:
        return -g
    q, a = g, np.zeros(len(S), np.result_type(g, S, Y))
    for k in reversed(range(len(S))):
        a[k] = S[k] @ q / curvature[k]
        q = q - a[k] * Y[k]
    r = curvature[-1] / (Y[-1] @ Y[-1]) * q
    for k in range(len(S)):
        r = r + (a[k] - Y[k] @ r / curvature[k]) * S[k]
    return -r
