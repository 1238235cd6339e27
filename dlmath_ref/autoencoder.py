"""The shallow autoencoder: one hidden layer that reconstructs its input."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError

__all__ = ["autoencoder_loss_grad"]


def autoencoder_loss_grad(params, X):
    r"""Reconstruction error of a one-hidden-layer autoencoder, with its gradient.

    Equation:
        H = tanh(X W1' + 1 b1'),  Xhat = H W2' + 1 b2',  C = (1/n) sum_i |xhat_i - x_i|^2
        Delta2 = (2/n) (Xhat - X),             g_W2 = Delta2' H,  g_b2 = Delta2' 1
        Delta1 = (Delta2 W2) * (1 - H * H),    g_W1 = Delta1' X,  g_b1 = Delta1' 1

    Args:
        params: tuple of (m, p), (m,), (p, m), (p,) float. W1, b1, W2, b2.
        X: (n, p) float. Design matrix, one sample a row, n at least 1.

    Returns:
        C float, and the gradients (g_W1, g_b1, g_W2, g_b2) with the shapes of params and their dtype and X's.

    Raises:
        ShapeError: W1 is not (m, p), b1 not (m,), W2 not (p, m), b2 not (p,), X not (n, p), or n is 0.
        RangeError: params are not four arrays.

    Stability:
        tanh and its derivative 1 - tanh^2 do not overflow.

    Source:
        Liquet, Moka, Nazarathy, chapter 3. Squared norms are averaged over samples, not over entries as in
        torch's mse_loss.

    >>> params = np.zeros((1, 2)), np.zeros(1), np.zeros((2, 1)), np.zeros(2)
    >>> C, gradients = autoencoder_loss_grad(params, np.array([[1.0, 2.0]]))
    >>> C, gradients[3]
    (5.0, array([-2., -4.]))
    """
    X = _check.real("autoencoder_loss_grad", "X", X, 2)
    _check.nonempty("autoencoder_loss_grad", X)
    W1, b1, W2, b2 = _parameters(params, X.shape[1])
    H = np.tanh(X @ W1.T + b1)  # (n, m)
    error = H @ W2.T + b2 - X  # (n, p)
    loss = np.sum(error**2) / len(X)
    delta2 = 2 / len(X) * error
    delta1 = (delta2 @ W2) * (1 - H * H)
    return float(loss), (delta1.T @ X, delta1.sum(0), delta2.T @ H, delta2.sum(0))


def _parameters(params, p):
    where = "autoencoder_loss_grad"
    if len(params) != 4:
        raise RangeError(f"{where}: got {len(params)} parameters, expected W1, b1, W2, b2.")
    names = ("W1", "b1", "W2", "b2")
    arrays = [_check.real(where, name, x) for name, x in zip(names, params, strict=True)]
    m = len(_check.real(where, "b1", params[1], 1))
    for name, array, shape in zip(names, arrays, ((m, p), (m,), (p, m), (p,)), strict=True):
        _check.same_shape(where, name, array, shape)
    return arrays
