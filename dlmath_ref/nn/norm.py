"""Batch normalisation of a fully connected layer, forward and backward."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["bn_backward", "bn_forward"]


def bn_forward(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    r"""Every feature centred, divided by its spread, then scaled by gamma and shifted by beta.

    Equation:
        zbar = (Z - mu) / sqrt(sigma^2 + eps),  ztilde = gamma zbar + beta
        in training: mu_j = (1/n) sum_i Z[i, j],  sigma^2_j = (1/n) sum_i (Z[i, j] - mu_j)^2
            running <- (1 - momentum) running + momentum (mu, n/(n-1) sigma^2);  the variance stays where n = 1
        in evaluation: mu and sigma^2 are the running ones, which stay as they are

    Args:
        Z: (n, d) float. A batch, one sample a row.
        gamma: (d,) float. Scale of each feature.
        beta: (d,) float. Shift of each feature.
        state: tuple of (d,), (d,) float. Running mean and running variance; variances at least 0.
        train: bool. Training or evaluation.
        momentum: float. Weight of the batch in the running statistics, in [0, 1].
        eps: float. Added to the variance, under the root; above 0.

    Returns:
        ztilde (n, d) array, state: tuple of two new (d,) arrays; dtype of Z.

    Raises:
        ShapeError: Z is not (n, d) with n at least 1, another array is not (d,), or a setting is not a scalar.
        RangeError: a running variance is below 0, momentum is not in [0, 1], or eps is not above 0.

    Stability:
        The variance is a mean of squared differences, not a difference of squares. A constant feature gives beta.

    Source:
        Ioffe and Szegedy (2015), algorithms 1 and 2; Liquet, Moka, Nazarathy, chapter 5. As torch's BatchNorm1d,
        which refuses a training batch of one sample.

    >>> Z, one = np.array([[1.0], [3.0]]), np.ones(1)
    >>> bn_forward(Z, 2 * one, 5 * one, (0 * one, one), True, momentum=0.5, eps=3.0)  # mean 2, variance 1 + 3
    (array([[4.],
           [6.]]), (array([1.]), array([1.5])))
    """
    Z, gamma = _batch("bn_forward", Z, gamma)
    beta, mean, variance = (_feature("bn_forward", name, x, Z) for name, x in _named(beta, state))
    momentum, eps = _check.scalar("bn_forward", "momentum", momentum), _eps("bn_forward", eps)
    if not 0 <= momentum <= 1:
        raise RangeError(f"bn_forward: got momentum = {momentum}, expected [0, 1].")
    if np.any(variance < 0):
        raise RangeError("bn_forward: got a running variance below 0, expected variances.")
    if not train:
        return gamma * ((Z - mean) / np.sqrt(variance + eps)) + beta, (mean.copy(), variance.copy())
    n, mu, sigma2 = len(Z), Z.mean(0), Z.var(0)
    mean = (1 - momentum) * mean + momentum * mu
    if n > 1:
        variance = (1 - momentum) * variance + momentum * (n / (n - 1)) * sigma2
    return gamma * ((Z - mu) / np.sqrt(sigma2 + eps)) + beta, (mean, variance.copy())


def bn_backward(g, Z, gamma, eps=1e-5):
    r"""Gradients of batch normalisation in training: also mu and sigma^2 depend on Z.

    Equation:
        zbar = (Z - mu) / s,  s = sqrt(sigma^2 + eps),  h = gamma g, all for each feature
        g_Z = (h - mean(h) - zbar mean(h zbar)) / s,  g_gamma = sum g zbar,  g_beta = sum g, over the samples

    Args:
        g: (n, d) float. Gradient with respect to the output ztilde.
        Z: (n, d) float. The batch that was normalised.
        gamma: (d,) float. Scale of each feature.
        eps: float. Added to the variance, under the root; above 0.

    Returns:
        g_Z (n, d), g_gamma (d,), g_beta (d,) arrays, dtype of Z.

    Raises:
        ShapeError: Z is not (n, d) with n at least 1, g is not like Z, gamma is not (d,), or eps is not a scalar.
        RangeError: eps is not above 0.

    Stability:
        For n = 2 the three terms of g_Z cancel but for a share eps / (sigma^2 + eps): as many digits are lost.

    Source:
        Ioffe and Szegedy (2015), section 3, its chain rule put together; Liquet, Moka, Nazarathy, chapter 5.

    >>> g_Z, g_gamma, g_beta = bn_backward(np.array([[2.0], [0.0]]), np.array([[1.0], [3.0]]), np.ones(1), eps=3.0)
    >>> g_Z.ravel(), g_gamma, g_beta  # s = 2, zbar = -1/2 and 1/2, h = g
    (array([ 0.375, -0.375]), array([-1.]), array([2.]))
    """
    Z, gamma = _batch("bn_backward", Z, gamma)
    g, eps = _check.real("bn_backward", "g", g).astype(Z.dtype, copy=False), _eps("bn_backward", eps)
    _check.same_shape("bn_backward", "g", g, Z.shape)
    s = np.sqrt(Z.var(0) + eps)
    zbar = (Z - Z.mean(0)) / s
    h = gamma * g
    g_Z = (h - h.mean(0) - zbar * (h * zbar).mean(0)) / s
    return g_Z, (g * zbar).sum(0), g.sum(0)


def _batch(where, Z, gamma):
    Z = _check.real(where, "Z", Z, 2)
    if len(Z) == 0:
        raise ShapeError(f"{where}: got Z of shape {Z.shape}, expected at least one row.")
    return Z, _feature(where, "gamma", gamma, Z)


def _feature(where, name, x, Z):
    """`x` as an array with one entry for each column of Z, of its dtype."""
    x = _check.real(where, name, x)
    _check.same_shape(where, name, x, Z.shape[1:])
    return x.astype(Z.dtype, copy=False)


def _named(beta, state):
    if len(state) != 2:
        raise ShapeError(f"bn_forward: got state of {len(state)} items, expected running mean and running variance.")
    return ("beta", beta), ("state[0]", state[0]), ("state[1]", state[1])


def _eps(where, eps):
    eps = _check.scalar(where, "eps", eps)
    if not eps > 0:
        raise RangeError(f"{where}: got eps = {eps}, expected a number above 0.")
    return eps
