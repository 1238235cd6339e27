"""The shallow autoencoder: value, gradients, laws, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlmath_ref import (
    RangeError,
    ShapeError,
    autoencoder_loss_grad,
    complex_step,
    directional_check,
)

T64 = {"rtol": 1e-12, "atol": 1e-14}


def problem(n=5, p=4, m=2, scale=1.0):
    rng = np.random.default_rng(n * p * m)
    params = tuple(scale * rng.normal(size=s) for s in ((m, p), m, (p, m), p))
    return params, rng.normal(size=(n, p))


def test_value_by_hand():
    """All parameters 0: the output is 0, C = 1 + 4, g_b2 = -2 x, everything else 0."""
    C, (gW1, gb1, gW2, gb2) = autoencoder_loss_grad(
        (np.zeros((1, 2)), np.zeros(1), np.zeros((2, 1)), np.zeros(2)), [[1.0, 2.0]]
    )
    assert C == 5 and gb2.tolist() == [-2, -4] and not gW1.any() and not gb1.any() and not gW2.any()


@pytest.mark.parametrize("n, p, m", [(5, 4, 2), (1, 3, 1), (4, 3, 5), (3, 3, 3)])
def test_gradients_match_torch(n, p, m):
    """Autograd of the same graph agrees, also for n = 1, m = 1 and m > p."""
    params, X = problem(n, p, m)
    W1, b1, W2, b2 = tensors = [torch.tensor(x, requires_grad=True) for x in params]
    x = torch.tensor(X)
    C = ((torch.tanh(x @ W1.T + b1) @ W2.T + b2 - x) ** 2).sum(1).mean()
    C.backward()
    loss, gradients = autoencoder_loss_grad(params, X)
    np.testing.assert_allclose(loss, C.item(), **T64)
    for mine, theirs in zip(gradients, tensors, strict=True):
        np.testing.assert_allclose(mine, theirs.grad, **T64)


@pytest.mark.parametrize("k", range(4))
def test_gradients_by_differences_and_complex_step(k):
    """Each parameter's gradient agrees with central differences and with the complex step."""
    params, X = problem()

    def loss(theta):
        W1, b1, W2, b2 = (*params[:k], theta, *params[k + 1 :])
        return np.sum((np.tanh(X @ W1.T + b1) @ W2.T + b2 - X) ** 2) / len(X)

    gradient = autoencoder_loss_grad(params, X)[1][k]
    assert directional_check(loss, params[k], gradient, np.random.default_rng(0)) < 1e-8
    np.testing.assert_allclose(complex_step(loss, params[k]), gradient, **T64)


@given(st.integers(0, 1))
def test_hidden_units_may_change_places(unit):
    """Swapping or negating hidden units leaves the cost as it is: tanh is odd."""
    (W1, b1, W2, b2), X = problem()
    sign = np.array([1.0, 1.0])
    sign[unit] = -1
    C = autoencoder_loss_grad((W1, b1, W2, b2), X)[0]
    swapped = (sign[:, None] * W1)[::-1], (sign * b1)[::-1], (W2 * sign)[:, ::-1], b2
    np.testing.assert_allclose(autoencoder_loss_grad(swapped, X)[0], C, **T64)


def test_the_linear_regime_reaches_the_pca_error_and_no_less():
    """With W1 = s V', W2 = V / s and s small, tanh is linear: the cost is the sum of the discarded eigenvalues."""
    X = np.random.default_rng(4).normal(size=(30, 4)) * [3, 2, 1, 0.5]
    X -= X.mean(0)
    eigenvalues, vectors = np.linalg.eigh(X.T @ X / 30)
    V, s = vectors[:, -2:], 1e-4
    C, _gradients = autoencoder_loss_grad((s * V.T, np.zeros(2), V / s, np.zeros(4)), X)
    np.testing.assert_allclose(C, eigenvalues[:2].sum(), rtol=1e-6)


def test_saturated_units_have_no_gradient():
    """Weights of size 1000 saturate tanh: the first layer's gradient is 0, nothing overflows."""
    params, X = problem(scale=1e3)
    with np.errstate(over="raise", invalid="raise"):
        _, (gW1, _, _, _) = autoencoder_loss_grad(params, X)
    assert not gW1.any()


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({0: np.ones((3, 4))}, ShapeError, r"autoencoder_loss_grad: got W1 of shape \(3, 4\), expected \(2, 4\)."),
        ({1: np.ones((2, 1))}, ShapeError, r"autoencoder_loss_grad: got b1 of shape \(2, 1\), expected 1 axes."),
        ({3: np.ones(2)}, ShapeError, r"autoencoder_loss_grad: got b2 of shape \(2,\), expected \(4,\)."),
    ],
)
def test_wrong_parameters_are_refused_by_name(change, error, text):
    """The parameter that does not fit is named with its shape and the expected one."""
    params, X = problem()
    with pytest.raises(error, match=text):
        autoencoder_loss_grad([change.get(i, x) for i, x in enumerate(params)], X)


def test_three_parameters_are_refused():
    """params must hold four arrays."""
    params, X = problem()
    with pytest.raises(RangeError, match=r"autoencoder_loss_grad: got 3 parameters, expected W1, b1, W2, b2\."):
        autoencoder_loss_grad(params[:3], X)
