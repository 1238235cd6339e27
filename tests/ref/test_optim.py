"""One step of each first-order optimiser, and SGD: torch.optim in float64, hand-made values, laws."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlmath_ref import (
    RangeError,
    ShapeError,
    adagrad_step,
    adam_step,
    momentum_step,
    nesterov_step,
    rmsprop_step,
    sgd,
)

T64 = {"rtol": 1e-12, "atol": 1e-14}
START = np.array([0.4, -0.2])  # where the book's figure on momentum starts
one, zero = np.ones(1), np.zeros(1)
gradients = arrays(np.float64, 5, elements=st.floats(0.1, 10) | st.floats(-10, -0.1))


def rosenbrock(t):
    return (1 - t[0]) ** 2 + 100 * (t[1] - t[0] ** 2) ** 2


def gradient(t):
    """Of rosenbrock, by torch."""
    point = torch.tensor(t, requires_grad=True)
    rosenbrock(point).backward()
    return point.grad.numpy()


def torch_path(optimiser, steps, **settings):
    """The points that an optimiser of torch visits on Rosenbrock's function, the start not included."""
    point = torch.tensor(START, requires_grad=True)
    optimiser, path = optimiser([point], **settings), []
    for _ in range(steps):
        optimiser.zero_grad()
        rosenbrock(point).backward()
        optimiser.step()
        path.append(point.detach().numpy().copy())
    return np.array(path)


def my_path(step, steps, *state):
    """step(t, theta, *state) -> theta, *state, repeated: all (theta, *state) after the start."""
    now, path = (START, *state), []
    for t in range(1, steps + 1):
        now = step(t, *now)
        path.append(now)
    return path


def points(path):
    return np.array([now[0] for now in path])


def test_momentum_by_hand():
    """v = 3/4 * 4 + 1/4 * 2 = 7/2 and theta = 1 - 1/2 * 7/2 = -3/4, for a number too."""
    theta, v = momentum_step(np.array(1.0), np.array(2.0), np.array(4.0), 0.5, 0.75)
    assert (theta, v) == (-0.75, 3.5) and np.shape(theta) == np.shape(v) == ()


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_momentum_takes_the_path_of_torch(beta):
    """torch.optim.SGD with lr = alpha (1 - beta) visits the same points: its velocity is ours over 1 - beta."""
    mine = points(my_path(lambda t, theta, v: momentum_step(theta, gradient(theta), v, 0.002, beta), 60, np.zeros(2)))
    theirs = torch_path(torch.optim.SGD, 60, lr=0.002 * (1 - beta), momentum=beta)
    np.testing.assert_allclose(mine, theirs, rtol=1e-10)


@given(gradients, st.floats(0, 0.99))
def test_the_average_of_equal_gradients_is_the_gradient(g, beta):
    """With v = g the velocity stays g, and the step is that of gradient descent."""
    theta, v = momentum_step(np.zeros(5), g, g, 0.5, beta)
    np.testing.assert_allclose(v, g, **T64)
    np.testing.assert_allclose(theta, -0.5 * g, **T64)


def test_nesterov_by_hand():
    """For t^2 at 1 with v = 1: the gradient at 3/4 is 3/2, so v = 5/4 and theta = 1 - 5/8 = 3/8."""
    theta, v = nesterov_step(one, lambda t: 2 * t, one, 0.5, 0.5)
    assert (theta.tolist(), v.tolist()) == ([0.375], [1.25])


@pytest.mark.parametrize("beta", [0.5, 0.9])
def test_nesterov_looks_ahead_to_where_torch_stands(beta):
    """theta - alpha beta v is the iterate of torch.optim.SGD(nesterov=True) with lr = alpha (1 - beta)."""
    path = my_path(lambda t, theta, v: nesterov_step(theta, gradient, v, 0.002, beta), 60, np.zeros(2))
    ahead = np.array([theta - 0.002 * beta * v for theta, v in path])
    theirs = torch_path(torch.optim.SGD, 60, lr=0.002 * (1 - beta), momentum=beta, nesterov=True)
    np.testing.assert_allclose(ahead, theirs, rtol=1e-10)


def test_nesterov_asks_once():
    """One gradient for each step, at the point ahead."""
    asked = []
    nesterov_step(START, lambda t: (asked.append(t), t)[1], np.array([1.0, 2.0]), 0.5, 0.5)
    assert [t.tolist() for t in asked] == [(START - 0.25 * np.array([1.0, 2.0])).tolist()]


def test_without_curvature_looking_ahead_changes_nothing():
    """On a plane the gradient is the same everywhere: Nesterov's step is that of momentum."""
    slope, v = np.array([1.0, -3.0]), np.array([0.5, 2.0])
    ahead, plain = nesterov_step(START, lambda t: slope, v, 0.1, 0.7), momentum_step(START, slope, v, 0.1, 0.7)
    assert np.array_equal(ahead, plain)


def test_adaptive_steps_by_hand():
    """RMSprop: s = (3 * 13 + 25) / 4 = 16, theta = 1 - 5 / (4 + 1). AdaGrad: s = 16 + 9, theta = 1 - 3 / (5 + 1)."""
    theta, s = rmsprop_step(one, 5 * one, 13 * one, alpha=1.0, beta=0.75, eps=1.0)
    assert (theta.tolist(), s.tolist()) == ([0], [16])
    theta, s = adagrad_step(one, 3 * one, 16 * one, alpha=1.0, eps=1.0)
    assert (theta.tolist(), s.tolist()) == ([0.5], [25])


@pytest.mark.parametrize("eps", [1e-8, 1e-2])
def test_adaptive_steps_take_the_paths_of_torch(eps):
    """torch.optim.RMSprop (whose alpha is our beta) and Adagrad visit the same points, also for a large eps."""
    mine = my_path(lambda t, theta, s: rmsprop_step(theta, gradient(theta), s, 0.01, 0.9, eps), 60, np.zeros(2))
    theirs = torch_path(torch.optim.RMSprop, 60, lr=0.01, alpha=0.9, eps=eps)
    np.testing.assert_allclose(points(mine), theirs, rtol=1e-10)
    mine = my_path(lambda t, theta, s: adagrad_step(theta, gradient(theta), s, 0.1, eps), 60, np.zeros(2))
    np.testing.assert_allclose(points(mine), torch_path(torch.optim.Adagrad, 60, lr=0.1, eps=eps), rtol=1e-10)


@given(gradients, gradients)
def test_the_size_of_a_coordinate_does_not_matter(g, scale):
    """Gradients and roots of accumulators scaled alike, entry by entry, give the same steps but for sign and eps."""
    s = np.linspace(1, 2, 5)
    small = rmsprop_step(0 * g, g, s, 1.0, 0.9, 1e-12)[0]
    large = rmsprop_step(0 * g, scale * g, scale**2 * s, 1.0, 0.9, 1e-12)[0]
    np.testing.assert_allclose(large, np.sign(scale) * small, rtol=1e-9)
    small = adagrad_step(0 * g, g, s, 1.0, 1e-12)[0]
    large = adagrad_step(0 * g, scale * g, scale**2 * s, 1.0, 1e-12)[0]
    np.testing.assert_allclose(large, np.sign(scale) * small, rtol=1e-9)


def test_equal_gradients_make_adagrad_slow_down():
    """With the same gradient at every step the t-th step of AdaGrad has length alpha / sqrt(t)."""
    g = np.array([3.0, -7.0])
    path = points(my_path(lambda t, theta, s: adagrad_step(theta, g, s, 0.5, 1e-12), 9, np.zeros(2)))
    lengths = np.abs(np.diff(path, axis=0, prepend=START[None]))
    np.testing.assert_allclose(lengths, np.outer(0.5 / np.sqrt(np.arange(1, 10)), [1, 1]), rtol=1e-10)


def test_adam_by_hand():
    """At t = 1 from 0 with g = 2: m = 0.2, v = 0.004, corrected 2 and 4, so theta = 1 - 0.1 * 2 / (2 + eps)."""
    theta, m, v = adam_step(one, 2 * one, zero, zero, t=1, alpha=0.1)
    np.testing.assert_allclose([theta[0], m[0], v[0]], [1 - 0.2 / (2 + 1e-8), 0.2, 0.004], **T64)


@pytest.mark.parametrize(
    "mine, theirs",
    [
        ({}, {}),
        ({"alpha": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 1e-2}, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-2}),
    ],
)
def test_adam_takes_the_path_of_torch(mine, theirs):
    """torch.optim.Adam visits the same points, with its defaults and with others."""
    zeros = np.zeros(2)
    path = my_path(lambda t, theta, m, v: adam_step(theta, gradient(theta), m, v, t, **mine), 200, zeros, zeros)
    np.testing.assert_allclose(points(path), torch_path(torch.optim.Adam, 200, **theirs), rtol=1e-9)


@given(gradients, st.integers(1, 50))
def test_equal_gradients_make_steps_of_length_alpha(g, t):
    """After t equal gradients both corrected averages are exact, so every step has length alpha."""
    theta, m, v = np.zeros(5), np.zeros(5), np.zeros(5)
    for k in range(1, t + 1):
        before = theta
        theta, m, v = adam_step(theta, g, m, v, k, alpha=0.5, eps=1e-12)
    np.testing.assert_allclose(theta - before, -0.5 * np.sign(g), rtol=1e-9)


def test_late_steps_need_no_correction():
    """At t = 10^6 the correction is 1 to rounding."""
    m, v = np.array([0.3]), np.array([4.0])
    theta, m1, v1 = adam_step(zero, one, m, v, t=10**6, alpha=1.0)
    np.testing.assert_allclose(theta, -m1 / (np.sqrt(v1) + 1e-8), **T64)


def test_nothing_moves_where_nothing_was_ever_felt():
    """g = 0 with empty accumulators leaves theta, without nan."""
    with np.errstate(all="raise"):
        assert rmsprop_step(one, zero, zero, 1.0, 0.9, 1e-8) == (one, zero)
        assert adagrad_step(one, zero, zero, 1.0, 1e-8) == (one, zero)
        assert adam_step(one, zero, zero, zero, 1) == (one, zero, zero)


def test_gradients_of_any_size_make_steps_of_the_same_size():
    """From 1e-100 to 1e100 the first step of Adam and AdaGrad is alpha, that of RMSprop alpha / sqrt(1 - beta)."""
    g, zeros = 10.0 ** np.arange(-100, 101, 50), np.zeros(5)
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_allclose(adam_step(zeros, g, zeros, zeros, 1, 1.0, eps=1e-120)[0], -1, rtol=1e-12)
        np.testing.assert_allclose(adagrad_step(zeros, g, zeros, 1.0, 1e-120)[0], -1, rtol=1e-12)
        np.testing.assert_allclose(rmsprop_step(zeros, g, zeros, 1.0, 0.75, 1e-120)[0], -2, rtol=1e-12)


A, b = np.random.default_rng(3).normal(size=(6, 3)), np.arange(6.0)


def sample_gradient(theta, i):
    return A[i] * (A[i] @ theta - b[i])


def test_sgd_by_hand():
    """(theta - x_i)^2 / 2 with x = (0, 4) from 2 in the order 1, 0: 2 - 1/2 (2 - 4) = 3, 3 - 1/4 (3 - 0) = 9/4."""
    x = np.array([0.0, 4.0])
    theta, mean = sgd(lambda t, i: t - x[i], np.array([2.0]), np.array([1, 0]), lambda t: 1 / (2 * (1 + t)))
    assert (theta.tolist(), mean.tolist()) == ([9 / 4], [21 / 8])


def test_sgd_and_its_average_match_torch():
    """torch.optim.SGD with LambdaLR, one sample a step; AveragedModel, updated after each step, is the average."""
    order = np.array([3, 1, 3, 0, 5, 2, 2, 4])
    model = torch.nn.Linear(3, 1, bias=False).double()
    torch.nn.init.constant_(model.weight, 0.5)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda t: 1 / (1 + t))
    average = torch.optim.swa_utils.AveragedModel(model)
    for i in order:
        optimiser.zero_grad()
        ((model(torch.tensor(A[i])) - b[i]) ** 2 / 2).sum().backward()
        optimiser.step()
        schedule.step()
        average.update_parameters(model)
    theta, mean = sgd(sample_gradient, np.full(3, 0.5), order, lambda t: 0.1 / (1 + t))
    np.testing.assert_allclose(theta, model.weight.detach()[0], **T64)
    np.testing.assert_allclose(mean, average.module.weight.detach()[0], **T64)


@given(arrays(np.float64, 3, elements=st.floats(-5, 5)))
def test_single_steps_are_right_on_average(theta):
    """The mean over i of one step with sample i is one step of gradient descent on the mean loss."""
    ends = [sgd(sample_gradient, theta, np.array([i]), lambda t: 0.2)[0] for i in range(6)]
    np.testing.assert_allclose(np.mean(ends, 0), theta - 0.2 * A.T @ (A @ theta - b) / 6, rtol=1e-9, atol=1e-12)


def test_one_step_is_its_own_average():
    """T = 1: both results are theta_1."""
    theta, mean = sgd(sample_gradient, np.zeros(3), np.array([4]), lambda t: 0.1)
    assert np.array_equal(theta, mean)


def test_falling_steps_find_the_mean():
    """With alpha(t) = 1 / (1 + t) SGD on (theta - x_i)^2 / 2 is the running mean of the samples, whatever the start."""
    x = np.random.default_rng(0).normal(size=50)
    theta, _ = sgd(lambda t, i: t - x[i], np.array([1e3]), np.arange(50), lambda t: 1 / (1 + t))
    np.testing.assert_allclose(theta, x.mean(), rtol=1e-10)


def flat(t):
    return np.zeros(3)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: momentum_step(one, np.ones(2), one, 1.0, 0.5), ShapeError, r"got g of shape \(2,\), expected \(1,\)."),
        (
            lambda: momentum_step(one, one, one, 1.0, 1.0),
            RangeError,
            r"momentum_step: got beta = 1.0, expected \[0, 1\).",
        ),
        (
            lambda: nesterov_step(one, flat, one, 1.0, 0.5),
            ShapeError,
            r"got a gradient of shape \(3,\), expected \(1,\).",
        ),
        (lambda: nesterov_step(one, flat, np.ones((1, 1)), 1.0, 0.5), ShapeError, r"got v of shape \(1, 1\)"),
        (lambda: nesterov_step(one, flat, one, 1.0, -0.5), RangeError, r"nesterov_step: got beta = -0.5"),
        (lambda: rmsprop_step(one, one, -one, 1.0, 0.5, 1.0), RangeError, "rmsprop_step: got s with an entry below 0"),
        (lambda: rmsprop_step(one, one, one, 1.0, 0.5, 0.0), RangeError, "got eps = 0.0, expected a number above 0."),
        (lambda: adagrad_step(one, one, np.ones(2), 1.0, 1.0), ShapeError, r"adagrad_step: got s of shape \(2,\)"),
        (lambda: adagrad_step(one, one, one, one, 1.0), ShapeError, r"got alpha of shape \(1,\), expected \(\)."),
        (
            lambda: adam_step(one, one, one, one, 0),
            RangeError,
            "adam_step: got t = 0, expected an integer of at least 1.",
        ),
        (lambda: adam_step(one, one, one, -one, 1), RangeError, "adam_step: got v with an entry below 0"),
        (lambda: adam_step(one, one, one, one, 1, beta2=1.0), RangeError, r"got beta2 = 1.0, expected \[0, 1\)."),
        (
            lambda: sgd(sample_gradient, np.ones(3), np.array([], int), lambda t: 1.0),
            ShapeError,
            r"order of shape \(0,\)",
        ),
        (lambda: sgd(sample_gradient, np.ones(3), np.array([0.5]), lambda t: 1.0), RangeError, "sgd: got order with"),
        (lambda: sgd(sample_gradient, np.ones(3), np.array([-1]), lambda t: 1.0), RangeError, "sgd: got order with"),
        (lambda: sgd(lambda t, i: t[:2], np.ones(3), np.array([1]), lambda t: 1.0), ShapeError, "sgd: got a gradient"),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
