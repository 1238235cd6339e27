"""Pooling: values by hand, torch with ties and padding, adjoints, finite differences, a brute force, errors."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmath_ref import RangeError, ShapeError, avgpool, avgpool_backward, maxpool, maxpool_backward, numerical_gradient

T64 = {"rtol": 1e-13, "atol": 1e-14}
# k, stride, pad: apart, overlapping, with gaps, with columns that are left over, padded
SETTINGS = [(2, 2, 0), (3, 1, 1), (3, 2, 1), (2, 3, 1), (1, 1, 0), (1, 2, 0), (4, 3, 2), (5, 1, 0)]
SHAPES = [(2, 3, 7, 5), (1, 1, 6, 6), (3, 2, 5, 8)]
CASES = [(shape, *setting) for shape in SHAPES for setting in SETTINGS]


def images(shape, ties=False):
    rng = np.random.default_rng(sum(shape))
    X = rng.integers(-3, 0, size=shape) if ties else rng.normal(size=shape)
    return X.astype(float), rng


def by_hand(X, k, stride, pad, reduce):
    """Window after window, over the indices that lie inside."""
    N, C, H, W = X.shape
    starts = [range(-pad, size + pad - k + 1, stride) for size in (H, W)]
    out = np.empty((N, C, len(starts[0]), len(starts[1])))
    for (i, top), (j, left) in itertools.product(*map(enumerate, starts)):
        rows, columns = range(max(top, 0), min(top + k, H)), range(max(left, 0), min(left + k, W))
        out[:, :, i, j] = reduce(X[:, :, rows.start : rows.stop, columns.start : columns.stop])
    return out


def test_a_window_by_hand():
    """The largest of 1, 4, 3, 2 is 4, their mean 5/2; the maximum alone gets the gradient, or each a quarter."""
    X, g = np.array([[[[1.0, 4.0], [3.0, 2.0]]]]), np.array([[[[8.0]]]])
    assert maxpool(X, 2, 2).item() == 4 and avgpool(X, 2, 2).item() == 2.5
    np.testing.assert_array_equal(maxpool_backward(g, X, 2, 2)[0, 0], [[0, 8], [0, 0]])
    np.testing.assert_array_equal(avgpool_backward(g, X, 2, 2)[0, 0], [[2, 2], [2, 2]])


@pytest.mark.parametrize("shape, k, stride, pad", CASES)
def test_agrees_with_a_loop_over_the_windows(shape, k, stride, pad):
    """Maximum over the entries inside the image, and their sum divided by all k^2 places."""
    X, _ = images(shape)
    np.testing.assert_array_equal(maxpool(X, k, stride, pad), by_hand(X, k, stride, pad, lambda w: w.max((2, 3))))
    mean = by_hand(X, k, stride, pad, lambda w: w.sum((2, 3)) / k**2)
    np.testing.assert_allclose(avgpool(X, k, stride, pad), mean, **T64)


@pytest.mark.parametrize("shape, k, stride, pad", CASES)
@pytest.mark.parametrize("ties", [False, True])
def test_matches_torch_forward_and_backward(shape, k, stride, pad, ties):
    """torch's max_pool2d and avg_pool2d in float64, also with negative integers, of which many are equal."""
    X, rng = images(shape, ties)
    for pool, backward, theirs in (
        (maxpool, maxpool_backward, torch.nn.functional.max_pool2d),
        (avgpool, avgpool_backward, torch.nn.functional.avg_pool2d),
    ):
        x = torch.tensor(X, requires_grad=True)
        y = theirs(x, k, stride, pad)
        g = rng.normal(size=tuple(y.shape))
        y.backward(torch.tensor(g))
        np.testing.assert_allclose(pool(X, k, stride, pad), y.detach(), **T64)
        np.testing.assert_allclose(backward(g, X, k, stride, pad), x.grad, **T64)


@pytest.mark.parametrize("k, stride, pad", SETTINGS)
def test_gradients_against_finite_differences(k, stride, pad):
    """Central differences of sum(g * pool(X)), away from ties: the entries are distinct integers."""
    rng = np.random.default_rng(k + stride)
    X = rng.permutation(60).reshape(1, 2, 6, 5).astype(float)
    for pool, backward in ((maxpool, maxpool_backward), (avgpool, avgpool_backward)):
        g = rng.normal(size=pool(X, k, stride, pad).shape)
        expected = numerical_gradient(lambda x, pool=pool, g=g: float(np.sum(g * pool(x, k, stride, pad))), X)
        np.testing.assert_allclose(backward(g, X, k, stride, pad), expected, rtol=1e-7, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(4, 7), st.integers(4, 6))
def test_averaging_and_its_gradient_are_adjoint(k, stride, pad, H, W):
    """<avgpool(X), g> = <X, avgpool_backward(g)>: the average is linear."""
    rng, pad = np.random.default_rng(H * W), min(pad, k // 2)
    X = rng.normal(size=(2, 2, H, W))
    y = avgpool(X, k, stride, pad)
    g = rng.normal(size=y.shape)
    np.testing.assert_allclose(
        np.sum(y * g), np.sum(X * avgpool_backward(g, X, k, stride, pad)), rtol=1e-10, atol=1e-12
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(4, 7))
def test_the_maximum_is_homogeneous_and_its_gradient_is_handed_on_whole(k, stride, pad, H):
    """<g, maxpool(X)> = <X, maxpool_backward(g)> by Euler's theorem, and the sum of all gradients stays."""
    rng, pad = np.random.default_rng(H), min(pad, k // 2)
    X = rng.integers(-2, 2, size=(2, 2, H, 5)).astype(float)  # with ties
    y = maxpool(X, k, stride, pad)
    g = rng.normal(size=y.shape)
    g_X = maxpool_backward(g, X, k, stride, pad)
    np.testing.assert_allclose(np.sum(y * g), np.sum(X * g_X), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(g_X.sum(), g.sum(), rtol=1e-10, atol=1e-10)


def test_a_window_as_large_as_the_image_gives_one_number_per_channel():
    """Global average and maximum."""
    X, _ = images((2, 3, 4, 4))
    np.testing.assert_allclose(avgpool(X, 4, 1)[:, :, 0, 0], X.mean((2, 3)), **T64)
    np.testing.assert_allclose(maxpool(X, 4, 4)[:, :, 0, 0], X.max((2, 3)), **T64)


def test_rows_and_columns_that_no_window_holds_have_gradient_zero():
    """5 columns in windows of 2: the last one is left over."""
    X, rng = images((1, 2, 4, 5))
    g = rng.normal(size=(1, 2, 2, 2))
    assert not maxpool_backward(g, X, 2, 2)[..., 4].any() and not avgpool_backward(g, X, 2, 2)[..., 4].any()


def test_padding_never_wins_against_negative_numbers():
    """An image of -1e300 pools to -1e300, not to 0 or to -infinity."""
    X = np.full((1, 1, 3, 3), -1e300)
    np.testing.assert_array_equal(maxpool(X, 3, 2, 1), np.full((1, 1, 2, 2), -1e300))
    assert maxpool_backward(np.ones((1, 1, 2, 2)), X, 3, 2, 1).sum() == 4


@pytest.mark.parametrize("function", [maxpool, avgpool])
@pytest.mark.parametrize(
    "arguments, error, text",
    [
        ((3, 1, 2), RangeError, "got pad = 2, expected at most k / 2 = 1.5"),
        ((0, 1), RangeError, "got k = 0, expected an integer of at least 1"),
        ((2, 1.0), RangeError, "got stride = 1.0, expected an integer of at least 1"),
        ((2, 1, -1), RangeError, "got pad = -1, expected an integer of at least 0"),
        ((5, 1), ShapeError, r"got X of shape \(1, 1, 4, 6\), expected room for a 5 x 5 window"),
    ],
)
def test_wrong_arguments_are_named(function, arguments, error, text):
    """What does not fit is refused with what was got and what was expected."""
    with pytest.raises(error, match=f"{function.__name__}: {text}"):
        function(np.zeros((1, 1, 4, 6)), *arguments)


@pytest.mark.parametrize("function", [maxpool_backward, avgpool_backward])
def test_an_upstream_gradient_of_another_shape_is_refused(function):
    """g must be like the output."""
    text = rf"{function.__name__}: got g of shape \(1, 1, 4, 4\), expected \(1, 1, 2, 2\)"
    with pytest.raises(ShapeError, match=text):
        function(np.zeros((1, 1, 4, 4)), np.zeros((1, 1, 4, 4)), 2, 2)
