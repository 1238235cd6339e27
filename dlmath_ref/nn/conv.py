"""Convolutional layers: forward, the three gradients, and their form as matrix products (im2col, col2im)."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dlmath_ref import _check
from dlmath_ref.errors import ShapeError

__all__ = ["col2im", "conv2d", "conv2d_backward", "im2col"]


def conv2d(X, K, b, stride=1, pad=0, dilation=1):
    r"""Convolutional layer: the cross-correlation of images with filters, plus a bias for each filter.

    Equation:
        y[n, f, i, j] = b_f + sum_{c,a,b} K[f, c, a, b] X_pad[n, c, i s + a d, j s + b d]

    Args:
        X: (N, C, H, W) float. Images.
        K: (F, C, kh, kw) float. Filters, each with a slice for every channel.
        b: (F,) float. Biases.
        stride: int in {1, ...}. Step s from window to window.
        pad: int in {0, ...}. Zeros added on each of the four sides: X_pad.
        dilation: int in {1, ...}. Distance d of neighbouring filter entries.

    Returns:
        (N, F, oh, ow) array, dtype of X, K and b; oh = floor((H + 2 pad - d (kh - 1) - 1) / s) + 1, ow likewise.

    Raises:
        ShapeError: X is not (N, C, H, W), K is not (F, C, kh, kw), b is not (F,), or a filter does not fit.
        RangeError: stride, pad or dilation is not an integer in its range.

    Stability:
        Sums of C kh kw products, as one matrix product.

    Source:
        Liquet, Moka, Nazarathy, chapter 6. Kernels are not flipped, as in networks. As torch's conv2d.

    >>> X = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    >>> conv2d(X, np.array([[[[1.0, 0.0], [0.0, 2.0]]]]), np.array([1.0]))
    array([[[[12., 15.],
             [21., 24.]]]])
    """
    X, K = _images_and_filters("conv2d", X, K)
    b = _check.real("conv2d", "b", b, 1)
    _check.same_shape("conv2d", "b", b, K.shape[:1])
    dilation = _check.count("conv2d", "dilation", dilation, 1)
    windows = _windows("conv2d", X, *K.shape[2:], stride, pad, dilation)
    F, oh, ow = len(K), *windows.shape[4:]
    Y = np.empty((len(X), F, oh, ow), np.result_type(X, K, b))
    for n in range(len(X)):  # one image at a time: its windows stay in the cache
        M = windows[n].reshape(-1, oh * ow)  # (C kh kw, oh ow): a column for each window
        Y[n] = (K.reshape(F, -1) @ M).reshape(F, oh, ow) + b[:, None, None]
    return Y


def conv2d_backward(g, X, K, stride=1, pad=0):
    r"""Gradients of a cost with respect to the input, the filters and the biases of a convolutional layer.

    Equation:
        g_K[f, c, a, b] = sum_{n,i,j} g[n, f, i, j] X_pad[n, c, i s + a, j s + b],  g_b[f] = sum_{n,i,j} g[n, f, i, j]
        g_X_pad[n, c, i s + a, j s + b] += sum_f g[n, f, i, j] K[f, c, a, b],  g_X is g_X_pad without its frame

    Args:
        g: (N, F, oh, ow) float. Gradient of the cost with respect to conv2d(X, K, b, stride, pad).
        X: (N, C, H, W) float. Images.
        K: (F, C, kh, kw) float. Filters.
        stride: int in {1, ...}. Step s from window to window.
        pad: int in {0, ...}. Zeros added on each of the four sides: X_pad.

    Returns:
        g_X (N, C, H, W), g_K (F, C, kh, kw), g_b (F,), arrays of the dtype of g, X and K.

    Raises:
        ShapeError: X is not (N, C, H, W), K is not (F, C, kh, kw), a filter does not fit, or g has not the shape of the
            output.
        RangeError: stride or pad is not an integer in its range.

    Stability:
        Sums of products, as two matrix products. Pixels that no window reaches have the gradient 0.

    Source:
        Liquet, Moka, Nazarathy, chapter 6; the layer is linear in X and in K, so these are its adjoints. As torch's.

    >>> X, K = np.arange(1.0, 10.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    >>> g_X, g_K, g_b = conv2d_backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), X, K)
    >>> g_X[0, 0], g_K[0, 0], g_b
    (array([[1., 2., 0.],
           [3., 6., 4.],
           [0., 6., 8.]]), array([[37., 47.],
           [67., 77.]]), array([10.]))
    """
    X, K = _images_and_filters("conv2d_backward", X, K)
    g = _check.real("conv2d_backward", "g", g, 4)
    windows = _windows("conv2d_backward", X, *K.shape[2:], stride, pad)
    N, F, oh, ow = len(X), len(K), *windows.shape[4:]
    _check.same_shape("conv2d_backward", "g", g, (N, F, oh, ow))
    M, g_Y = windows.reshape(N, -1, oh * ow), g.reshape(N, F, oh * ow)
    g_K = (g_Y @ M.transpose(0, 2, 1)).sum(0)  # for each image the layer is K @ M, where a column of M is a window
    g_M = K.reshape(F, -1).T @ g_Y  # (N, C kh kw, oh ow)
    return _added(g_M.reshape(windows.shape), X.shape, stride, pad), g_K.reshape(K.shape), g.sum((0, 2, 3))


def im2col(X, kh, kw, stride, pad):
    r"""All windows of images as the rows of a matrix.

    Equation:
        M[(n, i, j), (c, a, b)] = X_pad[n, c, i s + a, j s + b],
        so that conv2d(X, K, b) is M K.reshape(F, -1)' + b, with rows (n, i, j)

    Args:
        X: (N, C, H, W) float. Images.
        kh: int in {1, ...}. Height of a window.
        kw: int in {1, ...}. Width of a window.
        stride: int in {1, ...}. Step s from window to window.
        pad: int in {0, ...}. Zeros added on each of the four sides: X_pad.

    Returns:
        (N oh ow, C kh kw) array, dtype of X; oh = floor((H + 2 pad - kh) / s) + 1, ow likewise.

    Raises:
        ShapeError: X is not (N, C, H, W), or a window does not fit in it.
        RangeError: kh, kw, stride or pad is not an integer in its range.

    Stability:
        Entries are copied; nothing is computed.

    Source:
        The name is Matlab's. Torch's unfold gives the same numbers as (N, C kh kw, oh ow).

    >>> im2col(np.arange(1.0, 10.0).reshape(1, 1, 3, 3), 2, 2, stride=1, pad=0)
    array([[1., 2., 4., 5.],
           [2., 3., 5., 6.],
           [4., 5., 7., 8.],
           [5., 6., 8., 9.]])
    """
    X = _check.real("im2col", "X", X, 4)
    windows = _windows("im2col", X, kh, kw, stride, pad)
    N, C, _, _, oh, ow = windows.shape
    return np.array(windows.transpose(0, 4, 5, 1, 2, 3), order="C").reshape(N * oh * ow, C * kh * kw)


def col2im(M, shape, kh, kw, stride, pad):
    r"""The adjoint of im2col: every entry goes back to its pixel, where entries add up.

    Equation:
        X_pad[n, c, i s + a, j s + b] += M[(n, i, j), (c, a, b)],  X is X_pad without its frame,
        so that <im2col(X), M> = <X, col2im(M)>

    Args:
        M: (rows, columns) float. A row for each window (n, i, j), a column for each place (c, a, b) in it.
        shape: tuple (N, C, H, W) of int. Shape of the images.
        kh: int in {1, ...}. Height of a window.
        kw: int in {1, ...}. Width of a window.
        stride: int in {1, ...}. Step s from window to window.
        pad: int in {0, ...}. Zeros added on each of the four sides: X_pad.

    Returns:
        (N, C, H, W) array, dtype of M.

    Raises:
        ShapeError: M is not (N oh ow, C kh kw), shape does not hold four sizes, or a window does not fit in the images.
        RangeError: kh, kw, stride, pad or a size is not an integer in its range.

    Stability:
        Sums of at most kh kw entries.

    Source:
        The adjoint of im2col, as torch's fold is the adjoint of unfold.

    >>> col2im(np.ones((4, 4)), (1, 1, 3, 3), 2, 2, stride=1, pad=0)
    array([[[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]]])
    """
    M = _check.real("col2im", "M", M, 2)
    if len(shape) != 4:
        raise ShapeError(f"col2im: got shape = {shape}, expected (N, C, H, W).")
    N, C, H, W = (_check.count("col2im", "a size", size, 1) for size in shape)
    oh, ow = _outputs("col2im", (H, W), kh, kw, stride, pad)
    _check.same_shape("col2im", "M", M, (N * oh * ow, C * kh * kw))
    windows = M.reshape(N, oh, ow, C, kh, kw).transpose(0, 3, 4, 5, 1, 2)
    return _added(windows, (N, C, H, W), stride, pad)


def _images_and_filters(where, X, K):
    X, K = _check.real(where, "X", X, 4), _check.real(where, "K", K, 4)
    _check.same_shape(where, "K", K, (len(K), X.shape[1], *K.shape[2:]))
    return X, K


def _outputs(where, size, kh, kw, stride, pad, dilation=1):
    """How many windows of (kh, kw) fit below and beside each other in a framed image of this size."""
    kh, kw, stride = (_check.count(where, *x, 1) for x in (("kh", kh), ("kw", kw), ("stride", stride)))
    pad = _check.count(where, "pad", pad, 0)
    H, W = (n + 2 * pad for n in size)
    tall, wide = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    if tall > H or wide > W:
        raise ShapeError(f"{where}: got a filter that spans {(tall, wide)} pixels, expected at most {(H, W)}.")
    return (H - tall) // stride + 1, (W - wide) // stride + 1


def _windows(where, X, kh, kw, stride, pad, dilation=1):
    """(N, C, kh, kw, oh, ow): what lies under each entry of a filter at each of its places; a view of X framed by 0."""
    _outputs(where, X.shape[2:], kh, kw, stride, pad, dilation)
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    span = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    windows = sliding_window_view(framed, span, axis=(2, 3))[:, :, ::stride, ::stride, ::dilation, ::dilation]
    return windows.transpose(0, 1, 4, 5, 2, 3)


def _added(windows, shape, stride, pad):
    """The adjoint of _windows: (N, C, kh, kw, oh, ow) added up at the pixels that they came from, without the frame."""
    N, C, H, W = shape
    kh, kw, oh, ow = windows.shape[2:]
    framed = np.zeros((N, C, H + 2 * pad, W + 2 * pad), windows.dtype)
    for a in range(kh):
        for b in range(kw):
            framed[:, :, a : a + stride * oh : stride, b : b + stride * ow : stride] += windows[:, :, a, b]
    return framed[:, :, pad : pad + H, pad : pad + W]
