"""Descent on one-layer networks and votes of binary classifiers."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_digits

from dlmath_ref import (
    RangeError,
    ShapeError,
    gd_logistic,
    predict_ovo,
    predict_ovr,
    sgd_softmax,
)

T64 = {"rtol": 1e-12, "atol": 1e-14}
rng = np.random.default_rng(5)
X, y, labels = rng.normal(size=(9, 3)), rng.integers(2, size=9), rng.integers(4, size=9)


def test_one_step_by_hand():
    """From w = 0 on x = (1, 3), y = (0, 1) the gradient is -1/2, so w = 1/2 and the logits are 1/2, 3/2."""
    w, b, losses = gd_logistic(np.array([[1.0], [3.0]]), np.array([0, 1]), np.zeros(1), 0.0, 1.0, 1)
    np.testing.assert_allclose(w, [0.5], **T64)
    assert b == 0
    np.testing.assert_allclose(losses, [np.log(2), (np.log1p(np.exp(0.5)) + np.log1p(np.exp(-1.5))) / 2], **T64)


def test_no_step_changes_nothing():
    """T = 0 returns the start and its loss."""
    w, b, losses = gd_logistic(X, y, np.zeros(3), 0.25, 1.0, 0)
    assert w.tolist() == [0, 0, 0] and b == 0.25 and losses.shape == (1,)


def test_gradient_descent_matches_torch_sgd():
    """torch.optim.SGD on the same loss visits the same points."""
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser, trace = torch.optim.SGD([w, b], lr=0.7), []
    for _ in range(6):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(X) @ w + b, torch.tensor(y).double())
        trace.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        if len(trace) < 6:
            optimiser.step()
    got = gd_logistic(X, y, np.zeros(3), 0.0, 0.7, 5)
    for mine, theirs in zip(got, (w.detach(), b.item(), trace), strict=True):
        np.testing.assert_allclose(mine, theirs, **T64)


@given(arrays(np.float64, (7, 2), elements=st.floats(-10, 10)), st.floats(0.01, 0.99))
def test_loss_falls_below_the_stated_step(X, share):
    """For alpha < 8 / lambda_max the loss never rises."""
    A = np.column_stack([X, np.ones(7)])
    alpha = share * 8 / np.linalg.eigvalsh(A.T @ A / 7)[-1]
    _, _, losses = gd_logistic(X, np.array([0, 1, 0, 1, 1, 0, 1]), np.zeros(2), 0.0, alpha, 8)
    assert (np.diff(losses) <= 1e-12).all()


def test_sgd_by_hand():
    """One batch of one sample x = 2, y = 1 from W = 0: W = -alpha * 2 * (1/2, -1/2)."""
    W, b = sgd_softmax(np.zeros((2, 1)), np.zeros(2), np.array([[2.0], [1.0]]), np.array([1, 0]), [[0]], 0.5)
    assert W.tolist() == [[-0.5], [0.5]] and b.tolist() == [-0.25, 0.25]


def test_sgd_matches_torch_over_uneven_batches():
    """torch.optim.SGD over the same batches, one of them short and one with a repeated index."""
    batches = [np.array([3, 1, 4, 1]), np.array([0, 2, 5, 6]), np.array([8])]
    layer = torch.nn.Linear(3, 4).double()
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.3)
    for batch in batches:
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(layer(torch.tensor(X[batch])), torch.tensor(labels[batch])).backward()
        optimiser.step()
    W, b = sgd_softmax(np.zeros((4, 3)), np.zeros(4), X, labels, batches, 0.3)
    np.testing.assert_allclose(W, layer.weight.detach(), **T64)
    np.testing.assert_allclose(b, layer.bias.detach(), **T64)


def test_no_batch_returns_a_copy_of_the_start():
    """Without batches the start comes back, in new arrays."""
    W0 = np.ones((4, 3))
    W, _ = sgd_softmax(W0, np.zeros(4), X, labels, [], 0.3)
    assert np.array_equal(W, W0) and not np.shares_memory(W, W0)


@given(arrays(np.float64, (6, 3), elements=st.floats(-5, 5)))
def test_sgd_keeps_the_sum_of_the_rows(W0):
    """The gradient's rows sum to 0 over the classes, so the sum of W's rows is a constant of motion."""
    W, _ = sgd_softmax(W0, np.zeros(6), X, labels, [[0, 1], [2]], 0.5)
    np.testing.assert_allclose(W.sum(0), W0.sum(0), atol=1e-12)


def test_large_logits_stay_finite():
    """Weights of size 1000 overflow nowhere."""
    with np.errstate(over="raise", invalid="raise"):
        assert np.isfinite(sgd_softmax(1e3 * np.ones((4, 3)), np.zeros(4), X, labels, [[0, 1]], 0.1)[0]).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_digits_are_learnt_in_twenty_epochs(seed):
    """From 0, with batches of 32 of 1,400 digits and step 0.5, 94 % of the other 397 are recognised."""
    images, classes = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = np.random.default_rng(0).permutation(1797)
    train, test = order[:1400], order[1400:]
    batches = [b for _ in range(20) for b in np.split(rng.permutation(train), range(32, 1400, 32))]
    W, b = sgd_softmax(np.zeros((10, 64)), np.zeros(10), images / 16, classes, batches, 0.5)
    assert np.mean(predict_ovr(images[test] / 16 @ W.T + b) == classes[test]) >= 0.94


def test_one_vs_rest_by_hand():
    """The largest score wins; a tie goes to the lowest class."""
    assert predict_ovr([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5]]).tolist() == [1, 0]


def test_one_vs_one_counts_votes_not_margins():
    """Class 1 wins two duels narrowly, class 0 one by far: class 1 has more votes."""
    D = np.array([[[0, -0.1, 9], [0.1, 0, 0.1], [-9, -0.1, 0]]])
    assert predict_ovo(D).tolist() == [1]


def test_cyclic_votes_and_no_votes_go_to_the_lowest_class():
    """0 beats 1, 1 beats 2, 2 beats 0: one vote each; and without any vote all classes tie."""
    cyclic = np.array([[0, 1, -1], [-1, 0, 1], [1, -1, 0]])
    assert predict_ovo(np.array([cyclic, np.zeros((3, 3))])).tolist() == [0, 0]


@given(arrays(np.float64, (3, 4, 4), elements=st.floats(-5, 5)), st.floats(1e-3, 1e3))
def test_votes_ignore_the_size_of_margins(A, c):
    """A positive factor changes no vote; a double loop counts the same."""
    D = np.round(A - A.swapaxes(1, 2), 3)
    loop = [int(np.argmax([sum(D[i, a, b] > 0 for b in range(4)) for a in range(4)])) for i in range(3)]
    assert predict_ovo(D).tolist() == predict_ovo(c * D).tolist() == loop


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: gd_logistic(X, y, np.zeros(3), 0.0, 1.0, -1),
            RangeError,
            "gd_logistic: got T = -1, expected an integer of at least 0.",
        ),
        (
            lambda: gd_logistic(X, y, np.zeros(3), 0.0, 1.0, 1.5),
            RangeError,
            "gd_logistic: got T = 1.5, expected an integer",
        ),
        (
            lambda: gd_logistic(X, y, np.zeros(2), 0.0, 1.0, 1),
            ShapeError,
            r"gd_logistic: got w0 of shape \(2,\), expected \(3,\).",
        ),
        (
            lambda: gd_logistic(X, labels, np.zeros(3), 0.0, 1.0, 1),
            RangeError,
            "gd_logistic: got y with values other than 0 and 1",
        ),
        (
            lambda: sgd_softmax(np.ones((4, 3)), np.ones(4), X, labels, [[9]], 0.1),
            RangeError,
            r"got batch in \[9, 9\], expected integers in \[0, 9\).",
        ),
        (
            lambda: sgd_softmax(np.ones((4, 3)), np.ones(4), X, labels, [[]], 0.1),
            ShapeError,
            r"got a batch of shape \(0,\), expected \(B,\)",
        ),
        (
            lambda: sgd_softmax(np.ones((4, 3)), np.ones(3), X, labels, [], 0.1),
            ShapeError,
            r"got b0 of shape \(3,\), expected \(4,\).",
        ),
        (lambda: predict_ovr(np.ones((2, 0))), ShapeError, "predict_ovr: .* expected at least one class."),
        (
            lambda: predict_ovo(np.ones((2, 3, 4))),
            ShapeError,
            r"predict_ovo: got D of shape \(2, 3, 4\), expected \(2, 4, 4\).",
        ),
        (lambda: predict_ovo(np.ones((1, 2, 2))), RangeError, "expected an antisymmetric D."),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
