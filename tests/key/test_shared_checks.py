"""Directional derivatives and the standard checks: right answers pass, each planted mistake is named."""

import numpy as np
import pytest

from autograder.key import Mismatch, directional, standard

X = np.random.default_rng(0).normal(size=(4, 3))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def test_directional_takes_one_parameter_or_several():
    """The gradient of sum x^3 y and of its parts."""
    rng = np.random.default_rng(0)
    directional(3 * X**2, lambda x: np.sum(x**3), X, rng)
    directional((3 * X**2 * 2.0, float(np.sum(X**3))), lambda x, y: np.sum(x**3) * y, (X, 2.0), rng)


@pytest.mark.parametrize("wrong", [3 * X**2 * 1.0001, -3 * X**2, 3 * X**2 / len(X), np.full_like(X, np.nan)])
def test_directional_refuses_planted_gradients(wrong):
    """A relative error of 1e-4, a sign, a missing factor and nan."""
    with pytest.raises(Mismatch, match=r"is not the slope|nan"):
        directional(wrong, lambda x: np.sum(x**3), X, np.random.default_rng(0), what="g_w")


def test_directional_wants_the_shape():
    """A gradient is like its parameter."""
    with pytest.raises(Mismatch, match=r"got shape \(3, 4\), expected shape \(4, 3\)"):
        directional(X.T, lambda x: np.sum(x**2), X, np.random.default_rng(0))
    with pytest.raises(Mismatch, match="expected one for each parameter"):
        directional(X, lambda x, y: np.sum(x**2), (X, 1.0), np.random.default_rng(0))


def in_place(z):
    z -= z.max(axis=-1, keepdims=True)
    return softmax(z)


def global_noise(z):
    np.random.rand()
    return softmax(z)


def torch_seed(z):
    import torch

    torch.manual_seed(torch.initial_seed() + 1)
    return softmax(z)


calls = []


def counting(z):
    calls.append(1)
    return softmax(z) + (len(calls) > 1)


def half(z):
    return softmax(z).astype(np.float16) if z.dtype == np.float32 else softmax(z)


def strides(z):
    return softmax(np.frombuffer(np.ascontiguousarray(z).data).reshape(z.shape)) if z.strides[0] > 0 else z


def fortran(z):
    return softmax(z) if z.flags.c_contiguous or z.strides[0] < 0 else softmax(z.T.reshape(z.shape))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (in_place, r"changes its input \(argument 1\)"),
        (global_noise, "global random generator"),
        (torch_seed, "global random generator"),
        (counting, "second call with the same input"),
        (half, "With float32 inputs: the result: got half precision"),
        (strides, "view as input"),
        (fortran, "Fortran order"),
        (lambda z: softmax(z).T, "got shape"),
    ],
)
def test_standard_names_each_fault(wrong, message):
    """Inputs, generators, second call, float32, views."""
    calls.clear()
    standard(softmax, (X,), softmax)
    with pytest.raises(Mismatch, match=message):
        standard(wrong, (X,), softmax)


def test_standard_copies_generators():
    """Two calls with equal generators agree; the key's own generator is not used up."""
    rng = np.random.default_rng(1)
    state = rng.bit_generator.state
    standard(lambda z, rng: z + rng.normal(size=z.shape), (X, rng), lambda z, rng: z + rng.normal(size=z.shape))
    assert rng.bit_generator.state == state


def test_standard_leaves_integers_and_lists_alone():
    """Only float64 arrays have a float32 variant; arrays in lists are followed."""

    def first(params, k):
        return params[0][0] * k

    standard(first, ([(X, X[0])], np.array(2)), first)
