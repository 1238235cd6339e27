"""Answer key: unfolding windows into a matrix, and its adjoint (unit 5)."""

import numpy as np

from autograder.key import N0, Key, Tolerance, check, close, standard
from dlmath_ref import col2im, conv2d, im2col

key = Key("unit05_convolution/im2col", reference={"im2col": im2col, "col2im": col2im}, bans=N0)

sliding_window_view = np.lib.stride_tricks.sliding_window_view
ANY_NUMBERS = Tolerance("any numbers", rtol=0.0, atol=np.inf)
MATRIX, IMAGE = "the matrix of im2col", "the images of col2im"
HAND, ROWS = "one_image_by_hand", "windows_become_rows_in_order"
OPTIONS, FILTERS = "windows_follow_stride_and_padding", "a_product_with_the_filters_is_the_layer"
OVERLAPS, CUT = "overlapping_windows_add_up", "gaps_stay_empty_and_the_frame_is_cut_off"
ADJOINT, EXTREME = "the_two_inner_products_are_equal", "one_channel_and_windows_of_any_size"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"


def windows(rng, shape, kh, kw, stride, pad):
    """A matrix as im2col makes it from images of this shape."""
    N, C, H, W = shape
    rows, columns = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    return rng.normal(size=(N * rows * columns, C * kh * kw))


@key.part("worked", weight=1)
def one_image_by_hand(answer, rng):
    X, M = (
        np.arange(1.0, 10.0).reshape(1, 1, 3, 3),
        np.array([[1.0, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]),
    )
    close(answer.im2col(X.copy(), 2, 2, 1, 0), M, what=MATRIX)
    back = np.array([[[[1.0, 4, 3], [8, 20, 12], [7, 16, 9]]]])
    close(answer.col2im(M.copy(), (1, 1, 3, 3), 2, 2, 1, 0), back, what=IMAGE)


@key.part("core", weight=1.5)
def windows_become_rows_in_order(answer, rng):
    for shape, kh, kw in (((2, 3, 6, 4), 3, 2), ((2, 2, 3, 3), 2, 2)):
        X = rng.normal(size=shape)
        close(answer.im2col(X.copy(), kh, kw, 1, 0), im2col(X, kh, kw, 1, 0), what=MATRIX)


@key.part("core", weight=1)
def windows_follow_stride_and_padding(answer, rng):
    for shape, *options in (((2, 3, 7, 6), 3, 2, 2, 0), ((2, 3, 4, 5), 2, 3, 1, 1), ((3, 2, 6, 5), 3, 2, 3, 2)):
        X = rng.normal(size=shape)
        close(answer.im2col(X.copy(), *options), im2col(X, *options), what=MATRIX)


@key.part("core", weight=0.5)
def a_product_with_the_filters_is_the_layer(answer, rng):
    X, K = rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(4, 3, 3, 2))
    M = answer.im2col(X.copy(), 3, 2, 2, 1)
    close(M, im2col(X, 3, 2, 2, 1), ANY_NUMBERS, what=MATRIX)
    y = (M @ K.reshape(4, -1).T).reshape(2, 3, 3, 4).transpose(0, 3, 1, 2)
    close(y, conv2d(X, K, np.zeros(4), 2, 1), what="the output of the layer")


@key.part("core", weight=1)
def overlapping_windows_add_up(answer, rng):
    for shape, *options in (((2, 3, 6, 4), 3, 2, 1, 0), ((2, 2, 3, 3), 2, 2, 1, 0)):
        M = windows(rng, shape, *options)
        close(answer.col2im(M.copy(), shape, *options), col2im(M, shape, *options), what=IMAGE)


@key.part("core", weight=0.5, feedback="A pixel that lies in no window receives 0.")
def gaps_stay_empty_and_the_frame_is_cut_off(answer, rng):
    for shape, *options in (((2, 3, 7, 5), 2, 1, 3, 0), ((2, 3, 4, 5), 2, 3, 1, 1), ((3, 2, 6, 5), 3, 2, 2, 2)):
        M = windows(rng, shape, *options)
        close(answer.col2im(M.copy(), shape, *options), col2im(M, shape, *options), what=IMAGE)


@key.part("core", weight=0.5)
def the_two_inner_products_are_equal(answer, rng):
    shape, options = (2, 3, 6, 5), (3, 2, 2, 1)
    X, M = rng.uniform(1, 2, size=shape), 1 + np.abs(windows(rng, shape, *options))  # above 0: no product vanishes
    unfolded, folded = answer.im2col(X.copy(), *options), answer.col2im(M.copy(), shape, *options)
    close((unfolded, folded), (M, X), ANY_NUMBERS, what=(MATRIX, IMAGE))
    close(np.sum(X * folded), np.sum(unfolded * M), what="the inner product of X and col2im(M)")
    check(bool(np.sum(unfolded * M) > 0), "The inner product of im2col(X) and M must not be 0.")


@key.part("edge", weight=0.5)
def one_channel_and_windows_of_any_size(answer, rng):
    for shape, *options in (((3, 1, 5, 4), 2, 3, 2, 0), ((1, 2, 3, 4), 3, 4, 1, 0), ((2, 3, 2, 3), 1, 1, 1, 0)):
        X, M = rng.normal(size=shape), windows(rng, shape, *options)
        close(answer.im2col(X.copy(), *options), im2col(X, *options), what=MATRIX)
        close(answer.col2im(M.copy(), shape, *options), col2im(M, shape, *options), what=IMAGE)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    shape, options = (2, 3, 5, 4), (2, 3, 2, 1)
    standard(answer.im2col, (rng.normal(size=shape), *options), im2col, what=MATRIX)
    standard(answer.col2im, (windows(rng, shape, *options), shape, *options), col2im, what=IMAGE)


@key.accept
class by_strides:
    def im2col(X, kh, kw, stride, pad):
        framed = np.ascontiguousarray(np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad))))
        N, C, H, W = framed.shape
        n, c, h, w = framed.strides
        size = N, (H - kh) // stride + 1, (W - kw) // stride + 1, C, kh, kw
        return np.lib.stride_tricks.as_strided(framed, size, (n, h * stride, w * stride, c, h, w)).reshape(
            -1, C * kh * kw
        )

    def col2im(M, shape, kh, kw, stride, pad):
        places = np.pad(np.arange(np.prod(shape)).reshape(shape), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        inside = np.pad(np.ones(shape), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        unfold = [
            sliding_window_view(a, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride].transpose(0, 2, 3, 1, 4, 5).ravel()
            for a in (places, inside)
        ]
        return np.bincount(unfold[0], M.ravel() * unfold[1], np.prod(shape)).reshape(shape)


@key.accept
class by_loops:
    def im2col(X, kh, kw, stride, pad):
        rows = []
        for image in np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad))):
            for top in range(0, image.shape[1] - kh + 1, stride):
                for left in range(0, image.shape[2] - kw + 1, stride):
                    rows.append(image[:, top : top + kh, left : left + kw].ravel())
        return np.array(rows)

    def col2im(M, shape, kh, kw, stride, pad):
        N, C, H, W = shape
        X, row = np.zeros((N, C, H + 2 * pad, W + 2 * pad)), 0
        for n in range(N):
            for top in range(0, H + 2 * pad - kh + 1, stride):
                for left in range(0, W + 2 * pad - kw + 1, stride):
                    X[n, :, top : top + kh, left : left + kw] += M[row].reshape(C, kh, kw)
                    row += 1
        return X[:, :, pad : H + pad, pad : W + pad]


@key.accept
class by_index_arrays:
    def im2col(X, kh, kw, stride, pad):
        _, C, H, W = X.shape
        framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        i = np.arange(0, H + 2 * pad - kh + 1, stride)[:, None, None, None] + np.arange(kh)[:, None]
        j = np.arange(0, W + 2 * pad - kw + 1, stride)[:, None, None] + np.arange(kw)
        M = framed[:, :, i, j]  # (N, C, rows, columns, kh, kw)
        return np.moveaxis(M, 1, 3).reshape(-1, C * kh * kw)

    def col2im(M, shape, kh, kw, stride, pad):
        N, C, H, W = shape
        i = np.arange(0, H + 2 * pad - kh + 1, stride)[:, None, None, None] + np.arange(kh)[:, None]
        j = np.arange(0, W + 2 * pad - kw + 1, stride)[:, None, None] + np.arange(kw)
        framed = np.zeros((N, C, H + 2 * pad, W + 2 * pad), M.dtype)
        entries = M.reshape(N, i.shape[0], j.shape[0], C, kh, kw)
        np.add.at(framed, (slice(None), slice(None), i, j), np.moveaxis(entries, 3, 1))
        return framed[:, :, pad : pad + H, pad : pad + W]


def _unfold(X, kh, kw, stride, pad, axes=(0, 2, 3, 1, 4, 5)):
    """Windows (N, C, rows, columns, kh, kw), their axes reordered: the first three for rows."""
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    M = sliding_window_view(framed, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride].transpose(axes)
    return M.reshape(M.shape[0] * M.shape[1] * M.shape[2], -1)


def _fold(M, shape, kh, kw, stride, pad, axes=(0, 2, 3, 1, 4, 5), add=True):
    N, C, H, W = shape
    rows, columns = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    sizes = N, C, rows, columns, kh, kw
    entries = M.reshape([sizes[a] for a in axes]).transpose(np.argsort(axes))
    framed = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i, j in np.ndindex(rows, columns):
        window = slice(None), slice(None), slice(i * stride, i * stride + kh), slice(j * stride, j * stride + kw)
        framed[window] = add * framed[window] + entries[:, :, i, j]
    return framed[:, :, pad : pad + H, pad : pad + W]


SLOWEST = "Your rows are in another order: the image index runs slowest, then the rows, then the columns of the output."


@key.reject(SLOWEST, fails=[ROWS, OPTIONS, FILTERS, ADJOINT, EXTREME, LAYOUT], function="im2col")
def rows_ordered_hwn(X, kh, kw, stride, pad):
    return _unfold(X, kh, kw, stride, pad, (2, 3, 0, 1, 4, 5))


@key.reject(SLOWEST, fails=[ROWS, OPTIONS, FILTERS, OVERLAPS, CUT, EXTREME, LAYOUT])
class rows_ordered_hwn_in_both:
    def im2col(X, kh, kw, stride, pad):
        return _unfold(X, kh, kw, stride, pad, (2, 3, 0, 1, 4, 5))

    def col2im(M, shape, kh, kw, stride, pad):
        return _fold(M, shape, kh, kw, stride, pad, (2, 3, 0, 1, 4, 5))


CHANNELS = "Your columns are in another order: they run over the channels first, within a channel over the window."


@key.reject(CHANNELS, fails=[ROWS, OPTIONS, FILTERS, ADJOINT, EXTREME, LAYOUT], function="im2col")
def channel_last_columns(X, kh, kw, stride, pad):
    return _unfold(X, kh, kw, stride, pad, (0, 2, 3, 4, 5, 1))


@key.reject(CHANNELS, fails=[ROWS, OPTIONS, FILTERS, OVERLAPS, CUT, EXTREME, LAYOUT])
class channel_last_in_both:
    def im2col(X, kh, kw, stride, pad):
        return _unfold(X, kh, kw, stride, pad, (0, 2, 3, 4, 5, 1))

    def col2im(M, shape, kh, kw, stride, pad):
        return _fold(M, shape, kh, kw, stride, pad, (0, 2, 3, 4, 5, 1))


@key.reject(
    "Your matrix lies on its side: every window is a row.",
    fails=[ROWS, OPTIONS, FILTERS, ADJOINT, EXTREME, LAYOUT],
    function="im2col",
)
def windows_as_columns(X, kh, kw, stride, pad):
    return _unfold(X, kh, kw, stride, pad).T


@key.reject(
    "Your windows run down the image first: they run along the rows.",
    fails=[HAND, ROWS, OPTIONS, FILTERS, ADJOINT, EXTREME, LAYOUT],
    function="im2col",
)
def windows_down_the_columns(X, kh, kw, stride, pad):
    return _unfold(X, kh, kw, stride, pad, (0, 3, 2, 1, 4, 5))


@key.reject(
    "Your col2im lets entries overwrite each other: they add up.",
    fails=[HAND, OVERLAPS, CUT, ADJOINT, LAYOUT],
    function="col2im",
)
def col2im_overwrites(M, shape, kh, kw, stride, pad):
    return _fold(M, shape, kh, kw, stride, pad, add=False)


@key.reject(
    "Your col2im averages the entries of a pixel: the adjoint adds them.",
    fails=[HAND, OVERLAPS, CUT, ADJOINT, LAYOUT],
    function="col2im",
)
def col2im_averages(M, shape, kh, kw, stride, pad):
    return _fold(M, shape, kh, kw, stride, pad) / np.maximum(_fold(np.ones(M.shape), shape, kh, kw, stride, pad), 1)


PAD = "Your frame is missing: pad the images before you unfold them."


@key.reject(PAD, fails=[OPTIONS, FILTERS, ADJOINT, LAYOUT], function="im2col")
def pad_ignored(X, kh, kw, stride, pad):
    return _unfold(X, kh, kw, stride, 0)


@key.reject(
    "The frame is still around the images of your col2im: cut it off.", fails=[CUT, ADJOINT, LAYOUT], function="col2im"
)
def frame_not_removed(M, shape, kh, kw, stride, pad):
    N, C, H, W = shape
    return _fold(M, (N, C, H + 2 * pad, W + 2 * pad), kh, kw, stride, 0)


@key.reject("Your windows ignore the stride.", fails=[OPTIONS, FILTERS, ADJOINT, EXTREME, LAYOUT], function="im2col")
def stride_ignored(X, kh, kw, stride, pad):
    return _unfold(X, kh, kw, 1, pad)


key.equivalent("np.zeros -> np.ones", "Every entry of the matrix is written.")
CUT_OFF = "The framed image has one more frame's width at its end, of zeros, which is cut off."
key.equivalent("2 -> 3 [5]", CUT_OFF)
key.equivalent("2 -> 3 [6]", CUT_OFF)
