"""Batch normalisation: values by hand, torch's layer, finite differences, complex steps, laws, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlmath_ref import RangeError, ShapeError, bn_backward, bn_forward, numerical_gradient

T64 = {"rtol": 1e-11, "atol": 1e-13}
rng = np.random.default_rng(5)
BATCHES = [(2, 3), (3, 3), (5, 2), (64, 1)]
EPS = [1e-5, 0.5]


def layer(d, momentum=0.1, eps=1e-5):
    """torch.nn.BatchNorm1d in float64 with parameters and statistics of its own, and the same as arrays."""
    bn = torch.nn.BatchNorm1d(d, momentum=momentum, eps=eps, dtype=torch.float64)
    gamma, beta, mean, variance = rng.normal(size=(4, d))
    variance = variance**2
    with torch.no_grad():
        for tensor, values in (
            (bn.weight, gamma),
            (bn.bias, beta),
            (bn.running_mean, mean),
            (bn.running_var, variance),
        ):
            tensor.copy_(torch.tensor(values))
    return bn, gamma, beta, (mean, variance)


def problem(n, d):
    return rng.normal(size=(n, d)), 1 + 2 * rng.normal(size=(n, d)), rng.normal(size=d)


def test_two_samples_by_hand():
    """Z = (1, 3): mean 2, variance 1, eps 3, so zbar = -1/2 and 1/2; the running variance moves towards 2/1 * 1."""
    Z = np.array([[1.0], [3.0]])
    state = np.array([10.0]), np.array([4.0])
    out, (mean, variance) = bn_forward(Z, np.array([2.0]), np.array([5.0]), state, True, 0.25, 3.0)
    np.testing.assert_allclose(out, [[4.0], [6.0]], **T64)
    np.testing.assert_allclose([mean[0], variance[0]], [0.75 * 10 + 0.25 * 2, 0.75 * 4 + 0.25 * 2], **T64)
    out, _ = bn_forward(Z, np.array([2.0]), np.array([5.0]), (np.array([2.0]), np.array([1.0])), False, 0.25, 3.0)
    np.testing.assert_allclose(out, [[4.0], [6.0]], **T64)


@pytest.mark.parametrize("n, d", BATCHES)
@pytest.mark.parametrize("eps", EPS)
def test_training_matches_torch(n, d, eps):
    """BatchNorm1d gives the same outputs and, over four batches in a row, the same running statistics."""
    bn, gamma, beta, state = layer(d, 0.3, eps)
    for _ in range(4):
        Z = 1 + 2 * rng.normal(size=(n, d))
        out, state = bn_forward(Z, gamma, beta, state, True, 0.3, eps)
        np.testing.assert_allclose(out, bn(torch.tensor(Z)).detach(), **T64)
        np.testing.assert_allclose(state[0], bn.running_mean, **T64)
        np.testing.assert_allclose(state[1], bn.running_var, **T64)


@pytest.mark.parametrize("n, d", [(1, 3), *BATCHES])
def test_evaluation_matches_torch_and_leaves_the_state(n, d):
    """In evaluation BatchNorm1d uses the running statistics, for one sample, too, and so does bn_forward."""
    bn, gamma, beta, state = layer(d)
    Z = rng.normal(size=(n, d))
    out, after = bn_forward(Z, gamma, beta, state, False)
    np.testing.assert_allclose(out, bn.eval()(torch.tensor(Z)).detach(), **T64)
    np.testing.assert_array_equal(after, state)


def test_a_batch_of_one_gives_beta_and_keeps_the_running_variance():
    """n = 1 has no spread: out = beta; the running mean moves, the running variance, whose n/(n-1) is 1/0, does not."""
    Z, gamma, beta = rng.normal(size=(1, 3)), rng.normal(size=3), rng.normal(size=3)
    out, (mean, variance) = bn_forward(Z, gamma, beta, (np.zeros(3), np.full(3, 7.0)), True)
    np.testing.assert_allclose(out, beta[None], **T64)
    np.testing.assert_allclose(mean, 0.1 * Z[0], **T64)
    np.testing.assert_array_equal(variance, np.full(3, 7.0))


def test_the_state_that_comes_back_is_new():
    """Neither in training nor in evaluation do the returned arrays share memory with the state passed in."""
    Z, state = rng.normal(size=(1, 3)), (np.zeros(3), np.ones(3))
    for train in (True, False):
        _, after = bn_forward(Z, np.ones(3), np.zeros(3), state, train)
        assert not any(np.shares_memory(a, b) for a in after for b in state)


@settings(max_examples=25, deadline=None)
@given(arrays(np.float64, (6, 2), elements=st.floats(-100, 100)), st.floats(0.1, 10), st.floats(-50, 50))
def test_scale_and_shift_of_the_data_leave_no_trace(Z, scale, shift):
    """With eps scaled along, bn(scale Z + shift) = bn(Z)."""
    state = np.zeros(2), np.ones(2)
    a, _ = bn_forward(Z, np.ones(2), np.zeros(2), state, True, eps=1e-2)
    b, _ = bn_forward(scale * Z + shift, np.ones(2), np.zeros(2), state, True, eps=1e-2 * scale**2)
    np.testing.assert_allclose(b, a, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("n, d", [(1, 2), *BATCHES])
@pytest.mark.parametrize("eps", EPS)
def test_gradients_match_torch(n, d, eps):
    """torch.autograd of the equation, with a random upstream gradient, gives the same three gradients."""
    g, Z, gamma = problem(n, d)
    z, c, b = (torch.tensor(x, requires_grad=True) for x in (Z, gamma, np.zeros(d)))
    out = c * (z - z.mean(0)) / torch.sqrt(z.var(0, unbiased=False) + eps) + b
    expected = torch.autograd.grad(out, (z, c, b), torch.tensor(g))
    for got, wanted in zip(bn_backward(g, Z, gamma, eps), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)


def test_gradients_match_those_of_torchs_own_layer():
    """BatchNorm1d's backward pass, which is code of its own, gives the same three gradients."""
    bn, gamma, _, _ = layer(3)
    g, Z, _ = problem(6, 3)
    z = torch.tensor(Z, requires_grad=True)
    bn(z).backward(torch.tensor(g))
    for got, wanted in zip(bn_backward(g, Z, gamma), (z.grad, bn.weight.grad, bn.bias.grad), strict=True):
        np.testing.assert_allclose(got, wanted, **T64)


def test_gradient_against_finite_differences():
    """Central differences of sum(g * bn_forward) in every entry of Z and gamma."""
    g, Z, gamma = problem(5, 3)

    def objective(Z, gamma):
        return float(np.sum(g * bn_forward(Z, gamma, np.zeros(3), (np.zeros(3), np.ones(3)), True)[0]))

    g_Z, g_gamma, _ = bn_backward(g, Z, gamma)
    np.testing.assert_allclose(numerical_gradient(lambda z: objective(z, gamma), Z), g_Z, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(numerical_gradient(lambda c: objective(Z, c), gamma), g_gamma, rtol=1e-6, atol=1e-8)


def test_gradient_against_a_complex_step():
    """The equation at Z + ihU has the imaginary part h <g_Z, U>, exactly."""
    g, Z, gamma = problem(4, 3)
    U, h, eps = rng.normal(size=(4, 3)), 1e-30, 0.1
    z = Z + 1j * h * U
    centred = z - z.mean(0)
    out = gamma * centred / np.sqrt((centred * centred).mean(0) + eps)
    np.testing.assert_allclose(np.sum(bn_backward(g, Z, gamma, eps)[0] * U), np.sum(g * out).imag / h, **T64)


@pytest.mark.parametrize("n, d", BATCHES)
def test_gradient_sums_to_zero_and_is_orthogonal_to_the_data_without_eps(n, d):
    """A shift of all samples changes nothing, so columns sum to 0; nor does a scaling, as eps tends to 0."""
    g, Z, gamma = problem(n, d)
    g_Z = bn_backward(g, Z, gamma, 1e-12)[0]
    np.testing.assert_allclose(g_Z.sum(0), np.zeros(d), atol=1e-10)
    np.testing.assert_allclose((g_Z * (Z - Z.mean(0))).sum(0), np.zeros(d), atol=1e-9)


def test_extreme_inputs():
    """A constant feature gives beta and a finite gradient; features around 1e8 keep their spread of 1."""
    Z = np.column_stack([np.full(4, 2.0), 1e8 + np.array([1.0, -1.0, 1.0, -1.0])])
    out, _ = bn_forward(Z, np.ones(2), np.full(2, 3.0), (np.zeros(2), np.ones(2)), True)
    np.testing.assert_allclose(out[:, 0], 3.0)
    np.testing.assert_allclose(out[:, 1], 3 + np.array([1, -1, 1, -1]) / np.sqrt(1 + 1e-5), rtol=1e-12)
    assert all(np.isfinite(x).all() for x in bn_backward(np.ones((4, 2)), Z, np.ones(2)))


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"Z": np.ones((0, 2))}, ShapeError, r"got Z of shape \(0, 2\), expected at least one row"),
        ({"gamma": np.ones(3)}, ShapeError, r"got gamma of shape \(3,\), expected \(2,\)"),
        ({"beta": np.ones((1, 2))}, ShapeError, r"got beta of shape \(1, 2\), expected \(2,\)"),
        ({"state": (np.zeros(2), np.zeros(3))}, ShapeError, r"got state\[1\] of shape \(3,\), expected \(2,\)"),
        ({"state": (np.zeros(2),)}, ShapeError, "got state of 1 items, expected running mean and running variance"),
        ({"state": (np.zeros(2), -np.ones(2))}, RangeError, "got a running variance below 0"),
        ({"momentum": 1.5}, RangeError, r"got momentum = 1.5, expected \[0, 1\]"),
        ({"eps": 0.0}, RangeError, "got eps = 0.0, expected a number above 0"),
    ],
)
def test_wrong_arguments_are_named(change, error, text):
    """What does not fit is refused with what was got and what was expected."""
    right = {"Z": np.ones((4, 2)), "gamma": np.ones(2), "beta": np.ones(2), "state": (np.zeros(2), np.ones(2))}
    with pytest.raises(error, match="bn_forward: " + text):
        bn_forward(**{**right, "train": True, **change})


def test_an_upstream_gradient_of_another_shape_is_refused():
    """g must be like Z."""
    with pytest.raises(ShapeError, match=r"bn_backward: got g of shape \(2,\), expected \(4, 2\)"):
        bn_backward(np.ones(2), np.ones((4, 2)), np.ones(2))
