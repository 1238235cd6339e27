"""Sigmoid, softmax and the cross-entropies: values, gradients, laws, extremes, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlmath_ref import (
    RangeError,
    ShapeError,
    bce_loss_grad,
    complex_step,
    directional_check,
    log_sigmoid,
    logsumexp,
    sigmoid,
    softmax,
    softmax_ce_grad,
)

reals = st.floats(-1e4, 1e4)
logits = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=reals)
T64 = {"rtol": 1e-12, "atol": 1e-14}


def binary_problem(n=7, p=3):
    rng = np.random.default_rng(n * p)
    return rng.normal(size=p), 0.3, rng.normal(size=(n, p)), rng.integers(2, size=n)


def class_problem(n=6, K=4, p=3):
    rng = np.random.default_rng(n * K * p)
    return rng.normal(size=(K, p)), rng.normal(size=K), rng.normal(size=(n, p)), rng.integers(K, size=n)


def test_sigmoid_by_hand():
    """sigma(log 3) = 3/4, since 1 / (1 + 1/3) = 3/4."""
    np.testing.assert_allclose(sigmoid(np.log([3.0, 1.0, 1 / 3])), [0.75, 0.5, 0.25], **T64)


def test_log_sigmoid_by_hand():
    """log sigma(log 3) = log 3 - log 4."""
    np.testing.assert_allclose(log_sigmoid(np.log(3.0)), np.log(3) - np.log(4), **T64)


@given(arrays(np.float64, 5, elements=reals))
def test_sigmoid_is_symmetric(z):
    """sigma(-z) = 1 - sigma(z), and log sigma(z) - log sigma(-z) = z."""
    np.testing.assert_allclose(sigmoid(-z), 1 - sigmoid(z), **T64)
    np.testing.assert_allclose(log_sigmoid(z) - log_sigmoid(-z), z, **T64)


def test_sigmoid_keeps_relative_accuracy_in_the_tail():
    """sigma(z) = exp(z) to 17 digits at z = -50, where 1 - sigma(-z) would be 0."""
    np.testing.assert_allclose(sigmoid(-50.0), np.exp(-50.0), rtol=1e-15)
    assert log_sigmoid(-1000.0) == -1000 and log_sigmoid(1000.0) == 0


def test_extreme_inputs_raise_no_floating_point_error():
    """Logits of size 10,000 overflow nowhere and divide by nothing."""
    z = np.array([[1e4, -1e4], [-1e4, -1e4], [700.0, 800.0]])
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        assert all(np.isfinite(f(z)).all() for f in (sigmoid, log_sigmoid, softmax, logsumexp))


def test_sigmoid_matches_torch():
    """torch.sigmoid and logsigmoid in float64 agree."""
    z = torch.linspace(-40, 40, 101, dtype=torch.float64)
    np.testing.assert_allclose(sigmoid(z.numpy()), torch.sigmoid(z), **T64)
    np.testing.assert_allclose(log_sigmoid(z.numpy()), torch.nn.functional.logsigmoid(z), **T64)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_softmax_matches_torch_along_every_axis(axis):
    """torch.softmax and logsumexp in float64 agree along each axis of a 3-D array."""
    Z = torch.as_tensor(100 * np.random.default_rng(3).normal(size=(2, 3, 4)))
    np.testing.assert_allclose(softmax(Z.numpy(), axis), torch.softmax(Z, axis), **T64)
    np.testing.assert_allclose(logsumexp(Z.numpy(), axis), torch.logsumexp(Z, axis), **T64)


@given(logits, reals)
def test_a_constant_added_to_a_row_changes_nothing(Z, c):
    """softmax(z + c) = softmax(z) and lse(z + c) = lse(z) + c, up to the rounding of z + c."""
    np.testing.assert_allclose(softmax(Z + c), softmax(Z), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(logsumexp(Z + c), logsumexp(Z) + c, rtol=1e-12, atol=1e-10)


@given(logits)
def test_softmax_is_a_distribution(Z):
    """Rows are non-negative and sum to 1; lse lies between max and max + log K."""
    p, lse, m = softmax(Z), logsumexp(Z), Z.max(1)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(1), 1, **T64)
    assert (lse >= m).all() and (lse <= m + np.log(Z.shape[1]) + 1e-10).all()


def test_softmax_is_the_gradient_of_logsumexp():
    """d lse / d z_k = softmax(z)_k, by the complex step."""
    z = np.array([0.3, -1.2, 2.0])
    np.testing.assert_allclose(complex_step(lambda t: np.log(np.exp(t).sum()), z), softmax(z), **T64)


def test_bce_by_hand():
    """w = 0: loss log 2; residuals (1/2, -1/2) on x = (1, 3) give g_w = (0.5 - 1.5)/2."""
    C, gw, gb = bce_loss_grad(np.zeros(1), 0.0, np.array([[1.0], [3.0]]), np.array([0, 1]))
    np.testing.assert_allclose([C, gw[0], gb], [np.log(2), -0.5, 0], **T64)


def test_bce_gradient_by_the_complex_step():
    """The gradient equals that of the analytic formula log(1 + e^z) - y z."""
    w, b, X, y = binary_problem()

    def loss(t):
        z = X @ t[:-1] + t[-1]
        return np.mean(np.log(1 + np.exp(z)) - y * z)

    _, gw, gb = bce_loss_grad(w, b, X, y)
    np.testing.assert_allclose(complex_step(loss, np.append(w, b)), np.append(gw, gb), **T64)


def test_bce_gradient_by_central_differences():
    """<g, u> agrees with the difference quotient of the function's own loss."""
    w, b, X, y = binary_problem()
    _, gw, gb = bce_loss_grad(w, b, X, y)

    def loss(t):
        return bce_loss_grad(t[:-1], t[-1], X, y)[0]

    assert directional_check(loss, np.append(w, b), np.append(gw, gb), np.random.default_rng(0)) < 1e-8


def test_bce_matches_torch():
    """binary_cross_entropy_with_logits and its autograd agree."""
    w, b, X, y = binary_problem()
    tw, tb = torch.tensor(w, requires_grad=True), torch.tensor(b, dtype=torch.float64, requires_grad=True)
    C = torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(X) @ tw + tb, torch.tensor(y).double())
    C.backward()
    got = bce_loss_grad(w, b, X, y)
    for mine, theirs in zip(got, (C.item(), tw.grad, tb.grad), strict=True):
        np.testing.assert_allclose(mine, theirs, **T64)


def test_bce_of_saturated_logits_is_exact():
    """A logit of 1000 with label 0 costs 1000, with label 1 nothing."""
    C, gw, gb = bce_loss_grad(np.array([1000.0]), 0.0, np.array([[1.0], [1.0]]), np.array([0, 1]))
    assert (C, gw[0], gb) == (500.0, 0.5, 0.5)


@given(st.integers(1, 9))
def test_bce_of_repeated_data_is_the_same(k):
    """Cost and gradient are means: repeating the data k times changes nothing."""
    w, b, X, y = binary_problem()
    for once, often in zip(
        bce_loss_grad(w, b, X, y), bce_loss_grad(w, b, np.tile(X, (k, 1)), np.tile(y, k)), strict=True
    ):
        np.testing.assert_allclose(once, often, **T64)


def test_ce_by_hand():
    """W = 0, K = 2, x = 2, y = 1: loss log 2, Delta = (1/2, -1/2), g_W = 2 Delta."""
    C, gW, gb = softmax_ce_grad(np.zeros((2, 1)), np.zeros(2), np.array([[2.0]]), np.array([1]))
    np.testing.assert_allclose(C, np.log(2), **T64)
    np.testing.assert_allclose(gW, [[1], [-1]], **T64)
    np.testing.assert_allclose(gb, [0.5, -0.5], **T64)


@pytest.mark.parametrize("n, K, p", [(6, 4, 3), (1, 3, 5), (4, 4, 4)])
def test_ce_matches_torch(n, K, p):
    """cross_entropy and its autograd agree, also for one sample and for K = p."""
    W, b, X, y = class_problem(n, K, p)
    tW, tb = torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True)
    C = torch.nn.functional.cross_entropy(torch.tensor(X) @ tW.T + tb, torch.tensor(y))
    C.backward()
    for mine, theirs in zip(softmax_ce_grad(W, b, X, y), (C.item(), tW.grad, tb.grad), strict=True):
        np.testing.assert_allclose(mine, theirs, **T64)


def test_ce_gradient_by_the_complex_step():
    """g_W equals the complex-step gradient of log sum exp minus the chosen logit."""
    W, b, X, y = class_problem()

    def loss(W):
        Z = X @ W.T + b
        return np.mean(np.log(np.exp(Z).sum(1)) - Z[np.arange(len(y)), y])

    np.testing.assert_allclose(complex_step(loss, W), softmax_ce_grad(W, b, X, y)[1], **T64)


def test_ce_gradient_by_central_differences():
    """<g, u> agrees with the difference quotient of the function's own loss, in W and in b."""
    W, b, X, y = class_problem()
    rng = np.random.default_rng(0)
    _, gW, gb = softmax_ce_grad(W, b, X, y)
    assert directional_check(lambda W: softmax_ce_grad(W, b, X, y)[0], W, gW, rng) < 1e-8
    assert directional_check(lambda b: softmax_ce_grad(W, b, X, y)[0], b, gb, rng) < 1e-8


def test_ce_of_large_logits_is_finite():
    """A gap of 1000 between the logits costs 1000 when the label is the lower one."""
    C, gW, _ = softmax_ce_grad(np.array([[1000.0], [0.0]]), np.zeros(2), np.ones((1, 1)), np.array([1]))
    assert C == 1000 and gW.tolist() == [[1.0], [-1.0]]


def test_two_classes_are_the_sigmoid():
    """With K = 2 the loss depends on the difference of the rows: it is the binary cross-entropy."""
    W, b, X, y = class_problem(7, 2, 3)
    C, gW, _ = softmax_ce_grad(W, b, X, y)
    binary = bce_loss_grad(W[1] - W[0], float(b[1] - b[0]), X, y)
    np.testing.assert_allclose([C, *gW[1]], [binary[0], *binary[1]], **T64)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: sigmoid(1j), RangeError, "sigmoid: got z of dtype complex128, expected real numbers."),
        (lambda: softmax(1.0), ShapeError, r"softmax: got Z of shape \(\), expected entries along axis -1."),
        (lambda: logsumexp(np.ones((2, 0))), ShapeError, r"logsumexp: got Z of shape \(2, 0\), expected entries"),
        (
            lambda: softmax(np.ones(3), axis=1),
            ShapeError,
            r"softmax: got Z of shape \(3,\), expected entries along axis 1.",
        ),
        (
            lambda: bce_loss_grad(np.ones(2), 0, np.ones((1, 3)), [1]),
            ShapeError,
            r"got w of shape \(2,\), expected \(3,\).",
        ),
        (
            lambda: bce_loss_grad(np.ones(3), 0, np.ones((1, 3)), [2]),
            RangeError,
            "got y with values other than 0 and 1",
        ),
        (
            lambda: bce_loss_grad(np.ones(3), [0], np.ones((1, 3)), [1]),
            ShapeError,
            r"got b of shape \(1,\), expected \(\).",
        ),
        (lambda: bce_loss_grad(np.ones(3), 0, np.ones((0, 3)), []), ShapeError, "expected at least one row."),
        (
            lambda: softmax_ce_grad(np.ones((2, 3)), np.ones(2), np.ones((1, 3)), [2]),
            RangeError,
            r"got y in \[2, 2\], expected integers in \[0, 2\).",
        ),
        (
            lambda: softmax_ce_grad(np.ones((2, 3)), np.ones(2), np.ones((1, 3)), [0.5]),
            RangeError,
            "got y of dtype float64",
        ),
        (
            lambda: softmax_ce_grad(np.ones((2, 3)), np.ones(3), np.ones((1, 3)), [0]),
            ShapeError,
            r"got b of shape \(3,\), expected \(2,\).",
        ),
        (
            lambda: softmax_ce_grad(np.ones((2, 3)), np.ones(2), np.ones((1, 4)), [0]),
            ShapeError,
            r"got W of shape \(2, 3\), expected \(2, 4\).",
        ),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
