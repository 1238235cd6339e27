"""Answer key: the three gradients of a convolutional layer (unit 5)."""

import numpy as np

from autograder.key import N0, Key, Tolerance, check, close, directional, standard
from dlmath_ref import conv2d, conv2d_backward

key = Key("unit05_convolution/conv2d_backward", reference=conv2d_backward, bans=N0)

sliding_window_view = np.lib.stride_tricks.sliding_window_view
NAMES = ("g_X", "g_K", "g_b")
ANY_NUMBERS = Tolerance("any numbers", rtol=0.0, atol=np.inf)
DIFFERENT, SQUARE = (2, 3, 4, 7, 6, 3, 2), (3, 3, 3, 5, 5, 3, 3)  # N, C, F, H, W, kh, kw


def layer(rng, N, C, F, H, W, kh, kw, stride=1, pad=0):
    """g, X, K and the options; g is random, of the shape of the output."""
    rows, columns = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    g, X, K = (rng.normal(size=size) for size in ((N, F, rows, columns), (N, C, H, W), (F, C, kh, kw)))
    return g, X, K, stride, pad


def call(answer, g, X, K, stride, pad):
    """Three gradients; without the options where these are the usual ones."""
    options = () if (stride, pad) == (1, 0) else (stride, pad)
    got = answer(g.copy(), X.copy(), K.copy(), *options)
    check(type(got) in (tuple, list) and len(got) == 3, "conv2d_backward must return three arrays: g_X, g_K, g_b.")
    return got


def agrees(answer, data):
    close(call(answer, *data), conv2d_backward(*data), what=NAMES)


@key.part("worked", weight=1)
def one_image_by_hand(answer, rng):
    X, K = np.arange(1.0, 10.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    g = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    g_X, g_K = np.array([[[[1.0, 2, 0], [3, 6, 4], [0, 6, 8]]]]), np.array([[[[37.0, 47], [67, 77]]]])
    close(answer(g, X, K), (g_X, g_K, np.array([10.0])), what=NAMES)


@key.part("core", weight=1)
def the_gradient_in_the_biases_agrees(answer, rng):
    for sizes in (DIFFERENT, SQUARE):
        data = layer(rng, *sizes)
        close(call(answer, *data)[2], conv2d_backward(*data)[2], what="g_b")


@key.part("core", weight=2.5)
def the_gradient_in_the_filters_agrees(answer, rng):
    for sizes in (DIFFERENT, SQUARE):
        data = layer(rng, *sizes)
        close(call(answer, *data)[1], conv2d_backward(*data)[1], what="g_K")


@key.part("core", weight=2.5)
def the_gradient_in_the_input_agrees(answer, rng):
    for sizes in (DIFFERENT, SQUARE):
        data = layer(rng, *sizes)
        close(call(answer, *data)[0], conv2d_backward(*data)[0], what="g_X")


@key.part("core", weight=1.25, feedback="Without padding, so that only the stride is new.")
def windows_are_a_stride_apart(answer, rng):
    for sizes in ((2, 3, 4, 9, 6, 3, 2, 2), (2, 2, 3, 8, 11, 2, 2, 3)):  # overlapping windows, and gaps between them
        agrees(answer, layer(rng, *sizes))


@key.part("core", weight=1.25, feedback="With stride 1, so that only the padding is new.")
def the_frame_is_there_and_cut_off_again(answer, rng):
    for sizes in ((2, 3, 4, 6, 5, 3, 2, 1, 1), (2, 2, 3, 4, 5, 3, 3, 1, 2)):
        agrees(answer, layer(rng, *sizes))


@key.part("core", weight=0.5)
def stride_and_padding_together(answer, rng):
    agrees(answer, layer(rng, 2, 3, 4, 7, 6, 3, 2, 2, 1))


@key.part("core", weight=0.5)
def the_gradients_are_slopes_of_a_cost(answer, rng):
    """C = sum of sin(y), so g = cos(y), by central differences in X, K and b at once."""
    _, X, K, stride, pad = layer(rng, 2, 2, 3, 6, 5, 3, 2, 2, 1)
    b = rng.normal(size=3)
    g = np.cos(conv2d(X, K, b, stride, pad))

    def cost(X, K, b):
        return np.sum(np.sin(conv2d(X, K, b, stride, pad)))

    directional(tuple(call(answer, g, X, K, stride, pad)), cost, (X, K, b), rng, what="(g_X, g_K, g_b)")


@key.part("core", weight=0.5)
def the_layer_and_its_gradients_are_adjoint(answer, rng):
    """<y, g> = <X, g_X> = <K, g_K> where y is the layer without biases."""
    data = g, X, K, stride, pad = layer(rng, 2, 3, 2, 6, 7, 2, 3, 1, 1)
    g_X, g_K, _ = call(answer, *data)
    close((g_X, g_K), (X, K), ANY_NUMBERS, what=NAMES[:2])
    expected = np.sum(conv2d(X, K, np.zeros(2), stride, pad) * g)
    close(np.sum(X * g_X), expected, what="the inner product of X and g_X")
    close(np.sum(K * g_K), expected, what="the inner product of K and g_K")


@key.part("edge", weight=1, feedback="A pixel that lies in no window has the gradient 0.")
def rows_and_columns_that_no_window_reaches(answer, rng):
    for sizes in ((2, 3, 2, 6, 7, 3, 2, 2), (1, 2, 3, 6, 8, 2, 1, 3), (2, 2, 3, 7, 5, 4, 3, 3, 1)):
        agrees(answer, layer(rng, *sizes))


@key.part("edge", weight=1)
def one_image_and_filters_of_any_size(answer, rng):
    for sizes in ((1, 3, 2, 4, 5, 1, 1), (1, 2, 3, 4, 3, 4, 3), (3, 1, 2, 1, 1, 1, 1)):
        agrees(answer, layer(rng, *sizes))


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, layer(rng, 2, 3, 2, 5, 4, 2, 3, 2, 1), conv2d_backward, what=NAMES)


@key.accept
def by_matrix_products(g, X, K, stride=1, pad=0):
    N, C, H, W = X.shape
    F, _, kh, kw = K.shape
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(framed, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    M = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, C * kh * kw)
    flat = g.transpose(0, 2, 3, 1).reshape(-1, F)
    g_M = (flat @ K.reshape(F, -1)).reshape(N, *g.shape[2:], C, kh, kw)
    g_framed = np.zeros(framed.shape)
    for a in range(kh):
        for c in range(kw):
            place = g_framed[:, :, a : a + stride * g.shape[2] : stride, c : c + stride * g.shape[3] : stride]
            place += g_M[..., a, c].transpose(0, 3, 1, 2)
    return g_framed[:, :, pad : pad + H, pad : pad + W], (flat.T @ M).reshape(K.shape), flat.sum(0)


@key.accept
def by_a_transposed_convolution(g, X, K, stride=1, pad=0):
    """g with zeros between its entries, in a frame, correlated with the flipped filters."""
    (N, _, H, W), (F, _, kh, kw) = X.shape, K.shape
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    wide = np.zeros((N, F, framed.shape[2] + kh - 1, framed.shape[3] + kw - 1))
    rows, columns = kh - 1 + stride * np.arange(g.shape[2]), kw - 1 + stride * np.arange(g.shape[3])
    wide[:, :, rows[:, None], columns] = g
    g_framed = np.einsum("nfpqab,fcab->ncpq", sliding_window_view(wide, (kh, kw), axis=(2, 3)), K[:, :, ::-1, ::-1])
    windows = sliding_window_view(framed, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    g_K = np.einsum("nfij,ncijab->fcab", g, windows)
    return [g_framed[:, :, pad : H + pad, pad : W + pad], g_K, np.einsum("nfij->f", g)]


@key.accept
def by_loops(g, X, K, stride=1, pad=0):
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    kh, kw = K.shape[2:]
    g_framed, g_K, g_b = np.zeros_like(framed), np.zeros_like(K), np.zeros_like(g[0, :, 0, 0])
    for n, f, i, j in np.ndindex(g.shape):
        window = n, slice(None), slice(i * stride, i * stride + kh), slice(j * stride, j * stride + kw)
        g_framed[window] += g[n, f, i, j] * K[f]
        g_K[f] += g[n, f, i, j] * framed[window]
        g_b[f] += g[n, f, i, j]
    H, W = X.shape[2:]
    return g_framed[:, :, pad:, pad:][:, :, :H, :W], g_K, g_b


@key.accept
def by_pixels_that_hear_from_each_weight(g, X, K, stride=1, pad=0):
    """For each place in the filter: which pixels it met."""
    H, W = X.shape[2:]
    g_X, g_K = np.zeros(X.shape), np.zeros(K.shape)
    for a, c in np.ndindex(K.shape[2:]):
        for i in range(g.shape[2]):
            for j in range(g.shape[3]):
                p, q = i * stride + a - pad, j * stride + c - pad
                if 0 <= p < H and 0 <= q < W:
                    g_X[:, :, p, q] += g[:, :, i, j] @ K[:, :, a, c]
                    g_K[:, :, a, c] += g[:, :, i, j].T @ X[:, :, p, q]
    return g_X, g_K, g.sum(-1).sum(-1).sum(0)


HAND, BIASES = "one_image_by_hand", "the_gradient_in_the_biases_agrees"
FILTERS, INPUT = "the_gradient_in_the_filters_agrees", "the_gradient_in_the_input_agrees"
STRIDE, FRAME = "windows_are_a_stride_apart", "the_frame_is_there_and_cut_off_again"
BOTH, SLOPES = "stride_and_padding_together", "the_gradients_are_slopes_of_a_cost"
ADJOINT, REST = "the_layer_and_its_gradients_are_adjoint", "rows_and_columns_that_no_window_reaches"
EXTREME, LAYOUT = "one_image_and_filters_of_any_size", "inputs_stay_unchanged_in_any_dtype_and_layout"
STRIDES = [STRIDE, BOTH, SLOPES, REST, LAYOUT]
FRAMES = [FRAME, BOTH, SLOPES, ADJOINT, REST, LAYOUT]
MOST = [STRIDE, FRAME, BOTH, SLOPES, REST, LAYOUT]


def _framed(g, X, K, stride, pad, add=True):
    """g_X in its frame, g_K, g_b; stride (rows, columns), later windows added or written over earlier ones."""
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    g_framed, g_K = np.zeros(framed.shape), np.zeros(K.shape)
    (s, t), (kh, kw) = stride, K.shape[2:]
    for i, j in np.ndindex(g.shape[2:]):
        window = slice(None), slice(None), slice(i * s, i * s + kh), slice(j * t, j * t + kw)
        g_K += np.einsum("nf,ncab->fcab", g[:, :, i, j], framed[window])
        g_framed[window] = add * g_framed[window] + np.einsum("nf,fcab->ncab", g[:, :, i, j], K)
    return g_framed, g_K, g.sum((0, 2, 3))


def _three(g, X, K, stride, pad, add=True):
    g_framed, g_K, g_b = _framed(g, X, K, stride if isinstance(stride, tuple) else (stride, stride), pad, add)
    return g_framed[:, :, pad : pad + X.shape[2], pad : pad + X.shape[3]], g_K, g_b


@key.reject("The frame is still around your g_X: cut it off.", fails=FRAMES)
def padding_not_removed(g, X, K, stride=1, pad=0):
    return _framed(g, X, K, (stride, stride), pad)


@key.reject(
    "Without padding your g_X is empty: what cuts off a frame must also work for p = 0.",
    fails=[HAND, INPUT, STRIDE, REST, EXTREME],
)
def frame_of_width_0(g, X, K, stride=1, pad=0):
    g_X, g_K, g_b = _three(g, X, K, stride, pad)
    return (g_X if pad else g_X[:, :, :0, :0]), g_K, g_b


@key.reject(
    "Your g_X uses flipped filters: a window hands its share back through the filter as it lay on the image.",
    fails=[HAND, INPUT, ADJOINT, EXTREME, *MOST],
)
def kernel_flipped_in_gX(g, X, K, stride=1, pad=0):
    return _three(g, X, K[:, :, ::-1, ::-1], stride, pad)


@key.reject(
    "Your windows overwrite each other in g_X: where they overlap, they add up.", fails=[HAND, INPUT, ADJOINT, *MOST]
)
def overlap_overwritten(g, X, K, stride=1, pad=0):
    return _three(g, X, K, stride, pad, add=False)


@key.reject(
    "Your g_K is an average over the batch: sum over the images, a mean is already in g.",
    fails=[FILTERS, ADJOINT, EXTREME, *MOST],
)
def gK_averaged_over_batch(g, X, K, stride=1, pad=0):
    g_X, g_K, g_b = _three(g, X, K, stride, pad)
    return g_X, g_K / len(X), g_b


@key.reject(
    "Your gradients are averages over the batch: a mean, if the cost has one, is already in g.",
    fails=[BIASES, FILTERS, INPUT, ADJOINT, EXTREME, *MOST],
)
def all_averaged_over_batch(g, X, K, stride=1, pad=0):
    g_X, g_K, g_b = _three(g, X, K, stride, pad)
    return g_X / len(X), g_K / len(X), g_b / len(X)


BIAS_SUM = "Your g_b does not collect everything: it sums over images and places."


@key.reject(BIAS_SUM, fails=[BIASES, EXTREME, *MOST])
def bias_grad_one_image(g, X, K, stride=1, pad=0):
    return *_three(g, X, K, stride, pad)[:2], g[0].sum((1, 2))


@key.reject(BIAS_SUM, fails=[HAND, BIASES, EXTREME, *MOST])
def bias_grad_not_summed_over_images(g, X, K, stride=1, pad=0):
    return *_three(g, X, K, stride, pad)[:2], g.sum((2, 3))


@key.reject("Your windows ignore the stride: window (i, j) begins at pixel (is, js).", fails=STRIDES)
def stride_ignored(g, X, K, stride=1, pad=0):
    return _three(g, X, K, 1, pad)


@key.reject("Your stride applies to one axis: the filter moved by it in both directions.", fails=STRIDES)
def stride_one_axis(g, X, K, stride=1, pad=0):
    return _three(g, X, K, (stride, 1), pad)


@key.reject("Your g_K must see the image in its frame of zeros, as the layer did.", fails=FRAMES)
def gK_without_frame(g, X, K, stride=1, pad=0):
    beside = np.pad(X, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))
    return _three(g, X, K, stride, pad)[0], *_three(g, beside, K, stride, 0)[1:]


@key.reject(
    "Your g_X has the size that the windows cover: it has the shape of X, with 0 where no window was.", fails=[REST]
)
def gX_as_large_as_the_windows(g, X, K, stride=1, pad=0):
    g_framed, g_K, g_b = _framed(g, X, K, (stride, stride), pad)
    rows, columns = ((n - 1) * stride + k for n, k in zip(g.shape[2:], K.shape[2:], strict=True))
    return g_framed[:, :, pad:rows, pad:columns][:, :, : X.shape[2], : X.shape[3]], g_K, g_b


@key.reject(
    "You cut p rows off behind the last window, though a part of the frame may lie beyond it already.",
    fails=[SLOPES, REST, LAYOUT],
)
def cut_behind_the_last_window(g, X, K, stride=1, pad=0):
    g_framed, g_K, g_b = _framed(g, X, K, (stride, stride), pad)
    rows, columns = ((n - 1) * stride + k for n, k in zip(g.shape[2:], K.shape[2:], strict=True))
    inner, g_X = g_framed[:, :, pad : rows - pad, pad : columns - pad], np.zeros(X.shape)
    g_X[:, :, : inner.shape[2], : inner.shape[3]] = inner
    return g_X, g_K, g_b


@key.reject(
    "A pixel of your g_X hears from one filter; it collects from all of them.", fails=[INPUT, ADJOINT, EXTREME, *MOST]
)
def filters_not_summed(g, X, K, stride=1, pad=0):
    return _three(g[:, -1:], X, K[-1:], stride, pad)[0], *_three(g, X, K, stride, pad)[1:]
