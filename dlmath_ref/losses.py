"""Sigmoid, softmax and the two cross-entropies, with gradients, in forms that do not overflow."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import ShapeError

__all__ = ["bce_loss_grad", "log_sigmoid", "logsumexp", "sigmoid", "softmax", "softmax_ce_grad"]


def sigmoid(z):
    r"""Logistic sigmoid of each entry.

    Equation:
        sigma(z) = 1 / (1 + exp(-z))

    Args:
        z: (...) float. Any shape; any value.

    Returns:
        Array of the shape and dtype of z, entries in [0, 1].

    Raises:
        RangeError: z is not real.

    Stability:
        Only exp(-|z|) is taken, which lies in [0, 1]: no overflow, and for z < 0 full relative
        accuracy until exp underflows near z = -745.

    Source:
        Liquet, Moka, Nazarathy, chapter 3.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    z = _check.real("sigmoid", "z", z)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def log_sigmoid(z):
    r"""Logarithm of the logistic sigmoid of each entry.

    Equation:
        log sigma(z) = min(z, 0) - log(1 + exp(-|z|))

    Args:
        z: (...) float. Any shape; any value.

    Returns:
        Array of the shape and dtype of z, entries at most 0.

    Raises:
        RangeError: z is not real.

    Stability:
        The logarithm is taken of a number in [1, 2] through log1p, never of 0: z = -1000 gives -1000.

    Source:
        Liquet, Moka, Nazarathy, chapter 3.

    >>> log_sigmoid(np.array([-1000.0, 0.0])).round(4)
    array([-1.000e+03, -6.931e-01])
    """
    z = _check.real("log_sigmoid", "z", z)
    return np.asarray(np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z))))


def logsumexp(Z, axis=-1):
    r"""Logarithm of the sum of exponentials along one axis.

    Equation:
        lse(z) = m + log sum_k exp(z_k - m),  m = max_k z_k

    Args:
        Z: (...) float. At least one axis; any finite value.
        axis: int. The axis that is summed over and removed.

    Returns:
        Array of the dtype of Z, without `axis`.

    Raises:
        ShapeError: Z has no such axis, or it has length 0.
        RangeError: Z is not real.

    Stability:
        The maximum along the axis is subtracted before exp and added again, so that every exponent
        is at most 0 and one of them is 0.

    Source:
        Liquet, Moka, Nazarathy, chapter 3.

    >>> logsumexp(np.array([[1000.0, 1000.0], [1.0, 1.0]])) - [1000, 1]
    array([0.69314718, 0.69314718])
    """
    Z = _check.real("logsumexp", "Z", Z)
    m = _max_along("logsumexp", Z, axis)
    return np.asarray(np.squeeze(m, axis) + np.log(np.exp(Z - m).sum(axis)))


def softmax(Z, axis=-1):
    r"""Softmax along one axis.

    Equation:
        softmax(z)_k = exp(z_k - m) / sum_j exp(z_j - m),  m = max_k z_k

    Args:
        Z: (...) float. At least one axis; any finite value.
        axis: int. The axis along which the probabilities sum to 1.

    Returns:
        Array of the shape and dtype of Z.

    Raises:
        ShapeError: Z has no such axis, or it has length 0.
        RangeError: Z is not real.

    Stability:
        The maximum along the axis is subtracted before exp; the denominator is at least 1.

    Source:
        Liquet, Moka, Nazarathy, chapter 3.

    >>> softmax(np.array([[1000.0, 1000.0], [0.0, np.log(3)]]))
    array([[0.5 , 0.5 ],
           [0.25, 0.75]])
    """
    Z = _check.real("softmax", "Z", Z)
    e = np.exp(Z - _max_along("softmax", Z, axis))
    return e / e.sum(axis, keepdims=True)


def _max_along(where, Z, axis):
    if not -Z.ndim <= axis < Z.ndim or Z.shape[axis] == 0:
        raise ShapeError(f"{where}: got Z of shape {Z.shape}, expected entries along axis {axis}.")
    return Z.max(axis, keepdims=True)


def bce_loss_grad(w, b, X, y):
    r"""Binary cross-entropy of a sigmoid neuron, with its gradient.

    Equation:
        z = X w + b
        C = (1/n) sum_i [log(1 + exp z_i) - y_i z_i]
        g_w = (1/n) X' (sigma(z) - y)
        g_b = (1/n) sum_i (sigma(z_i) - y_i)

    Args:
        w: (p,) float. Weights.
        b: float. Bias.
        X: (n, p) float. Design matrix, one sample a row, n at least 1.
        y: (n,) int. Labels in [0, 2).

    Returns:
        C float, g_w (p,) array with dtype of w and X, g_b float.

    Raises:
        ShapeError: w is not (p,), X is not (n, p), y is not (n,), b is not a scalar, or n is 0.
        RangeError: labels other than 0 and 1.

    Stability:
        The loss is written in the logits: log(1 + exp z) = -log sigma(-z), so z = 1000 does not overflow
        and no logarithm of 0 is taken.

    Source:
        Liquet, Moka, Nazarathy, chapter 3. As torch's binary_cross_entropy_with_logits, mean reduction.

    >>> bce_loss_grad(np.zeros(1), 0.0, np.array([[1.0], [3.0]]), np.array([0, 1]))
    (0.6931471805599453, array([-0.5]), 0.0)
    """
    w = _check.real("bce_loss_grad", "w", w, 1)
    X = _check.real("bce_loss_grad", "X", X, 2)
    _check.nonempty("bce_loss_grad", X)
    _check.same_shape("bce_loss_grad", "w", w, X.shape[1:])
    y = _check.binary("bce_loss_grad", "y", y, len(X)).astype(X.dtype)
    z = X @ w + _check.scalar("bce_loss_grad", "b", b)
    residual = sigmoid(z) - y  # (n,)
    loss = np.mean(-log_sigmoid(-z) - y * z)
    return float(loss), X.T @ residual / len(X), float(residual.mean())


def softmax_ce_grad(W, b, X, y):
    r"""Cross-entropy of softmax regression, with its gradient.

    Equation:
        Z = X W' + 1 b'
        C = (1/n) sum_i [lse(z_i) - z_{i, y_i}]
        Delta = (softmax(Z) - Y) / n,  Y the one-hot rows of y
        g_W = Delta' X,  g_b = Delta' 1

    Args:
        W: (K, p) float. Weights, one row for each class.
        b: (K,) float. Biases.
        X: (n, p) float. Design matrix, one sample a row, n at least 1.
        y: (n,) int. Class indices in [0, K).

    Returns:
        C float, g_W (K, p) array, g_b (K,) array, dtype of W, b and X.

    Raises:
        ShapeError: W is not (K, p), b is not (K,), X is not (n, p), y is not (n,), or n is 0.
        RangeError: labels are not integers in [0, K).

    Stability:
        The loss uses log-sum-exp of the logits; log(softmax) would be -inf for large gaps.

    Source:
        Liquet, Moka, Nazarathy, chapter 3. As torch's cross_entropy, mean reduction.

    >>> C, gW, gb = softmax_ce_grad(np.zeros((2, 1)), np.zeros(2), np.array([[2.0]]), np.array([1]))
    >>> round(C, 4), gW, gb
    (0.6931, array([[ 1.],
           [-1.]]), array([ 0.5, -0.5]))
    """
    W = _check.real("softmax_ce_grad", "W", W, 2)
    X = _check.real("softmax_ce_grad", "X", X, 2)
    b = _check.real("softmax_ce_grad", "b", b)
    _check.nonempty("softmax_ce_grad", X)
    _check.same_shape("softmax_ce_grad", "W", W, (len(W), X.shape[1]))
    _check.same_shape("softmax_ce_grad", "b", b, (len(W),))
    y = _check.labels("softmax_ce_grad", "y", y, len(X), len(W))
    Z = X @ W.T + b  # (n, K)
    rows = np.arange(len(X))
    loss = np.mean(logsumexp(Z) - Z[rows, y])
    delta = softmax(Z)
    delta[rows, y] -= 1
    delta /= len(X)
    return float(loss), delta.T @ X, delta.sum(0)
