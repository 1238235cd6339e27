"""Dual numbers: each rule by hand, against complex steps and torch, laws of arithmetic, errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlmath_ref import (
    Dual,
    RangeError,
    ShapeError,
    complex_step,
    dexp,
    directional_derivative,
    dlog,
    dsin,
    dtanh,
)

T64 = {"rtol": 1e-12, "atol": 1e-13}
FUNCTIONS = [
    (dexp, np.exp, torch.exp),
    (dlog, np.log, torch.log),
    (dsin, np.sin, torch.sin),
    (dtanh, np.tanh, torch.tanh),
]
numbers = st.floats(0.1, 3.0) | st.floats(-3.0, -0.1)
duals = st.builds(Dual, numbers, numbers)


def pair(d):
    return np.array([d.re, d.du])


def test_rules_by_hand():
    """At a = 2 + eps and b = 4 + 3 eps: product 8 + 10 eps, quotient 1/2 - eps/8, power 8 + 12 eps, 2 - a, 1/a."""
    a, b = Dual(2.0, 1.0), Dual(4.0, 3.0)
    for got, expected in [
        (a + b, (6, 4)),
        (a - b, (-2, -2)),
        (a * b, (8, 2 * 3 + 4)),
        (a / b, (1 / 2, (4 - 2 * 3) / 16)),
        (a**3, (8, 12)),
        (a**-1, (1 / 2, -1 / 4)),
        (b**0.5, (2, 3 / 4)),
        (-a, (-2, -1)),
        (2 - a, (0, -1)),
        (a - 2, (0, 1)),
        (3 * a, (6, 3)),
        (1 / a, (1 / 2, -1 / 4)),
        (1 + a, (3, 1)),
    ]:
        np.testing.assert_allclose(pair(got), expected, **T64)


def test_the_function_of_figure_4_7():
    """sin(t1 t2) + exp(t2 + t3) - 2 t3 has the gradient (t2 cos, t1 cos + exp, exp - 2), cos of t1 t2."""
    t, v = np.array([0.7, 1.2, -0.3]), np.array([1.0, -2.0, 0.5])
    value, slope = directional_derivative(lambda a, b, c: dsin(a * b) + dexp(b + c) - 2 * c, t, v)
    cos, exp = math.cos(0.84), math.exp(0.9)
    np.testing.assert_allclose(value, math.sin(0.84) + exp + 0.6, **T64)
    np.testing.assert_allclose(slope, v @ [1.2 * cos, 0.7 * cos + exp, exp - 2], **T64)


def test_directional_derivative_against_a_complex_step():
    """<grad f, v> for a composition of all operations; the complex step shares no rule with dual numbers."""

    def f(m, a, b, c):
        return m[0](a / b) + m[1](a * a + 1) * m[2](3 - b * c) - 1 / m[3](c) + (a - b) ** 3 / c**-1.5

    x, v = np.array([0.8, 1.7, 0.4]), np.array([0.3, -1.0, 2.0])
    value, slope = directional_derivative(lambda *d: f((dexp, dlog, dsin, dtanh), *d), x, v)
    gradient = complex_step(lambda z: f((np.exp, np.log, np.sin, np.tanh), *z), x)
    np.testing.assert_allclose(value, f((np.exp, np.log, np.sin, np.tanh), *x), **T64)
    np.testing.assert_allclose(slope, gradient @ v, **T64)


@pytest.mark.parametrize("ours, _, theirs", FUNCTIONS, ids=lambda f: getattr(f, "__name__", ""))
def test_functions_match_torch(ours, _, theirs):
    """torch's own forward mode (jvp) gives the same values and derivatives."""
    a, da = np.random.default_rng(0).uniform(0.2, 3, size=(2, 6))
    value, slope = torch.autograd.functional.jvp(theirs, torch.tensor(a), torch.tensor(da))
    got = ours(Dual(a, da))
    np.testing.assert_allclose(got.re, value, **T64)
    np.testing.assert_allclose(got.du, slope, **T64)


@given(duals, duals, duals)
def test_dual_numbers_are_a_commutative_ring(a, b, c):
    """ab = ba, (ab)c = a(bc), a(b + c) = ab + ac, and a - a is the zero."""
    for left, right in [(a * b, b * a), ((a * b) * c, a * (b * c)), (a * (b + c), a * b + a * c), (a - a, 0 * a)]:
        np.testing.assert_allclose(pair(left), pair(right), rtol=1e-12, atol=1e-12)


@given(duals, duals)
def test_division_undoes_multiplication(a, b):
    """(ab) / b = a, and 1 / b = b**-1."""
    np.testing.assert_allclose(pair(a * b / b), pair(a), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(pair(1 / b), pair(b**-1), rtol=1e-12)


@given(st.floats(0.1, 3), st.floats(-3, 3))
def test_logarithm_undoes_the_exponential(a, da):
    """log(exp(d)) = d, derivative included."""
    np.testing.assert_allclose(pair(dlog(dexp(Dual(a, da)))), [a, da], rtol=1e-12, atol=1e-12)


def test_arrays_entry_by_entry():
    """Components may be arrays; a plain array on either side counts as constants, not as an array of products."""
    x = np.array([1.0, -2.0, 3.0])
    d = Dual(x, 1.0)
    for got in (x * d, d * x):
        assert isinstance(got, Dual)
        np.testing.assert_array_equal(got.re, x * x)
        np.testing.assert_array_equal(got.du, x)
    np.testing.assert_array_equal((d**2).du, 2 * x)


def test_extreme_values():
    """0**0 and 0**1 have slopes 0 and 1, not nan; tanh is flat at 1000; exp(-1000) is 0."""
    assert pair(Dual(0.0, 1.0) ** 0).tolist() == [1, 0]
    assert pair(Dual(0.0, 1.0) ** 1).tolist() == [0, 1]
    assert pair(dtanh(Dual(1000.0, 1.0))).tolist() == [1, 0]
    assert pair(dexp(Dual(-1000.0, 1.0))).tolist() == [0, 0]


def test_f_is_called_once_and_may_be_constant():
    """One call with one scalar Dual for each coordinate; a plain number as result has slope 0."""
    calls = []
    result = directional_derivative(lambda *d: calls.append(d) or 3.0, np.array([1.0, 2.0]), np.array([5.0, 6.0]))
    assert result == (3.0, 0.0)
    ((a, b),) = calls
    assert [*pair(a), *pair(b)] == [1, 5, 2, 6]


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: Dual(np.ones(2), np.ones(3)), ShapeError, r"Dual: got du of shape \(3,\), expected \(2,\)."),
        (lambda: Dual(1j, 0.0), RangeError, "Dual: got re of dtype complex128, expected real numbers."),
        (lambda: Dual(1.0, 0.0) ** Dual(1.0, 0.0), RangeError, "expected real numbers."),
        (lambda: dexp(1.0), RangeError, "dexp: got float, expected a Dual."),
        (
            lambda: directional_derivative(dexp, np.ones(2), np.ones(3)),
            ShapeError,
            r"directional_derivative: got v of shape \(3,\), expected \(2,\).",
        ),
        (
            lambda: directional_derivative(lambda d: d * np.ones(2), np.ones(1), np.ones(1)),
            ShapeError,
            r"directional_derivative: got f\(x\) of shape \(2,\), expected \(\).",
        ),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
