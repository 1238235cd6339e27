"""The convolutional layer and im2col: by hand, against torch, scipy and the definition, laws, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import convolve2d, correlate

from dlmath_ref import RangeError, ShapeError, col2im, conv2d, conv2d_matrix, conv_output_size, im2col

T64 = {"rtol": 1e-12, "atol": 1e-12}
EXAMPLE = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
SIZES = [  # N, C, F, H, W, kh, kw, stride, pad, dilation
    (2, 3, 4, 7, 6, 3, 2, 1, 0, 1),
    (3, 3, 3, 5, 5, 3, 3, 1, 1, 1),
    (2, 3, 4, 9, 8, 3, 2, 2, 1, 2),
    (1, 4, 2, 8, 11, 2, 3, 3, 2, 3),
    (2, 1, 5, 6, 7, 1, 1, 2, 0, 1),
    (1, 2, 3, 4, 3, 4, 3, 1, 0, 1),
]


def layer(N, C, F, H, W, kh, kw, *options):
    rng = np.random.default_rng(N * C * F * H * W)
    arrays = [rng.normal(size=size) for size in ((N, C, H, W), (F, C, kh, kw), (F,))]
    return (*arrays, *options)


def definition(X, K, b, stride, pad, dilation):
    """Seven loops."""
    (N, C, H, W), (F, _, kh, kw) = X.shape, K.shape
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.zeros((N, F, *(conv_output_size(n, k, stride, pad, dilation) for n, k in ((H, kh), (W, kw)))))
    for n, f, i, j in np.ndindex(y.shape):
        y[n, f, i, j] = b[f] + sum(
            K[f, c, p, q] * framed[n, c, i * stride + p * dilation, j * stride + q * dilation]
            for c, p, q in np.ndindex(C, kh, kw)
        )
    return y


def test_value_by_hand():
    """K = (1 0; 0 2) adds to each pixel twice its lower right neighbour: 1 + 2*5, 2 + 2*6, 4 + 2*8, 5 + 2*9, plus 1."""
    K = np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    assert conv2d(EXAMPLE, K, np.ones(1)).tolist() == [[[[12, 15], [21, 24]]]]
    assert conv2d(EXAMPLE, K, np.ones(1), stride=2, pad=1).tolist() == [[[[3, 7], [15, 24]]]]
    assert conv2d(EXAMPLE, K, np.ones(1), dilation=2).tolist() == [[[[20]]]]


@pytest.mark.parametrize("sizes", SIZES)
def test_the_layer_is_its_definition(sizes):
    """Seven nested loops of the equation give the same."""
    data = layer(*sizes)
    np.testing.assert_allclose(conv2d(*data), definition(*data), **T64)


@pytest.mark.parametrize("sizes", SIZES)
def test_the_layer_is_torchs(sizes):
    """torch.nn.functional.conv2d in float64 agrees for every mixture of stride, padding and dilation."""
    X, K, b, stride, pad, dilation = layer(*sizes)
    x, k, c = map(torch.tensor, (X, K, b))
    expected = torch.nn.functional.conv2d(x, k, c, stride=stride, padding=pad, dilation=dilation)
    np.testing.assert_allclose(conv2d(X, K, b, stride, pad, dilation), expected, **T64)


def test_one_channel_is_scipys_correlation():
    """scipy.signal.correlate, and convolve2d with the reversed filter, in mode valid."""
    X, K, _, *_ = layer(1, 1, 1, 7, 6, 3, 2)
    y = conv2d(X, K, np.zeros(1))[0, 0]
    np.testing.assert_allclose(y, correlate(X[0, 0], K[0, 0], "valid"), **T64)
    np.testing.assert_allclose(y, convolve2d(X[0, 0], K[0, 0, ::-1, ::-1], "valid"), **T64)


def test_one_filter_is_its_block_toeplitz_matrix():
    """M vec(X) = vec(y)."""
    X, K, _, *_ = layer(1, 1, 1, 7, 6, 3, 2)
    y = conv2d(X, K, np.zeros(1))
    np.testing.assert_allclose(conv2d_matrix(K[0, 0], 7, 6) @ X.ravel(), y.ravel(), **T64)


@settings(max_examples=15)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))
def test_the_layer_is_linear_in_images_and_in_filters(kh, kw, stride, pad, dilation):
    """conv(X + 2 X') = conv(X) + 2 conv(X'), and likewise for the filters, at bias 0."""
    X, K, _ = layer(2, 2, 3, 8, 7, kh, kw)
    b, options = np.zeros(3), (stride, pad, dilation)
    left = conv2d(X + 2 * X[::-1], K, b, *options)
    np.testing.assert_allclose(left, conv2d(X, K, b, *options) + 2 * conv2d(X[::-1], K, b, *options), **T64)
    left = conv2d(X, K + 2 * K[::-1], b, *options)
    np.testing.assert_allclose(left, conv2d(X, K, b, *options) + 2 * conv2d(X, K[::-1], b, *options), **T64)


@settings(max_examples=15)
@given(st.integers(0, 4), st.integers(0, 4))
def test_a_shift_of_the_image_shifts_the_output(down, right):
    """Away from the border the layer commutes with shifts."""
    X, K, b, *_ = layer(1, 2, 3, 9, 8, 3, 2)
    moved = np.zeros_like(X)
    moved[:, :, down:, right:] = X[:, :, : 9 - down, : 8 - right]
    y, z = conv2d(X, K, b), conv2d(moved, K, b)
    np.testing.assert_allclose(z[:, :, down:, right:], y[:, :, : 7 - down, : 7 - right], **T64)


def test_entries_of_any_size_stay_finite():
    """Images of size 1e300 and filters of size 1e-300 multiply to 1: nothing over- or underflows on the way."""
    y = conv2d(np.full((1, 1, 2, 2), 1e300), np.full((1, 1, 2, 2), 1e-300), np.zeros(1))
    np.testing.assert_allclose(y, 4.0)


def test_im2col_by_hand():
    """Four windows of the 3 x 3 image, row by row; col2im counts how many windows hold a pixel."""
    M = [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
    assert im2col(EXAMPLE, 2, 2, 1, 0).tolist() == M
    assert col2im(M, (1, 1, 3, 3), 2, 2, 1, 0).tolist() == [[[[1, 4, 3], [8, 20, 12], [7, 16, 9]]]]


@pytest.mark.parametrize("sizes", [s for s in SIZES if s[-1] == 1])
def test_im2col_and_col2im_are_torchs_unfold_and_fold(sizes):
    """torch.nn.functional.unfold gives (N, C kh kw, places); fold is its adjoint."""
    X, K, _, stride, pad, _ = layer(*sizes)
    (N, C, *size), (kh, kw) = X.shape, K.shape[2:]
    unfolded = torch.nn.functional.unfold(torch.tensor(X), (kh, kw), stride=stride, padding=pad)
    M = im2col(X, kh, kw, stride, pad)
    np.testing.assert_array_equal(M.reshape(N, -1, C * kh * kw), unfolded.transpose(1, 2))
    folded = torch.nn.functional.fold(unfolded, size, (kh, kw), stride=stride, padding=pad)
    np.testing.assert_allclose(col2im(M, X.shape, kh, kw, stride, pad), folded, **T64)


@settings(max_examples=15)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2))
def test_col2im_is_the_adjoint_of_im2col(kh, kw, stride, pad):
    """<im2col(X), M> = <X, col2im(M)> for windows that overlap, touch and leave gaps."""
    rng = np.random.default_rng(kh * kw * stride)
    X = rng.normal(size=(2, 3, 5, 4))
    unfolded = im2col(X, kh, kw, stride, pad)
    M = rng.normal(size=unfolded.shape)
    np.testing.assert_allclose(np.sum(unfolded * M), np.sum(X * col2im(M, X.shape, kh, kw, stride, pad)), **T64)


@pytest.mark.parametrize("sizes", [s for s in SIZES if s[-1] == 1])
def test_the_layer_is_a_product_with_the_matrix_of_im2col(sizes):
    """y = M K' + b, with rows (n, i, j)."""
    X, K, b, stride, pad, _ = layer(*sizes)
    F, _, kh, kw = K.shape
    y = conv2d(X, K, b, stride, pad)
    flat = im2col(X, kh, kw, stride, pad) @ K.reshape(F, -1).T + b
    np.testing.assert_allclose(flat, y.transpose(0, 2, 3, 1).reshape(-1, F), **T64)


def test_what_im2col_returns_is_nobody_elses():
    """A view of the image would change with it: 1 x 1 windows give a copy."""
    X = EXAMPLE.copy()
    im2col(X, 1, 1, 1, 0)[:] = 0
    assert X.tolist() == EXAMPLE.tolist()


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"X": np.ones((2, 3, 5))}, ShapeError, r"conv2d: got X of shape \(2, 3, 5\), expected 4 axes\."),
        ({"K": np.ones((4, 2, 3, 3))}, ShapeError, r"conv2d: got K of shape \(4, 2, 3, 3\), expected \(4, 3, 3, 3\)\."),
        ({"b": np.ones(3)}, ShapeError, r"conv2d: got b of shape \(3,\), expected \(4,\)\."),
        ({"dilation": 3}, ShapeError, r"conv2d: got a filter that spans \(7, 7\) pixels, expected at most \(5, 6\)\."),
        ({"stride": 0}, RangeError, r"conv2d: got stride = 0, expected an integer of at least 1\."),
        ({"pad": -1}, RangeError, r"conv2d: got pad = -1, expected an integer of at least 0\."),
        ({"dilation": 1.0}, RangeError, r"conv2d: got dilation = 1\.0, expected an integer of at least 1\."),
    ],
)
def test_wrong_arguments_are_refused_by_name(change, error, text):
    """The argument that does not fit is named, with what was expected."""
    right = {"X": np.ones((2, 3, 5, 6)), "K": np.ones((4, 3, 3, 3)), "b": np.ones(4)}
    with pytest.raises(error, match=text):
        conv2d(**{**right, **change})


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: im2col(EXAMPLE, 4, 1, 1, 0), ShapeError, r"im2col: got a filter that spans \(4, 1\) pixels, expected"),
        (lambda: im2col(EXAMPLE, 2, 0, 1, 0), RangeError, r"im2col: got kw = 0, expected an integer of at least 1\."),
        (
            lambda: col2im(np.ones((4, 5)), (1, 1, 3, 3), 2, 2, 1, 0),
            ShapeError,
            r"col2im: got M of shape \(4, 5\), expected \(4, 4\)\.",
        ),
        (
            lambda: col2im(np.ones((4, 4)), (3, 3), 2, 2, 1, 0),
            ShapeError,
            r"col2im: got shape = \(3, 3\), expected \(N, C, H, W\)\.",
        ),
        (
            lambda: col2im(np.ones((4, 4)), (1, 1, 0, 3), 2, 2, 1, 0),
            RangeError,
            r"col2im: got a size = 0, expected an integer of at least 1\.",
        ),
    ],
)
def test_wrong_windows_are_refused_by_name(call, error, text):
    """Windows that do not fit and matrices of another size are named."""
    with pytest.raises(error, match=text):
        call()
