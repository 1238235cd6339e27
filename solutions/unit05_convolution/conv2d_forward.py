"""Answer key: the convolutional layer (unit 5)."""

import numpy as np

from autograder.key import N0, Key, Tolerance, check, close, standard
from dlmath_ref import conv2d, conv2d_matrix

key = Key("unit05_convolution/conv2d_forward", reference=conv2d, bans=N0)

sliding_window_view = np.lib.stride_tricks.sliding_window_view
WHAT = "the output"
ANY_NUMBERS = Tolerance("any numbers", rtol=0.0, atol=np.inf)
DIFFERENT, SQUARE = (2, 3, 4, 9, 6, 3, 2), (3, 3, 3, 5, 5, 3, 3)  # N, C, F, H, W, kh, kw


def layer(rng, N, C, F, H, W, kh, kw):
    """Images, filters, and biases that differ from each other."""
    b = rng.permutation(np.linspace(-2, 2, F)) if F > 1 else np.ones(1)
    return rng.normal(size=(N, C, H, W)), rng.normal(size=(F, C, kh, kw)), b


def agrees(answer, X, K, b, *options):
    close(answer(X.copy(), K.copy(), b.copy(), *options), conv2d(X, K, b, *options), what=WHAT)


@key.part("worked", weight=1)
def one_image_by_hand(answer, rng):
    X, K = np.arange(1.0, 10.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    close(answer(X, K, np.ones(1)), np.array([[[[12.0, 15.0], [21.0, 24.0]]]]), what=WHAT)
    corners = np.array([[[[3.0, 7.0], [15.0, 24.0]]]])
    close(answer(X, K, np.ones(1), 2, 1), corners, what=f"{WHAT} with stride 2 and padding 1")
    close(answer(X, K, np.ones(1), 1, 0, 2), np.array([[[[20.0]]]]), what=f"{WHAT} with dilation 2")


@key.part("core", weight=2)
def every_filter_meets_every_channel(answer, rng):
    for sizes in (DIFFERENT, SQUARE, (2, 4, 1, 5, 6, 2, 3)):
        X, K, b = layer(rng, *sizes)
        agrees(answer, X, K, 0 * b)


@key.part("core", weight=1)
def each_filter_adds_its_own_bias(answer, rng):
    X, K, b = layer(rng, *DIFFERENT)
    agrees(answer, X, K, b)


@key.part("core", weight=1.5, feedback="Without padding, without bias, so that only the stride is new.")
def stride_moves_both_ways(answer, rng):
    for sizes, stride in (((2, 3, 4, 9, 6, 3, 2), 2), ((2, 2, 3, 8, 11, 2, 2), 3)):
        X, K, b = layer(rng, *sizes)
        agrees(answer, X, K, 0 * b, stride)


@key.part("core", weight=1)
def a_frame_of_zeros_surrounds_the_image(answer, rng):
    for sizes, pad in ((DIFFERENT, 2), (SQUARE, 1)):
        X, K, b = layer(rng, *sizes)
        agrees(answer, X, K, 0 * b, 1, pad)


@key.part("core", weight=1)
def dilated_filters_reach_further(answer, rng):
    for sizes in ((2, 3, 4, 9, 6, 3, 2), SQUARE):
        X, K, b = layer(rng, *sizes)
        agrees(answer, X, K, 0 * b, 1, 0, 2)


@key.part("core", weight=0.5)
def stride_padding_and_dilation_together(answer, rng):
    for sizes, options in ((DIFFERENT, (2, 1, 2)), ((2, 2, 3, 7, 8, 2, 3), (3, 2, 3))):
        agrees(answer, *layer(rng, *sizes), *options)


@key.part("core", weight=0.5)
def one_filter_is_the_matrix_of_the_first_lab(answer, rng):
    X, K, _ = layer(rng, 1, 1, 1, 6, 5, 3, 2)
    got = answer(X.copy(), K.copy(), np.zeros(1))
    close(got, (conv2d_matrix(K[0, 0], 6, 5) @ X.ravel()).reshape(1, 1, 4, 4), what=WHAT)


@key.part("core", weight=0.5)
def a_shifted_image_has_a_shifted_output(answer, rng):
    X, K, b = layer(rng, 1, 2, 4, 8, 5, 3, 2)  # 4 filters, 4 columns of output
    shifted = np.zeros_like(X)
    shifted[:, :, 2:, 1:] = X[:, :, :-2, :-1]
    both = np.concatenate([X, shifted])
    y = answer(both.copy(), K.copy(), b.copy())
    close(y, conv2d(both, K, b), ANY_NUMBERS, what=WHAT)
    check(np.allclose(y[1, :, 2:, 1:], y[0, :, :-2, :-1]), "A shift of the image does not shift the output.")


@key.part("edge", weight=1)
def filters_of_one_pixel_and_of_the_whole_image(answer, rng):
    for sizes in ((1, 3, 2, 4, 5, 1, 1), (1, 2, 3, 4, 3, 4, 3)):
        agrees(answer, *layer(rng, *sizes))


@key.part("edge", weight=1, feedback="Count how many windows fit: the last pixels may stay out.")
def rows_and_columns_that_no_window_reaches(answer, rng):
    for sizes, options in (((1, 2, 3, 6, 7, 3, 2), (2,)), ((2, 1, 2, 6, 8, 2, 1), (3,))):
        agrees(answer, *layer(rng, *sizes), *options)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (*layer(rng, 2, 3, 2, 5, 4, 2, 3), 2, 1, 1), conv2d, what=WHAT)


@key.accept
def by_sliding_windows(X, K, b, stride=1, pad=0, dilation=1):
    framed = np.pad(X, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    span = [dilation * (k - 1) + 1 for k in K.shape[2:]]
    windows = sliding_window_view(framed, span, axis=(2, 3))[:, :, ::stride, ::stride, ::dilation, ::dilation]
    return np.einsum("ncijab,fcab->nfij", windows, K) + b.reshape(1, -1, 1, 1)


@key.accept
def by_loops(X, K, b, stride=1, pad=0, dilation=1):
    N, C, H, W = X.shape
    F, _, kh, kw = K.shape
    framed = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    framed[:, :, pad : pad + H, pad : pad + W] = X
    rows = [i for i in range(0, H + 2 * pad, stride) if i + dilation * (kh - 1) < H + 2 * pad]
    columns = [j for j in range(0, W + 2 * pad, stride) if j + dilation * (kw - 1) < W + 2 * pad]
    y = np.empty((N, F, len(rows), len(columns)))
    for n in range(N):
        for f in range(F):
            for i, top in enumerate(rows):
                for j, left in enumerate(columns):
                    window = framed[n, :, top:, left:][:, : dilation * kh : dilation, : dilation * kw : dilation]
                    y[n, f, i, j] = b[f] + (window[:, :kh, :kw] * K[f]).sum()
    return y


@key.accept
def by_shifted_images(X, K, b, stride=1, pad=0, dilation=1):
    """One matrix product of channels for every weight's place in the filter."""
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows = (framed.shape[2] - dilation * (K.shape[2] - 1) - 1) // stride + 1
    columns = (framed.shape[3] - dilation * (K.shape[3] - 1) - 1) // stride + 1
    y = np.zeros((rows, columns, len(X), len(K))) + b
    for a, c in np.ndindex(K.shape[2:]):
        seen = framed[:, :, a * dilation :: stride, c * dilation :: stride][:, :, :rows, :columns]
        y += np.moveaxis(seen, (2, 3), (0, 1)) @ K[:, :, a, c].T
    return np.moveaxis(y, (2, 3), (0, 1))


@key.accept
def by_im2col(X, K, b, stride=1, pad=0, dilation=1):
    N, C, H, W = X.shape
    F, _, kh, kw = K.shape
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    i = np.arange(0, H + 2 * pad - dilation * (kh - 1), stride)[:, None] + dilation * np.arange(kh)  # (rows, kh)
    j = np.arange(0, W + 2 * pad - dilation * (kw - 1), stride)[:, None] + dilation * np.arange(kw)
    windows = framed[:, :, i[:, None, :, None], j[None, :, None, :]]  # (N, C, rows, columns, kh, kw)
    M = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, C * kh * kw)
    y = M @ K.reshape(F, -1).T + b
    return y.reshape(N, len(i), len(j), F).transpose(0, 3, 1, 2)


@key.accept
def by_the_fourier_transform(X, K, b, stride=1, pad=0, dilation=1):
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    H, W = framed.shape[2:]
    wide = np.zeros((*K.shape[:2], H, W))
    tall, long = dilation * (K.shape[2] - 1) + 1, dilation * (K.shape[3] - 1) + 1
    wide[:, :, :tall:dilation, :long:dilation] = K
    spectrum = np.einsum("nchw,fchw->nfhw", np.fft.fft2(framed), np.conj(np.fft.fft2(wide)))
    valid = np.fft.ifft2(spectrum).real[:, :, : H - tall + 1, : W - long + 1]
    return valid[:, :, ::stride, ::stride] + b[:, None, None]


HAND, CHANNELS, BIAS = "one_image_by_hand", "every_filter_meets_every_channel", "each_filter_adds_its_own_bias"
STRIDE, FRAME, DILATED = (
    "stride_moves_both_ways",
    "a_frame_of_zeros_surrounds_the_image",
    "dilated_filters_reach_further",
)
MIXED, MATRIX = "stride_padding_and_dilation_together", "one_filter_is_the_matrix_of_the_first_lab"
SHIFT, EXTREME = "a_shifted_image_has_a_shifted_output", "filters_of_one_pixel_and_of_the_whole_image"
REST, LAYOUT = "rows_and_columns_that_no_window_reaches", "inputs_stay_unchanged_in_any_dtype_and_layout"
NUMBERS = [CHANNELS, BIAS, STRIDE, FRAME, DILATED, MIXED, EXTREME, REST, LAYOUT]


def _layer(X, K, b, stride, pad, dilation):
    """The layer, with strides and dilations for rows and columns and a frame (top, bottom, left, right)."""
    framed = np.pad(X, ((0, 0), (0, 0), pad[:2], pad[2:]))
    span = [d * (k - 1) + 1 for d, k in zip(dilation, K.shape[2:], strict=True)]
    windows = sliding_window_view(framed, span, axis=(2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return np.einsum("ncijab,fcab->nfij", windows, K) + np.reshape(b, (-1, 1, 1))


@key.reject("Your filters are flipped: the layer is a correlation.", fails=[HAND, *NUMBERS, MATRIX])
def kernel_flipped(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K[:, :, ::-1, ::-1], b, [stride] * 2, [pad] * 4, [dilation] * 2)


CHANNEL_SUM = "Each output channel sums over all input channels."


@key.reject(CHANNEL_SUM, fails=NUMBERS)
def channels_not_summed(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X[:, :1], K[:, :1], b, [stride] * 2, [pad] * 4, [dilation] * 2)


@key.reject(CHANNEL_SUM, fails=NUMBERS)
def channels_averaged(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K / X.shape[1], b, [stride] * 2, [pad] * 4, [dilation] * 2)


@key.reject("Height and width of your filters are exchanged.", fails=[*NUMBERS, MATRIX, SHIFT])
def kernel_axes_swapped(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K.transpose(0, 1, 3, 2), b, [stride] * 2, [pad] * 4, [dilation] * 2)


@key.reject("The points of your filters touch: with dilation they lie d pixels apart.", fails=[HAND, DILATED, MIXED])
def dilation_ignored(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K, b, [stride] * 2, [pad] * 4, [1, 1])


ONE_AXIS = "Your stride applies to one axis: the filter moves by it in both directions."


@key.reject(ONE_AXIS, fails=[HAND, STRIDE, MIXED, REST, LAYOUT])
def stride_one_axis(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K, b, [stride, 1], [pad] * 4, [dilation] * 2)


@key.reject(ONE_AXIS, fails=[HAND, STRIDE, MIXED, REST, LAYOUT])
def stride_other_axis(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K, b, [1, stride], [pad] * 4, [dilation] * 2)


@key.reject("Your filters stand at every pixel: they move by the stride.", fails=[HAND, STRIDE, MIXED, REST, LAYOUT])
def stride_ignored(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K, b, [1, 1], [pad] * 4, [dilation] * 2)


@key.reject(
    "The biases are missing: add b_f to every place of output channel f.",
    fails=[HAND, BIAS, MIXED, EXTREME, REST, LAYOUT],
)
def bias_forgotten(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K, 0 * b, [stride] * 2, [pad] * 4, [dilation] * 2)


@key.reject(
    "Your biases run along the columns of the output: filter f adds its b_f everywhere in channel f.",
    fails=[*NUMBERS, SHIFT],
)
def bias_along_the_columns(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K, 0 * b, [stride] * 2, [pad] * 4, [dilation] * 2) + b


@key.reject("Your frame of zeros is missing: pad each image first.", fails=[HAND, FRAME, MIXED, LAYOUT])
def pad_ignored(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K, b, [stride] * 2, [0] * 4, [dilation] * 2)


FOUR_SIDES = "Your frame is not complete: there are p zeros on each of the four sides."


@key.reject(FOUR_SIDES, fails=[HAND, FRAME, MIXED, LAYOUT])
def pad_half(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K, b, [stride] * 2, [0, pad, 0, pad], [dilation] * 2)


@key.reject(FOUR_SIDES, fails=[HAND, FRAME, MIXED, LAYOUT])
def pad_at_the_end(X, K, b, stride=1, pad=0, dilation=1):
    return _layer(X, K, b, [stride] * 2, [0, 2 * pad, 0, 2 * pad], [dilation] * 2)


@key.reject(
    "Your last windows reach over the edge: what does not hold a whole window is left out.",
    fails=[HAND, MIXED, REST, LAYOUT],
)
def rounded_up(X, K, b, stride=1, pad=0, dilation=1):
    span = [dilation * (k - 1) + 1 for k in K.shape[2:]]
    more = [-(n + 2 * pad - s) % stride for n, s in zip(X.shape[2:], span, strict=True)]
    return _layer(X, K, b, [stride] * 2, [pad, pad + more[0], pad, pad + more[1]], [dilation] * 2)


key.equivalent("np.zeros -> np.ones", "Every entry of the output is written.")
