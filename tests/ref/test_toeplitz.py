"""Convolution as a matrix: against numpy, scipy, torch and the definition."""

from itertools import product

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmath_ref import (
    RangeError,
    ShapeError,
    conv2d_matrix,
    conv_output_size,
    conv_toeplitz,
    corr_valid_matrix,
)

LENGTHS = [(1, 1), (1, 4), (2, 3), (3, 3), (3, 7), (5, 2)]  # of the filter, of the signal
SHAPES = [((2, 3), (4, 6)), ((3, 2), (6, 3)), ((2, 2), (3, 3)), ((1, 1), (2, 5)), ((3, 4), (3, 4))]  # filter, image

lengths = pytest.mark.parametrize("k, n", LENGTHS)
shapes = pytest.mark.parametrize("filter_shape, shape", SHAPES)


def draw(*sizes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=size) for size in sizes]


def test_a_filter_of_two_by_hand():
    """(1, 2) * (3, 4) = (3, 4 + 6, 8), and (1, 2) star (3, 4, 5) = (3 + 8, 4 + 10)."""
    w = np.array([1.0, 2.0])
    assert conv_toeplitz(w, 2).tolist() == [[1, 0], [2, 1], [0, 2]]
    assert (conv_toeplitz(w, 2) @ [3, 4]).tolist() == [3, 10, 8]
    assert (corr_valid_matrix(w, 3) @ [3, 4, 5]).tolist() == [11, 14]


@lengths
def test_the_convolution_matrix_is_scipys_toeplitz_matrix(k, n):
    """scipy.linalg.toeplitz with w and zeros as first column, w_0 and zeros as first row."""
    (w,) = draw(k)
    column, row = np.concatenate([w, np.zeros(n - 1)]), np.concatenate([w[:1], np.zeros(n - 1)])
    assert np.array_equal(conv_toeplitz(w, n), scipy.linalg.toeplitz(column, row))
    assert np.array_equal(conv_toeplitz(w, n), scipy.linalg.convolution_matrix(w, n, "full"))


@lengths
def test_matrix_times_signal_is_numpys_convolution_and_correlation(k, n):
    """np.convolve in full and np.correlate where w lies inside x."""
    w, x = draw(k, n)
    np.testing.assert_allclose(conv_toeplitz(w, len(x)) @ x, np.convolve(w, x), atol=1e-12)
    if len(w) <= len(x):
        np.testing.assert_allclose(corr_valid_matrix(w, len(x)) @ x, np.correlate(x, w, "valid"), atol=1e-12)


@settings(max_examples=20)
@given(st.lists(st.floats(-9, 9), min_size=1, max_size=4), st.lists(st.floats(-9, 9), min_size=1, max_size=4))
def test_convolutions_commute_and_compose(v, w):
    """T(v) T(w) = T(w) T(v) = T(v * w), with np.convolve."""
    n = 3
    both = conv_toeplitz(v, n + len(w) - 1) @ conv_toeplitz(w, n)
    np.testing.assert_allclose(both, conv_toeplitz(w, n + len(v) - 1) @ conv_toeplitz(v, n), atol=1e-10)
    np.testing.assert_allclose(both, conv_toeplitz(np.convolve(v, w), n), atol=1e-10)


@pytest.mark.parametrize("k, n", [(k, n) for k, n in LENGTHS if k <= n])
def test_the_transpose_of_a_correlation_is_a_full_convolution(k, n):
    """M(w)' = T(w): what the way back through a layer rests on; and M(w) is a part of T(reversed w)."""
    (w,) = draw(k)
    assert np.array_equal(corr_valid_matrix(w, n).T, conv_toeplitz(w, n - k + 1))
    assert np.array_equal(corr_valid_matrix(w, n), conv_toeplitz(w[::-1], n)[k - 1 : n])


def test_a_two_by_two_filter_by_hand():
    """On 0 1 2 / 3 4 5 / 6 7 8 the filter 1 2 / 3 4 gives 0 + 2 + 9 + 16 = 27 first, then 10 more for each pixel."""
    M = conv2d_matrix(np.array([[1.0, 2.0], [3.0, 4.0]]), 3, 3)
    assert (M @ np.arange(9.0)).tolist() == [27, 37, 57, 67]
    assert M[3].tolist() == [0, 0, 0, 0, 1, 2, 0, 3, 4]


@shapes
def test_matrix_times_image_is_scipys_and_torchs_correlation(filter_shape, shape):
    """scipy.signal.correlate2d and torch.nn.functional.conv2d in float64."""
    K, X = draw(filter_shape, shape)
    got = (conv2d_matrix(K, *X.shape) @ X.reshape(-1)).reshape(np.subtract(X.shape, K.shape) + 1)
    np.testing.assert_allclose(got, scipy.signal.correlate2d(X, K, "valid"), atol=1e-11)
    theirs = torch.nn.functional.conv2d(torch.tensor(X)[None, None], torch.tensor(K)[None, None])
    np.testing.assert_allclose(got, theirs[0, 0].numpy(), atol=1e-11)


@shapes
def test_the_matrix_of_a_filter_is_a_sum_of_kronecker_products(filter_shape, shape):
    """M = sum_ab K_ab (S_a x S_b), where S_a selects o_h rows from row a on."""
    (K,) = draw(filter_shape)
    (kh, kw), (H, W) = K.shape, shape
    expected = sum(K[a, b] * np.kron(np.eye(H - kh + 1, H, a), np.eye(W - kw + 1, W, b)) for a, b in np.ndindex(kh, kw))
    assert np.array_equal(conv2d_matrix(K, H, W), expected)


def test_a_separable_filter_is_one_kronecker_product():
    """M(u v') = M(u) x M(v), with the matrices of one dimension."""
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=3), rng.normal(size=2)
    expected = np.kron(corr_valid_matrix(u, 5), corr_valid_matrix(v, 4))
    np.testing.assert_allclose(conv2d_matrix(np.outer(u, v), 5, 4), expected, rtol=1e-14)


def test_the_transposed_matrix_is_torchs_transposed_convolution():
    """M' vec(g) = conv_transpose2d(g, K) in float64, and the gradient of sum(g * conv) with respect to the image."""
    rng = np.random.default_rng(1)
    K, X, g = rng.normal(size=(2, 3)), rng.normal(size=(4, 6)), rng.normal(size=(3, 4))
    back = (conv2d_matrix(K, 4, 6).T @ g.reshape(-1)).reshape(4, 6)
    theirs = torch.nn.functional.conv_transpose2d(torch.tensor(g)[None, None], torch.tensor(K)[None, None])
    np.testing.assert_allclose(back, theirs[0, 0].numpy(), rtol=1e-13, atol=1e-14)
    image = torch.tensor(X, requires_grad=True)
    out = torch.nn.functional.conv2d(image[None, None], torch.tensor(K)[None, None])[0, 0]
    (torch.tensor(g) * out).sum().backward()
    np.testing.assert_allclose(back, image.grad.numpy(), rtol=1e-13, atol=1e-14)


def test_float32_is_kept_and_extreme_entries_are_copied():
    """Nothing is computed: 1e-300 and 1e300 stand in the matrix as they are."""
    assert conv_toeplitz(np.array([1e300, 1e-300]), 1).tolist() == [[1e300], [1e-300]]
    assert conv2d_matrix(np.ones((1, 2), np.float32), 2, 2).dtype == np.float32


@pytest.mark.parametrize(
    "args, size",
    [((224, 3, 1, 1), 224), ((224, 7, 2, 3), 112), ((224, 2, 2), 112), ((227, 11, 4), 55), ((5, 5), 1), ((7, 3, 3), 2)],
)
def test_sizes_by_hand(args, size):
    """VGG keeps 224 and halves it by pooling; AlexNet's first layer makes 55 of 227; leftovers are dropped."""
    assert conv_output_size(*args) == size


def test_the_size_is_torchs():
    """The shape that torch's conv1d gives, and a RangeError where torch refuses: 378 combinations."""
    for h, k, s, p, d in product(range(1, 8), range(1, 4), range(1, 4), range(3), (1, 3)):
        try:
            y = torch.nn.functional.conv1d(torch.zeros(1, 1, h), torch.zeros(1, 1, k), stride=s, padding=p, dilation=d)
        except RuntimeError:
            with pytest.raises(RangeError, match="conv_output_size: got a kernel that spans"):
                conv_output_size(h, k, s, p, d)
        else:
            assert conv_output_size(h, k, s, p, d) == y.shape[2]


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: conv_toeplitz(np.ones((2, 2)), 3), ShapeError, r"conv_toeplitz: got w of shape \(2, 2\), expected 1"),
        (
            lambda: conv_toeplitz([], 3),
            ShapeError,
            r"conv_toeplitz: got w of shape \(0,\), expected at least one entry",
        ),
        (
            lambda: conv_toeplitz(np.ones(2), 0),
            RangeError,
            "conv_toeplitz: got n = 0, expected an integer of at least 1",
        ),
        (lambda: corr_valid_matrix(np.ones(3), 2), RangeError, "corr_valid_matrix: got n = 2, expected .* at least 3"),
        (lambda: conv2d_matrix(np.ones(3), 2, 2), ShapeError, r"conv2d_matrix: got K of shape \(3,\), expected 2 axes"),
        (lambda: conv2d_matrix(np.ones((3, 1)), 2, 2), RangeError, "got H = 2, expected an integer of at least 3"),
        (lambda: conv2d_matrix(np.ones((1, 3)), 2, 2.0), RangeError, "got W = 2.0, expected an integer of at least 3"),
        (lambda: conv_output_size(4, 3, dilation=2), RangeError, "spans 5 of 4 padded inputs, expected it to fit"),
        (lambda: conv_output_size(4, 3, pad=-1), RangeError, "got pad = -1, expected an integer of at least 0"),
        (lambda: conv_output_size(4, 3, 0), RangeError, "got stride = 0, expected an integer of at least 1"),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
