"""Activation functions: values, derivatives, conventions, extremes, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmath_ref import RangeError, activation, complex_step, directional_check

few = settings(max_examples=30, deadline=None)
T64 = {"rtol": 1e-12, "atol": 1e-14}
SMOOTH, ALL = ["sigmoid", "tanh", "softplus"], ["sigmoid", "tanh", "softplus", "relu", "leaky_relu", "identity"]
ANALYTIC = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softplus": lambda z: np.log(1 + np.exp(z)),
}
TORCH = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),  # torch's own softplus is z beyond 20, 2e-9 off
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "identity": lambda z: 1 * z,
}


def test_values_by_hand():
    """At log 3: sigma = 3/4, tanh = (9 - 1) / (9 + 1), softplus = log 4; sigma' = 3/16, tanh' = 1 - 16/25."""
    z = np.log(3.0)
    expected = {
        "sigmoid": (3 / 4, 3 / 16),
        "tanh": (4 / 5, 9 / 25),
        "softplus": (np.log(4), 3 / 4),
        "relu": (z, 1),
        "leaky_relu": (z, 1),
        "identity": (z, 1),
    }
    for name, pair in expected.items():
        np.testing.assert_allclose(activation(name, z), pair, **T64)


@pytest.mark.parametrize("name", ALL)
def test_value_and_derivative_match_torch(name):
    """torch and its autograd in float64 agree from -40 to 40, and on the convention at the kink."""
    z = torch.linspace(-40, 40, 161, dtype=torch.float64, requires_grad=True)  # 0 is among them
    S = TORCH[name](z)
    S.sum().backward()
    value, slope = activation(name, z.detach().numpy())
    np.testing.assert_allclose(value, S.detach(), **T64)
    np.testing.assert_allclose(slope, z.grad, **T64)


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_by_the_complex_step(name):
    """S' equals the complex-step derivative of the textbook formula."""
    z = np.linspace(-5, 5, 11)
    derivative = complex_step(lambda t: ANALYTIC[name](t).sum(), z)
    np.testing.assert_allclose(activation(name, z)[1], derivative, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ALL)
def test_derivatives_by_central_differences(name):
    """S' agrees with the difference quotient of the function's own S, away from the kinks."""
    rng = np.random.default_rng(0)
    z = rng.uniform(0.1, 3, size=(4, 3)) * rng.choice([-1, 1], size=(4, 3))
    assert directional_check(lambda t: activation(name, t)[0].sum(), z, activation(name, z)[1], rng) < 1e-8


def test_the_kinks_have_the_slope_of_negative_z():
    """ReLU'(0) = 0 and leaky ReLU'(0) = 0.01, for both zeros."""
    z = np.array([0.0, -0.0])
    assert activation("relu", z)[1].tolist() == [0, 0]
    assert activation("leaky_relu", z)[1].tolist() == [0.01, 0.01]


@few
@given(st.floats(-700, 700))
def test_laws(z):
    """sigma(z) + sigma(-z) = 1, tanh z = 2 sigma(2z) - 1, softplus(z) - softplus(-z) = z, S' >= 0."""
    sigma, mirrored = activation("sigmoid", z)[0], activation("sigmoid", -z)[0]
    np.testing.assert_allclose(sigma + mirrored, 1, **T64)
    np.testing.assert_allclose(activation("tanh", z)[0], 2 * activation("sigmoid", 2 * z)[0] - 1, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(activation("softplus", z)[0] - activation("softplus", -z)[0], z, rtol=1e-12, atol=1e-12)
    assert all(activation(name, z)[1] >= 0 for name in ALL)


def test_huge_arguments_raise_no_floating_point_error():
    """z = +-800 and +-10,000 overflow nowhere; softplus is max(z, 0) there, sigmoid 0 or 1."""
    z = np.array([-1e4, -800.0, 800.0, 1e4])
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        values = {name: activation(name, z) for name in ALL}
    assert values["softplus"][0].tolist() == [0, 0, 800, 1e4]
    assert values["softplus"][1].tolist() == values["sigmoid"][0].tolist() == [0, 0, 1, 1]
    assert values["sigmoid"][1].tolist() == values["tanh"][1].tolist() == [0, 0, 0, 0]


def test_tails_keep_their_relative_accuracy():
    """sigma'(z) = exp(-|z|) to 14 digits at +-40, where s (1 - s) would be 0 or off; softplus(-40) = exp(-40)."""
    z, tail = np.array([-40.0, 40.0]), np.exp(-40.0)
    np.testing.assert_allclose(activation("sigmoid", z)[1], [tail, tail], rtol=1e-14)
    np.testing.assert_allclose(activation("softplus", z[0])[0], tail, rtol=1e-14)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3, 4)])
def test_shape_and_type_are_kept(name, shape):
    """Any shape, 0-d and empty included; the results are new arrays."""
    z = np.ones(shape, np.float32)
    for part in activation(name, z):
        assert part.shape == shape and part.dtype == np.float32 and not np.shares_memory(part, z)


@pytest.mark.parametrize(
    "name, z, text",
    [
        (
            "RELU",
            0.0,
            "activation: got name 'RELU', expected one of sigmoid, tanh, relu, leaky_relu, softplus, identity.",
        ),
        ("relu", 1j, "activation: got z of dtype complex128, expected real numbers."),
    ],
)
def test_errors_say_what_was_got_and_expected(name, z, text):
    """An unknown name and complex numbers are refused."""
    with pytest.raises(RangeError, match=text):
        activation(name, z)
