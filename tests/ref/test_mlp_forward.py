"""The forward pass and the interpolating network: values, laws, errors."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmath_ref import RangeError, ShapeError, mlp_forward, relu_interpolant

few = settings(max_examples=30, deadline=None)
T64 = {"rtol": 1e-12, "atol": 1e-13}
TORCH = {
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "leaky_relu": torch.nn.LeakyReLU,
    "softplus": lambda: torch.nn.Softplus(threshold=1000),
    "identity": torch.nn.Identity,
}


def network(n, *widths):
    rng = np.random.default_rng(n * sum(widths))
    params = [(rng.normal(size=(N, M)), rng.normal(size=N)) for M, N in pairwise(widths)]
    return params, rng.normal(size=(n, widths[0]))


def drawn(u, v, x):
    """The interpolating network's values at x, by the forward pass."""
    W1, b1, W2, b2 = relu_interpolant(u, v)
    return mlp_forward([(W1, b1), (W2, b2)], np.asarray(x, float)[:, None], ["relu", "identity"])[0][2][:, 0]


def test_two_layers_by_hand():
    """x = (1, 2): z = (3, -3), a = (3, 0); then z = 2*3 - 1 = 5 and a = 5."""
    params = [(np.array([[1.0, 1.0], [2.0, -3.0]]), np.array([0.0, 1.0])), (np.array([[2.0, 7.0]]), np.array([-1.0]))]
    As, Zs = mlp_forward(params, np.array([[1.0, 2.0]]), ["relu", "identity"])
    assert [A.tolist() for A in As] == [[[1, 2]], [[3, 0]], [[5]]]
    assert [Z.tolist() for Z in Zs] == [[[3, -3]], [[5]]]


@pytest.mark.parametrize("n, widths", [(7, (4, 5, 3)), (1, (2, 4)), (3, (3, 3, 3, 3)), (5, (1, 6, 2, 4, 3, 1, 2))])
def test_every_layer_matches_torch(n, widths):
    """torch's Linear and activation modules in float64 agree, also for one sample and square layers."""
    params, X = network(n, *widths)
    acts = [list(TORCH)[k % 6] for k in range(len(params))]
    As, Zs = mlp_forward(params, X, acts)
    A = torch.tensor(X)
    np.testing.assert_array_equal(As[0], X)
    for l, ((W, b), name) in enumerate(zip(params, acts, strict=True)):
        Z = torch.nn.functional.linear(A, torch.tensor(W), torch.tensor(b))
        A = TORCH[name]()(Z)
        np.testing.assert_allclose(Zs[l], Z, **T64)
        np.testing.assert_allclose(As[l + 1], A, **T64)


def test_a_row_is_the_books_column():
    """Row i of Z^[l] is (W a_i + b)', one sample at a time as in the book."""
    params, X = network(6, 4, 5, 3)
    _, Zs = mlp_forward(params, X, ["tanh", "sigmoid"])
    for i, x in enumerate(X):
        a = x
        for l, (W, b) in enumerate(params):
            z = W @ a + b
            np.testing.assert_allclose(Zs[l][i], z, **T64)
            a = np.tanh(z)


@few
@given(st.permutations(range(5)))
def test_samples_do_not_mix_and_hidden_units_have_no_order(order):
    """Permuting the rows of X permutes the output's; permuting hidden units with their weights changes nothing."""
    (first, second), X = network(5, 4, 5, 3)
    acts, order = ["tanh", "identity"], list(order)
    out = mlp_forward([first, second], X, acts)[0][-1]
    np.testing.assert_array_equal(mlp_forward([first, second], X[order], acts)[0][-1], out[order])
    moved = [(first[0][order], first[1][order]), (second[0][:, order], second[1])]
    np.testing.assert_allclose(mlp_forward(moved, X, acts)[0][-1], out, **T64)


def test_identity_layers_are_one_affine_map():
    """Without curved activations the layers collapse: W = W2 W1, b = W2 b1 + b2."""
    (first, second), X = network(6, 4, 5, 3)
    out = mlp_forward([first, second], X, ["identity", "identity"])[0][-1]
    np.testing.assert_allclose(out, X @ (second[0] @ first[0]).T + second[0] @ first[1] + second[1], **T64)


def test_z_survives_a_relu_and_no_samples_give_none():
    """Zs keep their negative entries; zero rows in give zero rows out."""
    params, X = network(9, 3, 4)
    As, Zs = mlp_forward(params, X, ["relu"])
    assert (Zs[0] < 0).any() and not np.shares_memory(As[1], Zs[0])
    assert mlp_forward(params, X[:0], ["relu"])[0][1].shape == (0, 4)


def test_interpolant_by_hand():
    """Knots 0, 1, 3 with 1, 3, 1: slopes 2, -1, changes 2, -3; flat left of the knots, straight on to the right."""
    W1, b1, W2, b2 = relu_interpolant(np.array([0.0, 1.0, 3.0]), np.array([1.0, 3.0, 1.0]))
    assert (W1.tolist(), b1.tolist(), W2.tolist(), b2.tolist()) == ([[1], [1]], [0, -1], [[2, -3]], [1])
    np.testing.assert_allclose(
        drawn(np.array([0.0, 1.0, 3.0]), np.array([1.0, 3.0, 1.0]), [-5, 0.5, 2, 4]), [1, 2, 2, 0]
    )


@few
@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_interpolant_is_numpys_linear_interpolation(r, seed):
    """np.interp agrees at the knots and anywhere between them."""
    rng = np.random.default_rng(seed)
    u, v = np.cumsum(rng.uniform(0.1, 2, size=r)) - 3, rng.normal(size=r)
    x = np.concatenate([u, rng.uniform(u[0], u[-1], size=20)])
    np.testing.assert_allclose(drawn(u, v, x), np.interp(x, u, v), rtol=1e-9, atol=1e-9)


def test_interpolant_of_a_line_has_one_active_unit():
    """Equal neighbouring slopes need no unit: its output weight is 0."""
    u = np.arange(5.0)
    np.testing.assert_allclose(relu_interpolant(u, 3 - 2 * u)[2], [[-2, 0, 0, 0]], **T64)


def test_interpolation_error_falls_with_the_square_of_the_number_of_knots():
    """|f - p| <= h^2 max|f''| / 8, the bound of linear interpolation, and the sine attains it within 5 percent."""
    x = np.linspace(0, np.pi, 2001)
    for r in (6, 11, 21):
        u = np.linspace(0, np.pi, r)
        error = np.abs(drawn(u, np.sin(u), x) - np.sin(x)).max()
        bound = (np.pi / (r - 1)) ** 2 / 8
        assert 0.95 * bound < error <= bound


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: mlp_forward([(np.ones((2, 3)), np.ones(2))], np.ones((1, 4)), ["relu"]),
            ShapeError,
            r"mlp_forward: got W of layer 1 of shape \(2, 3\), expected \(2, 4\).",
        ),
        (
            lambda: mlp_forward([(np.ones((2, 3)), np.ones(3))], np.ones((1, 3)), ["relu"]),
            ShapeError,
            r"mlp_forward: got b of layer 1 of shape \(3,\), expected \(2,\).",
        ),
        (
            lambda: mlp_forward([(np.ones((2, 3)), np.ones(2))], np.ones(3), ["relu"]),
            ShapeError,
            r"mlp_forward: got X of shape \(3,\), expected 2 axes.",
        ),
        (
            lambda: mlp_forward([(np.ones((2, 3)), np.ones(2))], np.ones((1, 3)), []),
            RangeError,
            "mlp_forward: got 0 activations for 1 layers, expected one each.",
        ),
        (
            lambda: mlp_forward([(np.ones((2, 3)), np.ones(2))], np.ones((1, 3)), ["cube"]),
            RangeError,
            "activation: got name 'cube', expected one of sigmoid",
        ),
        (
            lambda: relu_interpolant(np.ones(1), np.ones(1)),
            ShapeError,
            r"relu_interpolant: got u of shape \(1,\), expected at least two knots.",
        ),
        (
            lambda: relu_interpolant(np.arange(3), np.ones(2)),
            ShapeError,
            r"relu_interpolant: got v of shape \(2,\), expected \(3,\).",
        ),
        (
            lambda: relu_interpolant(np.array([0, 2, 2]), np.ones(3)),
            RangeError,
            r"relu_interpolant: got knots that do not increase, expected u\[0\] < u\[1\] < ...",
        ),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument or layer, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
