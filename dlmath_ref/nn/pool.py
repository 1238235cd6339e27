"""Pooling of images over square windows: the largest entry or the mean, forward and backward."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["avgpool", "avgpool_backward", "maxpool", "maxpool_backward"]


def maxpool(X, k, stride, pad=0):
    r"""The largest entry of every k x k window.

    Equation:
        y[n, c, i, j] = max over 0 <= a, b < k of X_pad[n, c, i stride + a, j stride + b],  X padded by -infinity

    Args:
        X: (N, C, H, W) float. Images.
        k: int. Height and width of a window, in {1, ...}.
        stride: int. Distance between two windows, in {1, ...}.
        pad: int. Rows and columns added on each side, in {0, ...}, at most k / 2.

    Returns:
        (N, C, H', W') array, dtype of X; H' = floor((H + 2 pad - k) / stride) + 1, W' likewise.

    Raises:
        ShapeError: X is not (N, C, H, W), or a window does not fit in it.
        RangeError: k, stride or pad is not an integer in its range.

    Stability:
        Exact. With pad at most k / 2 every window holds an entry of X, so padding never wins.

    Source:
        Liquet, Moka, Nazarathy, chapter 6. As torch's max_pool2d.

    >>> maxpool(np.arange(16.0).reshape(1, 1, 4, 4), k=2, stride=2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    X, k, stride, pad = _arguments("maxpool", X, k, stride, pad)
    return _windows(X, k, stride, pad, -np.inf).max((-2, -1))


def maxpool_backward(g, X, k, stride, pad=0):
    r"""Gradient with respect to the images: each window hands its gradient to its largest entry.

    Equation:
        g_X[n, c, p, q] = sum of g[n, c, i, j] over the windows (i, j) whose first maximum, row by row, is at (p, q)

    Args:
        g: (N, C, H', W') float. Gradient with respect to maxpool(X, k, stride, pad).
        X: (N, C, H, W) float. Images.
        k: int. Height and width of a window, in {1, ...}.
        stride: int. Distance between two windows, in {1, ...}.
        pad: int. Rows and columns added on each side, in {0, ...}, at most k / 2.

    Returns:
        (N, C, H, W) array, dtype of X.

    Raises:
        ShapeError: X is not (N, C, H, W), a window does not fit in it, or g has not the shape of the output.
        RangeError: k, stride or pad is not an integer in its range.

    Stability:
        Sums of entries of g only. At ties maxpool has no derivative; the first maximum in row-major order is taken.

    Source:
        Liquet, Moka, Nazarathy, chapter 6. As torch's max_pool2d, at ties too.

    >>> maxpool_backward(np.array([[[[3.0]]]]), np.array([[[[1.0, 2.0], [2.0, 0.0]]]]), k=2, stride=2)
    array([[[[0., 3.],
             [0., 0.]]]])
    """
    X, k, stride, pad = _arguments("maxpool_backward", X, k, stride, pad)
    windows = _windows(X, k, stride, pad, -np.inf)
    g = _upstream("maxpool_backward", g, X, windows)
    first = windows.reshape(*g.shape, k * k).argmax(-1)  # (N, C, H', W'): place of the maximum in its window
    n, c, i, j = np.indices(g.shape)
    g_X = _padded(np.zeros_like(X), pad, 0)
    np.add.at(g_X, (n, c, i * stride + first // k, j * stride + first % k), g)
    return _cropped(g_X, pad)


def avgpool(X, k, stride, pad=0):
    r"""The mean of every k x k window; padding counts as zeros.

    Equation:
        y[n, c, i, j] = (1 / k^2) sum over 0 <= a, b < k of X_pad[n, c, i stride + a, j stride + b]

    Args:
        X: (N, C, H, W) float. Images.
        k: int. Height and width of a window, in {1, ...}.
        stride: int. Distance between two windows, in {1, ...}.
        pad: int. Rows and columns added on each side, in {0, ...}, at most k / 2.

    Returns:
        (N, C, H', W') array, dtype of X; H' = floor((H + 2 pad - k) / stride) + 1, W' likewise.

    Raises:
        ShapeError: X is not (N, C, H, W), or a window does not fit in it.
        RangeError: k, stride or pad is not an integer in its range.

    Stability:
        A sum of k^2 terms divided once.

    Source:
        Liquet, Moka, Nazarathy, chapter 6. As torch's avg_pool2d, which counts padding, too.

    >>> avgpool(np.arange(16.0).reshape(1, 1, 4, 4), k=2, stride=2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    X, k, stride, pad = _arguments("avgpool", X, k, stride, pad)
    return _windows(X, k, stride, pad, 0).mean((-2, -1))


def avgpool_backward(g, X, k, stride, pad=0):
    r"""Gradient with respect to the images: each window hands 1/k^2 of its gradient to each of its entries.

    Equation:
        g_X[n, c, p, q] = (1 / k^2) sum of g[n, c, i, j] over the windows (i, j) that hold the pixel (p, q)

    Args:
        g: (N, C, H', W') float. Gradient with respect to avgpool(X, k, stride, pad).
        X: (N, C, H, W) float. Images; only their shape matters.
        k: int. Height and width of a window, in {1, ...}.
        stride: int. Distance between two windows, in {1, ...}.
        pad: int. Rows and columns added on each side, in {0, ...}, at most k / 2.

    Returns:
        (N, C, H, W) array, dtype of X.

    Raises:
        ShapeError: X is not (N, C, H, W), a window does not fit in it, or g has not the shape of the output.
        RangeError: k, stride or pad is not an integer in its range.

    Stability:
        Sums of at most k^2 terms.

    Source:
        The adjoint of avgpool, which is linear; Liquet, Moka, Nazarathy, chapter 6. As torch's avg_pool2d.

    >>> avgpool_backward(np.array([[[[4.0]]]]), np.zeros((1, 1, 2, 3)), k=2, stride=2)
    array([[[[1., 1., 0.],
             [1., 1., 0.]]]])
    """
    X, k, stride, pad = _arguments("avgpool_backward", X, k, stride, pad)
    g = _upstream("avgpool_backward", g, X, _windows(X, k, stride, pad, 0))
    rows, columns = (stride * m for m in g.shape[2:])
    g_X = _padded(np.zeros_like(X), pad, 0)
    for a in range(k):
        for b in range(k):
            g_X[:, :, a : a + rows : stride, b : b + columns : stride] += g / k**2
    return _cropped(g_X, pad)


def _arguments(where, X, k, stride, pad):
    X = _check.real(where, "X", X, 4)
    k, stride, pad = (_check.count(where, *x) for x in (("k", k, 1), ("stride", stride, 1), ("pad", pad, 0)))
    if 2 * pad > k:
        raise RangeError(f"{where}: got pad = {pad}, expected at most k / 2 = {k / 2}.")
    if min(X.shape[2:]) + 2 * pad < k:
        raise ShapeError(f"{where}: got X of shape {X.shape}, expected room for a {k} x {k} window.")
    return X, k, stride, pad


def _padded(X, pad, value):
    return np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=value)


def _cropped(X, pad):
    return X[:, :, pad : X.shape[2] - pad, pad : X.shape[3] - pad]


def _windows(X, k, stride, pad, value):
    """(N, C, H', W', k, k): the windows of X, padded by a value."""
    return sliding_window_view(_padded(X, pad, value), (k, k), axis=(2, 3))[:, :, ::stride, ::stride]


def _upstream(where, g, X, windows):
    g = _check.real(where, "g", g)
    _check.same_shape(where, "g", g, windows.shape[:4])
    return g.astype(X.dtype, copy=False)
