"""Backpropagation: by hand, against torch and complex steps, laws of sums, vanishing, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlmath_ref import RangeError, ShapeError, directional_check, mlp_backward, mlp_forward

T64 = {"rtol": 1e-12, "atol": 1e-13}
THEIRS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "softplus": torch.nn.functional.softplus,
    "identity": lambda z: z,
}
COMPLEX = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "identity": lambda z: z,
}
NETWORKS = [  # samples, widths from inputs to outputs, activations
    (7, (4, 5, 3, 2), ("tanh", "relu", "identity")),
    (5, (3, 6, 2), ("leaky_relu", "sigmoid")),
    (3, (3, 3, 3, 3), ("softplus", "tanh", "relu")),
    (1, (4, 2), ("sigmoid",)),
    (1, (1, 1, 1), ("tanh", "softplus")),
]


def network(rng, widths):
    sizes = list(zip(widths[1:], widths[:-1], strict=True))
    return [(rng.normal(size=s) / np.sqrt(s[1]), rng.normal(size=s[0])) for s in sizes]


def backward(params, X, G, acts):
    return mlp_backward(params, *mlp_forward(params, X, acts), G, acts)


def flat(result):
    gradients, g_X = result
    return [g for pair in gradients for g in pair] + [g_X]


def test_two_layers_by_hand():
    """A tanh unit after two ReLU units of which one is off: only the other one and its weights have a gradient.

    x = (1, 2): z1 = (1 + 2 - 3, 1 - 2 + 2) = (0, 1), a1 = (0, 1), z2 = 1 * 5 + 2 * 1 - 2 = 0, a2 = 0, S'(z2) = 1;
    G = 3 gives delta2 = 3, dC/da1 = (15, 6), delta1 = (0, 6) by S'(0) = 0, dC/dx = (6, -6).
    """
    params = [
        (np.array([[1.0, 1.0], [1.0, -1.0]]), np.array([-3.0, 2.0])),
        (np.array([[5.0, 2.0]]), np.array([-2.0])),
    ]
    (layer_1, layer_2), g_X = backward(params, np.array([[1.0, 2.0]]), np.array([[3.0]]), ["relu", "tanh"])
    np.testing.assert_array_equal(layer_2[0], [[0, 3]])
    np.testing.assert_array_equal(layer_2[1], [3])
    np.testing.assert_array_equal(layer_1[0], [[0, 0], [6, 12]])
    np.testing.assert_array_equal(layer_1[1], [0, 6])
    np.testing.assert_array_equal(g_X, [[6, -6]])


@pytest.mark.parametrize("n, widths, acts", NETWORKS)
def test_gradients_match_torch(n, widths, acts):
    """torch.autograd in float64 gives the same gradients of sum(G * A^[L]), for random G."""
    rng = np.random.default_rng(n)
    params, X, G = network(rng, widths), rng.normal(size=(n, widths[0])), rng.normal(size=(n, widths[-1]))
    theirs = [[torch.tensor(a, requires_grad=True) for a in layer] for layer in params]
    X_t = A = torch.tensor(X, requires_grad=True)
    for (W, b), name in zip(theirs, acts, strict=True):
        A = THEIRS[name](torch.nn.functional.linear(A, W, b))
    A.backward(torch.tensor(G))
    expected = [a.grad for layer in theirs for a in layer] + [X_t.grad]
    for got, right in zip(flat(backward(params, X, G, acts)), expected, strict=True):
        assert got.shape == tuple(right.shape)
        np.testing.assert_allclose(got, right, **T64)


def test_the_adjoint_identity():
    """<G, J u> = <J' G, u> for J the derivative of the outputs along u: J u by a complex step of the forward pass."""
    rng, acts, h = np.random.default_rng(1), ("tanh", "sigmoid", "softplus", "identity"), 1e-30
    params, X, G = network(rng, (4, 3, 5, 2, 3)), rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
    theta = [a for layer in params for a in layer] + [X]
    for _ in range(5):
        u = [rng.normal(size=a.shape) for a in theta]
        *stepped, A = [a + 1j * h * d for a, d in zip(theta, u, strict=True)]
        for k, name in enumerate(acts):
            A = COMPLEX[name](A @ stepped[2 * k].T + stepped[2 * k + 1])
        forward = np.sum(G * A.imag / h)
        back = sum(np.sum(g * d) for g, d in zip(flat(backward(params, X, G, acts)), u, strict=True))
        np.testing.assert_allclose(back, forward, rtol=1e-12)


@pytest.mark.parametrize("n, widths, acts", NETWORKS)
def test_gradients_are_slopes(n, widths, acts):
    """Central differences of sum(G * A^[L]) along random directions of all weights, biases and inputs."""
    rng = np.random.default_rng(10 + n)
    params, X, G = network(rng, widths), rng.normal(size=(n, widths[0])), rng.normal(size=(n, widths[-1]))
    shapes = [a.shape for layer in params for a in layer] + [X.shape]
    cuts = np.cumsum([np.prod(s) for s in shapes])[:-1]

    def cost(theta):
        *layers, inputs = [a.reshape(s) for a, s in zip(np.split(theta, cuts), shapes, strict=True)]
        pairs = list(zip(layers[::2], layers[1::2], strict=True))
        return float(np.sum(G * mlp_forward(pairs, inputs, acts)[0][-1]))

    theta = np.concatenate([a.ravel() for layer in params for a in layer] + [X.ravel()])
    gradient = np.concatenate([g.ravel() for g in flat(backward(params, X, G, acts))])
    assert directional_check(cost, theta, gradient, rng) < 1e-6


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_batch_is_the_sum_of_its_samples(n, seed):
    """Gradients of the parameters add up over samples, of which each keeps its own row of dC/dX."""
    rng, acts = np.random.default_rng(seed), ("tanh", "leaky_relu")
    params, X, G = network(rng, (3, 4, 2)), rng.normal(size=(n, 3)), rng.normal(size=(n, 2))
    *whole, g_X = flat(backward(params, X, G, acts))
    singles = [flat(backward(params, X[i : i + 1], G[i : i + 1], acts)) for i in range(n)]
    for k, g in enumerate(whole):
        np.testing.assert_allclose(g, sum(s[k] for s in singles), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(g_X, np.vstack([s[-1] for s in singles]), rtol=1e-10, atol=1e-12)


@given(st.floats(-5, 5), st.integers(0, 2**32 - 1))
def test_gradients_are_linear_in_the_upstream_gradient(c, seed):
    """The gradient for G + c H is that for G plus c times that for H."""
    rng, acts = np.random.default_rng(seed), ("relu", "sigmoid")
    params, X, G, H = network(rng, (3, 4, 2)), rng.normal(size=(5, 3)), *rng.normal(size=(2, 5, 2))
    one, two, both = (flat(backward(params, X, g, acts)) for g in (G, H, G + c * H))
    for a, b, s in zip(one, two, both, strict=True):
        np.testing.assert_allclose(s, a + c * b, rtol=1e-9, atol=1e-9)


def test_saturated_units_pass_nothing_on():
    """At z = 800 the slopes of tanh and sigmoid are 0, not nan; at z = -800 those of softplus and ReLU."""
    for name, z in [("tanh", 800.0), ("sigmoid", -800.0), ("softplus", -800.0), ("relu", -800.0)]:
        params = [(np.array([[z]]), np.zeros(1)), (np.array([[3.0]]), np.zeros(1))]
        for g in flat(backward(params, np.ones((1, 1)), np.ones((1, 1)), [name, "identity"]))[:2]:
            np.testing.assert_allclose(g, 0, atol=1e-300)


def test_a_deep_linear_network_is_a_product():
    """30 identity layers have dC/dX = G W^[30] ... W^[1]."""
    rng = np.random.default_rng(4)
    params = [(rng.normal(size=(3, 3)), np.zeros(3)) for _ in range(30)]
    G = rng.normal(size=(2, 3))
    product = np.linalg.multi_dot([W for W, _ in params[::-1]])
    np.testing.assert_allclose(backward(params, np.ones((2, 3)), G, ["identity"] * 30)[1], G @ product, rtol=1e-10)


PARAMS = [(np.ones((3, 2)), np.ones(3)), (np.ones((1, 3)), np.ones(1))]
AS, ZS = [np.ones((4, 2)), np.ones((4, 3)), np.ones((4, 1))], [np.ones((4, 3)), np.ones((4, 1))]
TANH = ["tanh", "tanh"]


@pytest.mark.parametrize(
    "args, error, text",
    [
        ((PARAMS, AS, ZS, np.ones((4, 2)), TANH), ShapeError, r"got g_out of shape \(4, 2\), expected \(4, 1\)."),
        ((PARAMS, AS, ZS, np.ones((5, 1)), TANH), ShapeError, r"got A\[1\] of shape \(4, 3\), expected \(5, 3\)."),
        ((PARAMS, AS, ZS[::-1], np.ones((4, 1)), TANH), ShapeError, r"got Z of layer 2 of shape \(4, 3\), expected"),
        ((PARAMS[::-1], AS, ZS, np.ones((4, 1)), TANH), ShapeError, r"got W of layer 2 of shape \(3, 2\), expected"),
        ((PARAMS, AS[:2], ZS, np.ones((4, 1)), TANH), RangeError, "got 2 A, 2 Z and 2 activations for 2 layers"),
        ((PARAMS, AS, ZS, np.ones((4, 1)), ["tanh", "swish"]), RangeError, "got name 'swish', expected one of"),
    ],
)
def test_errors_say_what_was_got_and_expected(args, error, text):
    """What does not fit is named with its layer."""
    with pytest.raises(error, match=text):
        mlp_backward(*args)
