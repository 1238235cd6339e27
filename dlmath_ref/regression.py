"""Linear regression in closed form and by gradient descent; how the error of a fitted model splits."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["bias_variance", "gd_linear", "least_squares"]


def least_squares(X, y, lam=0.0):
    r"""Linear model with intercept of least mean squared error, with or without a ridge penalty.

    Equation:
        min over b, beta of (1/n) sum_i (y_i - b - x_i'beta)^2 + lam |beta|^2
        beta = V diag(s / (s^2 + n lam)) U'(y - mean y) with X - mean x = U diag(s) V',  b = mean y - beta'mean x

    Args:
        X: (n, p) float. Design matrix without a column of ones, one sample a row, n at least 1.
        y: (n,) float. Targets.
        lam: float. Ridge penalty, at least 0; the intercept is not penalised.

    Returns:
        beta (p,) array, dtype of X and y, and b float. For lam = 0 and a centred X without full column rank:
        of all minimisers the one with the shortest beta.

    Raises:
        ShapeError: X is not (n, p) with n at least 1, y is not (n,), or lam is not a scalar.
        RangeError: lam is negative or not a number.

    Stability:
        The columns are centred and X'X is not formed. Singular values of at most max(n, p) eps s_max count as 0,
        with the machine epsilon of the dtype.

    Source:
        Liquet, Moka, Nazarathy, chapter 2 (linear model, ridge). Differs from scikit-learn's Ridge: the data term is
        a mean, so its alpha is n lam here.

    >>> beta, b = least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]), lam=1.0)
    >>> beta.round(4), round(b, 4)
    (array([0.8]), 2.2)
    """
    X, y = _check.real("least_squares", "X", X, 2), _check.real("least_squares", "y", y, 1)
    _check.nonempty("least_squares", X)
    _check.same_shape("least_squares", "y", y, (len(X),))
    lam = _check.scalar("least_squares", "lam", lam)
    if not lam >= 0:
        raise RangeError(f"least_squares: got lam = {lam}, expected a number of at least 0.")
    x_mean, y_mean = X.mean(0), y.mean()
    U, s, Vt = np.linalg.svd(X - x_mean, full_matrices=False)  # (n, r), (r,), (r, p)
    kept = s > max(X.shape) * np.finfo(X.dtype).eps * s.max(initial=0)
    shrunk = np.zeros_like(s)
    shrunk[kept] = s[kept] / (s[kept] ** 2 + len(X) * lam)
    beta = Vt.T @ (shrunk * (U.T @ (y - y_mean)))
    return beta, float(y_mean - x_mean @ beta)


def gd_linear(X, y, theta0, alpha, T):
    r"""Gradient descent on the mean squared error of a linear model, with every iterate.

    Equation:
        C(theta) = (1/n) |y - X theta|^2
        theta_t = theta_tm1 - alpha (2/n) X'(X theta_tm1 - y),  t = 1, ..., T

    Args:
        X: (n, p) float. Design matrix, one sample a row, n at least 1; for an intercept it has a column of ones.
        y: (n,) float. Targets.
        theta0: (p,) float. Parameters at the start.
        alpha: float. Learning rate.
        T: int. Number of steps, at least 0.

    Returns:
        (T + 1, p) array, dtype of X, y and theta0: row t holds the parameters after t steps, row 0 is theta0.

    Raises:
        ShapeError: X is not (n, p) with n at least 1, y is not (n,), theta0 is not (p,), or alpha is not a scalar.
        RangeError: T is not an integer of at least 0.

    Stability:
        Converges to a minimiser for 0 < alpha < n / lambda_max with lambda_max the largest eigenvalue of X'X;
        beyond that it diverges, without a warning until it overflows.

    Source:
        Liquet, Moka, Nazarathy, chapter 2 (gradient descent for the linear model).

    >>> gd_linear(np.array([[1.0], [2.0]]), np.array([2.0, 4.0]), np.array([0.0]), alpha=0.1, T=2).ravel()
    array([0. , 1. , 1.5])
    """
    T = _check.count("gd_linear", "T", T, 0)
    X, y = _check.real("gd_linear", "X", X, 2), _check.real("gd_linear", "y", y, 1)
    theta = _check.real("gd_linear", "theta0", theta0, 1)
    _check.nonempty("gd_linear", X)
    _check.same_shape("gd_linear", "y", y, (len(X),))
    _check.same_shape("gd_linear", "theta0", theta, X.shape[1:])
    alpha = _check.scalar("gd_linear", "alpha", alpha)
    trace = np.empty((T + 1, len(theta)), np.result_type(X, y, theta))
    trace[0] = theta
    for t in range(T):
        gradient = 2 / len(X) * (X.T @ (X @ trace[t] - y))
        trace[t + 1] = trace[t] - alpha * gradient
    return trace


def bias_variance(preds, f, sigma2):
    r"""Expected squared error of a learning method, split into bias, variance and noise.

    Equation:
        pbar_j = (1/R) sum_r p_rj
        bias2 = (1/m) sum_j (pbar_j - f_j)^2,  var = (1/m) sum_j (1/R) sum_r (p_rj - pbar_j)^2
        total = bias2 + var + sigma2

    Args:
        preds: (R, m) float. Row r holds the predictions at m points of a model trained on the r-th of R
            independent training sets, R and m at least 1.
        f: (m,) float. The true regression function at these points.
        sigma2: float. Variance of the noise of a new observation, at least 0.

    Returns:
        tuple of three floats, (bias2, var, total).

    Raises:
        ShapeError: preds is not (R, m) with R and m at least 1, f is not (m,), or sigma2 is not a scalar.
        RangeError: sigma2 is negative or not a number.

    Stability:
        var is a mean of squared deviations, so it is never negative and loses no digits to large predictions.

    Source:
        Liquet, Moka, Nazarathy, chapter 2 (bias and variance). 1/R, not 1/(R - 1): so bias2 + var is exactly the
        mean of (p_rj - f_j)^2.

    >>> bias_variance(np.array([[1.0, 4.0], [3.0, 4.0]]), np.array([1.0, 5.0]), sigma2=0.25)
    (1.0, 0.5, 1.75)
    """
    preds, f = _check.real("bias_variance", "preds", preds, 2), _check.real("bias_variance", "f", f, 1)
    if preds.size == 0:
        raise ShapeError(f"bias_variance: got preds of shape {preds.shape}, expected at least one row and column.")
    _check.same_shape("bias_variance", "f", f, preds.shape[1:])
    sigma2 = _check.scalar("bias_variance", "sigma2", sigma2)
    if not sigma2 >= 0:
        raise RangeError(f"bias_variance: got sigma2 = {sigma2}, expected a number of at least 0.")
    bias2 = float(np.mean((preds.mean(0) - f) ** 2))
    var = float(np.mean(preds.var(0)))
    return bias2, var, bias2 + var + sigma2
