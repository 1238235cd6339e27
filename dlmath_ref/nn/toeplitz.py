"""Convolution as a matrix: Toeplitz in one dimension, block Toeplitz in two; how large its output is."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["conv2d_matrix", "conv_output_size", "conv_toeplitz", "corr_valid_matrix"]


def conv_toeplitz(w, n):
    r"""The matrix of the full convolution with w: T x = w * x.

    Equation:
        (w * x)_i = sum_j w_{i-j} x_j,  so  T[i, j] = w_{i-j} for 0 <= i - j < k, else 0

    Args:
        w: (k,) float. The filter, k at least 1.
        n: int in {1, ...}. Length of x.

    Returns:
        (n + k - 1, n) array, dtype of w. Rows are outputs, columns are inputs.

    Raises:
        ShapeError: w is not (k,) with k at least 1.
        RangeError: n is not an integer of at least 1.

    Stability:
        Entries are copied; nothing is computed.

    Source:
        Liquet, Moka, Nazarathy, chapter 6, on the convolution operation. Indices count from 0.

    >>> conv_toeplitz(np.array([1.0, 2.0]), 2)
    array([[1., 0.],
           [2., 1.],
           [0., 2.]])
    """
    w = _filter("conv_toeplitz", "w", w, 1)
    n = _check.count("conv_toeplitz", "n", n, 1)
    T = np.zeros((n + len(w) - 1, n), w.dtype)
    j = np.arange(n)
    for a, w_a in enumerate(w):
        T[j + a, j] = w_a  # the a-th diagonal below the main one
    return T


def corr_valid_matrix(w, n):
    r"""The matrix of the cross-correlation with w where w lies inside x: M x = w star x.

    Equation:
        (w star x)_i = sum_a w_a x_{i+a} for 0 <= i <= n - k,  so  M[i, j] = w_{j-i} for 0 <= j - i < k, else 0

    Args:
        w: (k,) float. The filter, k at least 1.
        n: int in {2, ...}. Length of x, at least k.

    Returns:
        (n - k + 1, n) array, dtype of w. Rows are outputs, columns are inputs.

    Raises:
        ShapeError: w is not (k,) with k at least 1.
        RangeError: n is not an integer of at least k.

    Stability:
        Entries are copied; nothing is computed.

    Source:
        Liquet, Moka, Nazarathy, chapter 6. It equals rows k-1, ..., n-1 of conv_toeplitz of the reversed filter.

    >>> corr_valid_matrix(np.array([1.0, 2.0]), 3)
    array([[1., 2., 0.],
           [0., 1., 2.]])
    """
    w = _filter("corr_valid_matrix", "w", w, 1)
    n = _check.count("corr_valid_matrix", "n", n, len(w))
    M = np.zeros((n - len(w) + 1, n), w.dtype)
    i = np.arange(len(M))
    for a, w_a in enumerate(w):
        M[i, i + a] = w_a  # the a-th diagonal above the main one
    return M


def conv2d_matrix(K, H, W):
    r"""The matrix of one 2-D filter: M vec(X) = vec(K star X), images written row by row.

    Equation:
        (K star X)_{i,j} = sum_{a,b} K_{a,b} X_{i+a,j+b},
        so  M[i ow + j, (i + a) W + (j + b)] = K_{a,b},  oh = H - kh + 1, ow = W - kw + 1

    Args:
        K: (kh, kw) float. The filter.
        H: int in {3, ...}. Height of the image, at least kh.
        W: int in {2, ...}. Width of the image, at least kw.

    Returns:
        (oh ow, H W) array, dtype of K: oh x oh blocks, constant along the diagonals, each itself Toeplitz.

    Raises:
        ShapeError: K is not (kh, kw) with kh and kw at least 1.
        RangeError: H or W is not an integer of at least kh or kw.

    Stability:
        Entries are copied; nothing is computed.

    Source:
        Liquet, Moka, Nazarathy, chapter 6, there for the convolution; here without reversal, as networks do.

    >>> conv2d_matrix(np.array([[1.0, 2.0], [3.0, 4.0]]), 2, 3)
    array([[1., 2., 0., 3., 4., 0.],
           [0., 1., 2., 0., 3., 4.]])
    """
    K = _filter("conv2d_matrix", "K", K, 2)
    kh, kw = K.shape
    H, W = _check.count("conv2d_matrix", "H", H, kh), _check.count("conv2d_matrix", "W", W, kw)
    oh, ow = H - kh + 1, W - kw + 1
    M = np.zeros((oh * ow, H * W), K.dtype)
    i, j = np.divmod(np.arange(oh * ow), ow)  # the output pixel of each row
    for a, b in np.ndindex(kh, kw):
        M[i * ow + j, (i + a) * W + (j + b)] = K[a, b]
    return M


def conv_output_size(h, k, stride=1, pad=0, dilation=1):
    r"""How many outputs a convolution has along one axis.

    Equation:
        floor((h + 2 p - d (k - 1) - 1) / s) + 1

    Args:
        h: int in {1, ...}. Size of the input.
        k: int in {1, ...}. Size of the kernel.
        stride: int in {1, ...}. Step s from window to window.
        pad: int in {0, ...}. Zeros p added at each of the two ends.
        dilation: int in {1, ...}. Distance d of neighbouring kernel entries.

    Returns:
        int of at least 1.

    Raises:
        RangeError: an argument is no integer or too small, or the kernel does not fit the padded input.

    Stability:
        Integers only.

    Source:
        Liquet, Moka, Nazarathy, chapter 6, on stride, padding and dilation. Same as torch.nn.Conv2d.

    >>> conv_output_size(224, 3, stride=1, pad=1)
    224
    """
    where = "conv_output_size"
    h, k = _check.count(where, "h", h, 1), _check.count(where, "k", k, 1)
    stride, dilation = _check.count(where, "stride", stride, 1), _check.count(where, "dilation", dilation, 1)
    pad = _check.count(where, "pad", pad, 0)
    span = dilation * (k - 1) + 1  # from the first to the last input that the kernel touches
    if span > h + 2 * pad:
        raise RangeError(f"{where}: got a kernel that spans {span} of {h + 2 * pad} padded inputs, expected it to fit.")
    return (h + 2 * pad - span) // stride + 1


def _filter(where, name, w, ndim):
    """A filter of at least one entry."""
    w = _check.real(where, name, w, ndim)
    if w.size == 0:
        raise ShapeError(f"{where}: got {name} of shape {w.shape}, expected at least one entry.")
    return w
