"""Answer key: one 2-D filter as a matrix (unit 5).

The filters have entries of different sizes, so that no drawn filter is nearly symmetric or has an entry near 0.
"""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import conv2d_matrix

key = Key("unit05_convolution/conv2d_matrix", reference=conv2d_matrix, bans=N0)

CASES = [(2, 3, 4, 6), (3, 2, 6, 3), (2, 2, 3, 3), (1, 3, 3, 5)]  # kh, kw, H, W
M = "the matrix of the filter"


def a_filter(rng, kh, kw):
    """kh x kw entries whose sizes differ by at least 1/2, of either sign."""
    size = kh * kw
    return ((rng.permutation(size) + rng.uniform(1, 1.5, size=size)) * rng.choice([-1, 1], size=size)).reshape(kh, kw)


def correlation(K, X):
    """Window by window, as the statement says."""
    (kh, kw), (H, W) = K.shape, X.shape
    windows = ((i, j) for i in range(H - kh + 1) for j in range(W - kw + 1))
    return np.array([np.sum(K * X[i : i + kh, j : j + kw]) for i, j in windows])


def rows_and_columns(got, kh, kw, H, W):
    right = type(got) is np.ndarray and got.shape == ((H - kh + 1) * (W - kw + 1), H * W)
    check(right, "The matrix must have a row for each output pixel and a column for each pixel of the image.")


@key.part("worked", weight=1)
def a_filter_of_four_fits_at_two_places(answer, rng):
    expected = np.array([[1.0, 2, 0, 3, 4, 0], [0, 1, 2, 0, 3, 4]])
    close(answer(np.array([[1.0, 2.0], [3.0, 4.0]]), 2, 3), expected, what=M)


@key.part("core", weight=1)
def rows_are_output_pixels_and_columns_are_pixels(answer, rng):
    for case in CASES:
        rows_and_columns(answer(a_filter(rng, *case[:2]), *case[2:]), *case)


@key.part("core", weight=2)
def every_row_holds_the_filter_at_its_place(answer, rng):
    for kh, kw, H, W in CASES:
        K = a_filter(rng, kh, kw)
        close(answer(K.copy(), H, W), conv2d_matrix(K, H, W), what=M)


@key.part("core", weight=1)
def matrix_times_image_is_the_correlation(answer, rng):
    for kh, kw, H, W in CASES:
        K, X = a_filter(rng, kh, kw), rng.uniform(1, 2, size=(H, W))
        got = answer(K.copy(), H, W)
        rows_and_columns(got, kh, kw, H, W)
        close(got @ X.reshape(-1), correlation(K, X), what="the product of the matrix and an image")


@key.part("edge", weight=0.5)
def filters_of_one_pixel_and_as_large_as_the_image(answer, rng):
    for kh, kw, H, W in [(2, 3, 2, 3), (1, 1, 2, 3), (1, 1, 1, 1), (4, 1, 4, 1)]:
        K = a_filter(rng, kh, kw)
        close(answer(K.copy(), H, W), conv2d_matrix(K, H, W), what=M)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (a_filter(rng, 2, 3), 3, 4), conv2d_matrix, what=M)


@key.accept
def by_kronecker_products(K, H, W):
    (kh, kw), total = K.shape, 0.0
    for a in range(kh):
        for b in range(kw):
            total = total + K[a, b] * np.kron(np.eye(H - kh + 1, H, a), np.eye(W - kw + 1, W, b))
    return total


@key.accept
def window_by_window(K, H, W):
    kh, kw = K.shape
    rows = []
    for i in range(H - kh + 1):
        for j in range(W - kw + 1):
            image = np.zeros((H, W), K.dtype)
            image[i : i + kh, j : j + kw] = K
            rows.append(image.ravel())
    return np.stack(rows)


@key.accept
def by_blocks(K, H, W):
    kh, kw = K.shape

    def toeplitz(w):
        return np.array([[w[s - j] if 0 <= s - j < kw else 0.0 for s in range(W)] for j in range(W - kw + 1)])

    zero = np.zeros((W - kw + 1, W))
    blocks = [[toeplitz(K[r - i]) if 0 <= r - i < kh else zero for r in range(H)] for i in range(H - kh + 1)]
    return np.block(blocks)


@key.accept
def entry_by_entry(K, H, W):
    kh, kw = K.shape
    oh, ow = H - kh + 1, W - kw + 1
    M = np.zeros((oh * ow, H * W), order="F")
    for i in range(oh):
        for j in range(ow):
            for a in range(kh):
                for b in range(kw):
                    M[i * ow + j, (i + a) * W + (j + b)] = K[a, b]
    return M


@key.accept
def by_unit_images(K, H, W):
    kh, kw = K.shape
    units = np.eye(H * W).reshape(H, W, H * W)  # every image with a single bright pixel, one along the last axis
    taps = ((a, b) for a in range(kh) for b in range(kw))
    out = sum(K[a, b] * units[a : H - kh + 1 + a, b : W - kw + 1 + b] for a, b in taps)
    return out.reshape(-1, H * W)


PLACES = ["every_row_holds_the_filter_at_its_place", "matrix_times_image_is_the_correlation"]
WORKED, SHAPE = "a_filter_of_four_fits_at_two_places", "rows_are_output_pixels_and_columns_are_pixels"
EXTREME = "filters_of_one_pixel_and_as_large_as_the_image"
STANDARD = "inputs_stay_unchanged_in_any_dtype_and_layout"
ALL_BUT_SHAPE = [WORKED, *PLACES, EXTREME, STANDARD]


def _four_axes(K, H, W):
    """The matrix as oh x ow x H x W."""
    kh, kw = K.shape
    M = np.zeros((H - kh + 1, W - kw + 1, H, W))
    for i, j in np.ndindex(M.shape[:2]):
        M[i, j, i : i + kh, j : j + kw] = K
    return M


def _flat(M):
    return M.reshape(M.shape[0] * M.shape[1], -1)


@key.reject(
    "Your filter is turned by 180 degrees: networks correlate, nothing is reversed.",
    fails=ALL_BUT_SHAPE,
)
def true_convolution_flip(K, H, W):
    return _flat(_four_axes(K[::-1, ::-1], H, W))


ONE_AXIS = "One axis of your filter is reversed; neither must be."


@key.reject(ONE_AXIS, fails=ALL_BUT_SHAPE)
def rows_reversed(K, H, W):
    return _flat(_four_axes(K[::-1], H, W))


@key.reject(ONE_AXIS, fails=[WORKED, *PLACES, EXTREME, STANDARD])
def columns_reversed(K, H, W):
    return _flat(_four_axes(K[:, ::-1], H, W))


BY_ROWS = "You write images column after column; here they are written row after row."


@key.reject(BY_ROWS, fails=ALL_BUT_SHAPE)
def column_major(K, H, W):
    return _flat(_four_axes(K, H, W).transpose(1, 0, 3, 2))


@key.reject(BY_ROWS, fails=ALL_BUT_SHAPE)
def column_major_inputs(K, H, W):
    return _flat(_four_axes(K, H, W).swapaxes(2, 3))


@key.reject(
    "Your output pixels are numbered column after column; they go row after row, as the image's pixels do.",
    fails=[*PLACES, EXTREME, STANDARD],
)
def column_major_outputs(K, H, W):
    return _flat(_four_axes(K, H, W).swapaxes(0, 1))


@key.reject(
    "Your matrix is transposed: rows are output pixels, columns are pixels of the image.",
    fails=[*ALL_BUT_SHAPE, SHAPE],
)
def transposed(K, H, W):
    return _flat(_four_axes(K, H, W)).T


@key.reject(
    "You have exchanged height and width: the image has H rows of W pixels.",
    fails=[*ALL_BUT_SHAPE, SHAPE],
)
def height_and_width_exchanged(K, H, W):
    return _flat(_four_axes(K, W, H))


@key.reject(
    "Your filter's rows follow each other without a gap; in the image the next row begins W places further.",
    fails=[WORKED, *PLACES, STANDARD],
)
def filter_without_gaps(K, H, W):
    kh, kw = K.shape
    M = np.zeros((H - kh + 1, W - kw + 1, H * W))
    for i, j in np.ndindex(M.shape[:2]):
        M[i, j, i * W + j : i * W + j + kh * kw] = K.ravel()
    return _flat(M)


@key.reject(
    "Each row of your matrix moves the filter one pixel on; at the end of a row it jumps to the next one.",
    fails=[*PLACES, STANDARD],
)
def no_jump_to_the_next_row(K, H, W):
    M = _flat(_four_axes(K, H, W))
    return np.stack([np.roll(M[0], t) for t in range(len(M))])


@key.reject(
    "Your windows leave the image: the filter must lie inside, at (H - kh + 1)(W - kw + 1) places.",
    fails=[*ALL_BUT_SHAPE, SHAPE],
)
def one_row_for_each_pixel(K, H, W):
    kh, kw = K.shape
    return _flat(_four_axes(K, H + kh - 1, W + kw - 1)[:, :, :H, :W])
