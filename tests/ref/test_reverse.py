"""Reverse mode: rules by hand, programs against torch, forward mode and complex steps, order, depth, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmath_ref import Dual, RangeError, ShapeError, Var, dexp, directional_derivative, dlog, dsin

T64 = {"rtol": 1e-12, "atol": 1e-13}


def gradients(program, *arrays):
    variables = [Var(a) for a in arrays]
    result = program(*variables)
    result.backward()
    return result.data, [v.grad for v in variables]


def figure_4_7(t1, t2, t3):
    return (t1 * t2).sin() + (t2 + t3).exp() + -2.0 * t3


def step_of_a_network(X, W1, b1, W2, b2):
    out = (X @ W1 + b1).relu() @ W2 + b2
    return (out * out).sum() * 0.5


def diamonds(x, y):
    a = x * y
    b = a * a.sin() + a.exp() * a
    return b * (a + b) + a.sin() * x


PROGRAMS = {
    "figure 4.7": (figure_4_7, [(), (), ()]),
    "network": (step_of_a_network, [(5, 4), (4, 3), (1, 3), (3, 2), (2,)]),
    "diamonds": (diamonds, [(2, 3), (2, 3)]),
    "cube": (lambda x: x * x * x + x, [(3,)]),
    "rows and columns": (lambda x, y, z: (x + y) * z, [(1, 2), (4, 2), (4, 1)]),
    "outer product": (lambda x, y: (x * y).sin(), [(4, 1), (1, 3)]),
    "a number and an array": (lambda x, y: x * y + x, [(), (4, 3)]),
    "axes in front": (lambda x, y: (x * y).exp() + x, [(3,), (2, 4, 3)]),
    "square matrices": (lambda x, y: x @ y @ x + y, [(3, 3), (3, 3)]),
    "log-sum-exp": (lambda x: x.exp().sum().log(), [(4, 3)]),
    "constants": (lambda x: np.ones((2, 3)) @ (2 + np.full((3, 1), 5.0) * x + 1) * 3 @ np.ones((2, 2)), [(3, 2)]),
}


def test_rules_by_hand():
    """At a = 2, b = 3: a + b has the slopes 1, 1; ab 3, 2; exp 0 has 1; log 2 has 1/2; sin 0 has 1."""
    a, b = np.array(2.0), np.array(3.0)
    for program, arrays, value, expected in [
        (lambda x, y: x + y, (a, b), 5, (1, 1)),
        (lambda x, y: x * y, (a, b), 6, (3, 2)),
        (lambda x: x * x + x, (b,), 12, (7,)),
        (lambda x: 4 * x + 1, (a,), 9, (4,)),
        (Var.exp, (0.0,), 1, (1,)),
        (Var.log, (a,), np.log(2), (0.5,)),
        (Var.sin, (0.0,), 0, (1,)),
        (Var.sum, ([[1.0, 2.0]],), 3, ([[1, 1]],)),
    ]:
        got, slopes = gradients(program, *arrays)
        np.testing.assert_allclose(got, value, **T64)
        for slope, right in zip(slopes, expected, strict=True):
            np.testing.assert_array_equal(slope, right)


def test_products_of_matrices_by_hand():
    """C = sum(AB) with A (1, 2), B (2, 2): dC/dA_j = sum of row j of B, dC/dB_jk = A_j."""
    _, (A, B) = gradients(lambda A, B: A @ B, np.array([[5.0, 7.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(A, [[3, 7]])
    np.testing.assert_array_equal(B, [[5, 5], [7, 7]])


def test_the_function_of_figure_4_7():
    """sin(t1 t2) + exp(t2 + t3) - 2 t3 has the gradient (t2 cos, t1 cos + exp, exp - 2), cos of t1 t2."""
    _, got = gradients(figure_4_7, 0.7, 1.2, -0.3)
    cos, exp = np.cos(0.84), np.exp(0.9)
    np.testing.assert_allclose(got, [1.2 * cos, 0.7 * cos + exp, exp - 2], **T64)


@pytest.mark.parametrize(
    "name", sorted(PROGRAMS.keys() - {"constants"})
)  # torch takes no array of numpy's on the left of @
def test_programs_match_torch(name):
    """torch.autograd in float64 gives the same values and gradients of the sum of the result."""
    rng, (program, shapes) = np.random.default_rng(0), PROGRAMS[name]
    arrays = [rng.uniform(-1, 1, size=s) for s in shapes]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = program(*theirs)
    expected.sum().backward()
    value, got = gradients(program, *arrays)
    np.testing.assert_allclose(value, expected.detach(), **T64)
    for mine, tensor in zip(got, theirs, strict=True):
        assert mine.shape == tuple(tensor.shape)
        np.testing.assert_allclose(mine, tensor.grad, **T64)


class Stepped:
    """A complex array with the operations of a Var: a program run on it gives exact slopes by a complex step."""

    __array_ufunc__ = None

    def __init__(self, z):
        self.z = z

    def __add__(self, other):
        return Stepped(self.z + getattr(other, "z", other))

    def __mul__(self, other):
        return Stepped(self.z * getattr(other, "z", other))

    def __matmul__(self, other):
        return Stepped(self.z @ getattr(other, "z", other))

    def __rmatmul__(self, other):
        return Stepped(other @ self.z)

    def relu(self):
        return Stepped(np.where(np.real(self.z) > 0, self.z, 0))

    def exp(self):
        return Stepped(np.exp(self.z))

    def log(self):
        return Stepped(np.log(self.z))

    def sin(self):
        return Stepped(np.sin(self.z))

    def sum(self):
        return Stepped(np.sum(self.z))

    __radd__, __rmul__ = __add__, __mul__


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_adjoint_identity(name):
    """<G, J u> = <J' G, u> for random G and u, where J u comes from a complex step and J' G from backward."""
    rng, (program, shapes) = np.random.default_rng(0), PROGRAMS[name]
    arrays = [rng.uniform(0.1, 1, size=s) for s in shapes]
    u = [rng.normal(size=s) for s in shapes]
    steps = [Stepped(a + 1e-30j * d) for a, d in zip(arrays, u, strict=True)]
    J_u = program(*steps).z.imag / 1e-30
    G = rng.normal(size=J_u.shape)
    _, back = gradients(lambda *v: program(*v) * G, *arrays)
    np.testing.assert_allclose(sum(np.sum(g * d) for g, d in zip(back, u, strict=True)), np.sum(G * J_u), **T64)


def test_reverse_and_forward_mode_agree():
    """One backward gives the gradient that forward mode collects from one evaluation per coordinate."""
    x = np.array([0.8, 1.7, 0.4])

    def forward(a, b, c):
        return dsin(a * b) + dexp(b + c) * dlog(a) * a

    def reverse(a, b, c):
        return (a * b).sin() + (b + c).exp() * a.log() * a

    _, got = gradients(reverse, *x)
    np.testing.assert_allclose(got, [directional_derivative(forward, x, e)[1] for e in np.eye(3)], **T64)
    assert isinstance(forward(*map(Dual, x, x)), Dual)


STEPS = {
    "+": lambda a, b: a + b,
    "*": lambda a, b: a * b,
    "@": lambda a, b: a @ b,
    "sin": lambda a, b: a.sin(),
    "exp": lambda a, b: a.sin().exp(),
    "relu": lambda a, b: (a + b).relu(),
    "mean": lambda a, b: 0.25 * a.sum() + b,
}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(1, 6), st.integers(1, 6)), max_size=12), st.data()
)
def test_random_graphs_match_torch(steps, data):
    """Whatever is computed from what, and however often it is used again, torch gives the same gradients."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    arrays = [rng.normal(size=s) / 2 for s in ((2, 2), (1, 2), (2, 1))]

    def program(x, y, z):
        values = [x, y * x, z + y]
        for name, i, j in steps:
            value = STEPS[name](values[-min(i, len(values))], values[-min(j, len(values))])
            values.append(0.5 * value.sin())  # stays small
        return values[-1] + values[-2] * values[0] + y * z

    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    program(*theirs).sum().backward()
    _, got = gradients(program, *arrays)
    for mine, tensor in zip(got, theirs, strict=True):
        np.testing.assert_allclose(mine, tensor.grad, rtol=1e-9, atol=1e-12)


def test_every_value_is_visited_once():
    """y = y + y, 60 times: 2^60 paths lead back to x, and one walk of 60 steps finds the slope 2^60."""

    def doubled(x):
        for _ in range(60):
            x = x + x
        return x

    assert gradients(doubled, 1.0)[1] == [2.0**60]


def test_depth_has_no_limit():
    """A chain of 5000 steps, far beyond Python's limit of nested calls."""

    def chain(x):
        y = x
        for _ in range(5000):
            y = y + x
        return y

    assert gradients(chain, 1.0)[1] == [5001]


def test_a_second_backward_starts_anew():
    """Gradients belong to the last backward: they do not add up."""
    x = Var(np.array([1.0, 2.0]))
    y = x * x
    y.backward()
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 4])
    (3 * x).backward()
    np.testing.assert_array_equal(x.grad, [3, 3])


def test_a_plain_array_on_the_left_is_one_constant():
    """numpy leaves array + var, array * var and array @ var to Var: the result is one Var, not an array of them."""
    A, v = np.ones((2, 3)), Var(np.ones((3, 3)))
    for got, shape in [(A[:1] + v, (3, 3)), (A[:1] * v, (3, 3)), (A @ v, (2, 3))]:
        assert isinstance(got, Var)
        assert got.data.shape == shape


def test_data_and_gradients_share_no_memory():
    """Gradients of operands are arrays of their own, and no operand is changed."""
    x, y = Var(np.array([1.0, 2.0])), Var(np.array([3.0, 4.0]))
    z = x + y
    z.backward()
    z.grad[:] = x.grad[:] = 9
    np.testing.assert_array_equal(y.grad, [1, 1])
    np.testing.assert_array_equal(x.data, [1, 2])


def test_float32_stays():
    """Numbers as constants do not widen float32."""
    x = Var(np.ones((2, 2), dtype=np.float32))
    y = (2 * x + 1.5).relu() @ x
    y.backward()
    assert (y.data.dtype, x.grad.dtype) == (np.float32, np.float32)


def test_extreme_values():
    """ReLU has the slope 0 at 0; exp(-1000) is 0 with slope 0; log(1e-300) has the slope 1e300."""
    assert gradients(Var.relu, 0.0)[1] == [0]
    assert gradients(Var.exp, -1000.0) == (0, [0])
    np.testing.assert_allclose(gradients(Var.log, 1e-300)[1], [1e300])


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: Var("a"), RangeError, "Var: got data of dtype <U1, expected real numbers."),
        (lambda: Var(1.0) * 1j, RangeError, "Var: got an operand of dtype complex128, expected real numbers."),
        (
            lambda: Var(np.ones(3)) @ np.ones((3, 2)),
            ShapeError,
            r"Var: got an operand of @ of shape \(3,\), expected 2 axes.",
        ),
        (lambda: 2 @ Var(np.ones((2, 2))), ShapeError, r"Var: got an operand of @ of shape \(\), expected 2 axes."),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """What cannot be computed with is named."""
    with pytest.raises(error, match=text):
        call()
