"""Numerical derivatives: exact discretisation, planted errors found."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlmath_ref import (
    RangeError,
    ShapeError,
    complex_step,
    directional_check,
    numerical_gradient,
)


def sine_sum(t):
    return np.sum(np.sin(t))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 2)])
def test_central_difference_of_a_cubic_is_known_in_closed_form(shape):
    """((t + h)^3 - (t - h)^3) / 2h = 3 t^2 + h^2, whatever the shape of theta."""
    theta = np.random.default_rng(1).normal(size=shape)
    np.testing.assert_allclose(
        numerical_gradient(lambda t: np.sum(t**3), theta, h=0.1), 3 * theta**2 + 0.01, rtol=1e-10
    )


def test_each_call_sees_a_fresh_point_and_theta_is_restored():
    """f is called 2 * size times; what it does to its argument changes neither theta nor later calls."""
    calls = []

    def vandal(t):
        calls.append(t.copy())
        t += 100
        return float(np.sum(t**2))

    theta = np.array([[1.0, 2.0]])
    numerical_gradient(vandal, theta)
    assert len(calls) == 4 and theta.tolist() == [[1, 2]]
    assert all(np.abs(point - theta).max() < 1e-4 for point in calls)


def test_integers_become_floats():
    """At the integer point 2 the gradient of t^2 is 4, not 0."""
    np.testing.assert_allclose(numerical_gradient(lambda t: np.sum(t**2), np.array([2])), [4], rtol=1e-8)


@given(st.floats(-3, 3))
def test_complex_step_is_exact_to_rounding(x):
    """d/dx exp(sin x) = cos x exp(sin x), to 1e-14."""
    got = complex_step(lambda t: np.exp(np.sin(t)), x)
    np.testing.assert_allclose(got, np.cos(x) * np.exp(np.sin(x)), rtol=1e-14, atol=1e-15)


def test_complex_step_matches_torch():
    """torch's autograd of a composed function agrees."""
    x = np.random.default_rng(2).normal(size=(3, 2))
    t = torch.tensor(x, requires_grad=True)
    torch.tanh(t).pow(2).sum().exp().backward()
    np.testing.assert_allclose(complex_step(lambda z: np.exp(np.sum(np.tanh(z) ** 2)), x), t.grad, rtol=1e-13)


def test_directional_check_accepts_the_right_gradient():
    """The gradient of sum sin(t) is cos(t)."""
    theta = np.random.default_rng(3).normal(size=(4, 3))
    assert directional_check(sine_sum, theta, np.cos(theta), np.random.default_rng(0)) < 1e-9


@pytest.mark.parametrize("wrong", [lambda g: 2 * g, lambda g: -g, lambda g: g.T, lambda g: g + 1e-3 * (g == g.max())])
def test_directional_check_finds_planted_errors(wrong):
    """A factor, a sign, a transpose, one entry off by 0.001: each exceeds 1e-6."""
    theta = np.random.default_rng(3).normal(size=(3, 3))
    assert directional_check(sine_sum, theta, wrong(np.cos(theta)), np.random.default_rng(0)) > 1e-6


def test_extreme_points():
    """Steps relative to a huge function stay finite; complex step at 1e150 does not overflow for f = t."""
    assert complex_step(lambda t: t.sum(), np.array([1e150])).tolist() == [1.0]
    assert np.isfinite(numerical_gradient(lambda t: np.sum(t**2), np.array([1e8]))).all()


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: numerical_gradient(np.sum, np.ones(2), h=0),
            RangeError,
            "numerical_gradient: got h = 0.0, expected a number above 0.",
        ),
        (
            lambda: complex_step(np.sum, 1j),
            RangeError,
            "complex_step: got x of dtype complex128, expected real numbers.",
        ),
        (
            lambda: directional_check(np.sum, np.ones(2), np.ones(3), None),
            ShapeError,
            r"got grad of shape \(3,\), expected \(2,\).",
        ),
        (
            lambda: directional_check(np.sum, np.ones(2), np.ones(2), None, k=0),
            RangeError,
            "got k = 0, expected an integer of at least 1.",
        ),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
