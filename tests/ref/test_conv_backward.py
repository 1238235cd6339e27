"""The three gradients of a convolutional layer: by hand, against torch, differences and the transposed matrix, laws."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmath_ref import (
    RangeError,
    ShapeError,
    complex_step,
    conv2d,
    conv2d_backward,
    conv2d_matrix,
    directional_check,
)

T64 = {"rtol": 1e-12, "atol": 1e-12}
SIZES = [  # N, C, F, H, W, kh, kw, stride, pad
    (2, 3, 4, 7, 6, 3, 2, 1, 0),
    (3, 3, 3, 5, 5, 3, 3, 1, 1),
    (2, 3, 4, 9, 8, 3, 2, 2, 1),
    (1, 4, 2, 8, 11, 2, 3, 3, 2),
    (2, 2, 5, 6, 8, 2, 1, 3, 0),  # gaps, and pixels that no window reaches
    (1, 2, 3, 4, 3, 4, 3, 1, 0),
    (1, 1, 1, 1, 1, 1, 1, 1, 0),
]


def layer(N, C, F, H, W, kh, kw, stride=1, pad=0):
    rng = np.random.default_rng(N * C * F * H * W)
    X, K, b = (rng.normal(size=size) for size in ((N, C, H, W), (F, C, kh, kw), (F,)))
    return rng.normal(size=conv2d(X, K, b, stride, pad).shape), X, K, b


def test_gradients_by_hand():
    """Each window hands g_ij K back: the middle pixel collects 1*2 + 2*0 + 3*0 + 4*1; g_K is sum g_ij X[i+a, j+b]."""
    X, K = np.arange(1.0, 10.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    g_X, g_K, g_b = conv2d_backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), X, K)
    assert g_X.tolist() == [[[[1, 2, 0], [3, 6, 4], [0, 6, 8]]]]
    assert g_K.tolist() == [[[[37, 47], [67, 77]]]] and g_b.tolist() == [10]


@pytest.mark.parametrize("sizes", SIZES)
def test_gradients_are_torchs(sizes):
    """Autograd through torch.nn.functional.conv2d in float64 agrees, for random upstream gradients."""
    *options, stride, pad = sizes
    g, *arrays = layer(*options, stride, pad)
    x, k, c = (torch.tensor(a, requires_grad=True) for a in arrays)
    torch.nn.functional.conv2d(x, k, c, stride=stride, padding=pad).backward(torch.tensor(g))
    for mine, theirs in zip(conv2d_backward(g, *arrays[:2], stride, pad), (x, k, c), strict=True):
        np.testing.assert_allclose(mine, theirs.grad, **T64)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("sizes", SIZES[:5])
def test_gradients_are_slopes(sizes, place):
    """With C = sum of tanh(y), central differences along random directions agree for each of X, K and b."""
    *_, stride, pad = sizes
    _, *arrays = layer(*sizes)

    def cost(theta):
        return np.sum(np.tanh(conv2d(*arrays[:place], theta, *arrays[place + 1 :], stride, pad)))

    g = 1 - np.tanh(conv2d(*arrays, stride, pad)) ** 2
    gradient = conv2d_backward(g, *arrays[:2], stride, pad)[place]
    assert directional_check(cost, arrays[place], gradient, np.random.default_rng(0)) < 1e-7


def test_gradients_by_complex_steps():
    """A complex step through seven loops of the equation, which share no code with the reference."""
    *_, stride, pad = sizes = (1, 2, 2, 4, 3, 2, 2, 2, 1)
    _, X, K, b = layer(*sizes)

    def cost(X, K):
        total = 0
        framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        for n, f, i, j in np.ndindex(1, 2, 3, 2):
            terms = (K[f, c, p, q] * framed[n, c, i * stride + p, j * stride + q] for c, p, q in np.ndindex(2, 2, 2))
            total = total + np.exp(b[f] + sum(terms))
        return total

    g_X, g_K, _ = conv2d_backward(np.exp(conv2d(X, K, b, stride, pad)), X, K, stride, pad)
    np.testing.assert_allclose(g_X, complex_step(lambda x: cost(x, K), X), **T64)
    np.testing.assert_allclose(g_K, complex_step(lambda k: cost(X, k), K), **T64)


def test_the_gradient_in_the_input_is_the_transposed_matrix():
    """For one filter y = M x, hence g_X = M' g."""
    g, X, K, _ = layer(1, 1, 1, 7, 6, 3, 2)
    M = conv2d_matrix(K[0, 0], 7, 6)
    np.testing.assert_allclose(conv2d_backward(g, X, K)[0].ravel(), M.T @ g.ravel(), **T64)


@pytest.mark.parametrize("sizes", SIZES)
def test_the_gradient_in_the_input_is_a_transposed_convolution(sizes):
    """torch.nn.functional.conv_transpose2d of g agrees where windows reach; the rest is 0."""
    *_, stride, pad = sizes
    g, X, K, _ = layer(*sizes)
    wide = torch.nn.functional.conv_transpose2d(torch.tensor(g), torch.tensor(K), stride=stride).numpy()
    framed = np.zeros((*X.shape[:2], X.shape[2] + 2 * pad, X.shape[3] + 2 * pad))
    framed[:, :, : wide.shape[2], : wide.shape[3]] = wide
    expected = framed[:, :, pad : pad + X.shape[2], pad : pad + X.shape[3]]
    np.testing.assert_allclose(conv2d_backward(g, X, K, stride, pad)[0], expected, **T64)


@settings(max_examples=15)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2))
def test_gradients_are_adjoints_of_the_layer(kh, kw, stride, pad):
    """<conv(X, K), g> = <X, g_X> = <K, g_K>, and <b, g_b> is what the biases add."""
    g, X, K, b = layer(2, 3, 2, 5, 4, kh, kw, stride, pad)
    g_X, g_K, g_b = conv2d_backward(g, X, K, stride, pad)
    inner = np.sum(conv2d(X, K, 0 * b, stride, pad) * g)
    np.testing.assert_allclose([np.sum(X * g_X), np.sum(K * g_K)], inner, **T64)
    np.testing.assert_allclose(b @ g_b, np.sum(conv2d(X, K, b, stride, pad) * g) - inner, **T64)


def test_gradients_of_a_batch_are_sums_over_its_images():
    """No 1/n hides in them: a batch of three, and a batch of one and one of two, give the same."""
    g, X, K, _ = layer(3, 2, 4, 6, 5, 3, 2, 1, 1)
    whole = conv2d_backward(g, X, K, 1, 1)
    one, two = conv2d_backward(g[:1], X[:1], K, 1, 1), conv2d_backward(g[1:], X[1:], K, 1, 1)
    np.testing.assert_allclose(whole[0], np.concatenate([one[0], two[0]]), **T64)
    np.testing.assert_allclose(whole[1], one[1] + two[1], **T64)
    np.testing.assert_allclose(whole[2], one[2] + two[2], **T64)


def test_pixels_that_no_window_reaches_have_no_gradient():
    """Stride 3 with 2 x 1 windows on 6 x 8 pixels: rows 2, 5 and all columns but 0, 3, 6 stay 0."""
    g, X, K, _ = layer(2, 2, 5, 6, 8, 2, 1, 3, 0)
    reached = (conv2d_backward(g, X, K, stride=3)[0] != 0).any((0, 1))
    assert np.array_equal(reached, np.outer([1, 1, 0, 1, 1, 0], [1, 0, 0, 1, 0, 0, 1, 0]).astype(bool))


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"g": np.ones((2, 4, 3, 3))}, ShapeError, r"got g of shape \(2, 4, 3, 3\), expected \(2, 4, 3, 4\)\."),
        ({"g": np.ones((3, 4))}, ShapeError, r"got g of shape \(3, 4\), expected 4 axes\."),
        ({"K": np.ones((4, 1, 3, 3))}, ShapeError, r"got K of shape \(4, 1, 3, 3\), expected \(4, 3, 3, 3\)\."),
        ({"K": np.ones((4, 3, 6, 3))}, ShapeError, r"got a filter that spans \(6, 3\) pixels, expected at most"),
        ({"stride": 1.5}, RangeError, r"got stride = 1\.5, expected an integer of at least 1\."),
    ],
)
def test_wrong_arguments_are_refused_by_name(change, error, text):
    """The argument that does not fit is named, with what was expected."""
    right = {"g": np.ones((2, 4, 3, 4)), "X": np.ones((2, 3, 5, 6)), "K": np.ones((4, 3, 3, 3))}
    with pytest.raises(error, match=f"conv2d_backward: {text}"):
        conv2d_backward(**{**right, **change})
