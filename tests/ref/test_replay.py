"""The replay buffer, against a list of what was pushed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmath_ref import RangeError, ReplayBuffer, ShapeError


def filled(capacity, n, seed=0):
    """A buffer after n pushes; transition k has the reward k and an observation of k."""
    buffer = ReplayBuffer(capacity, 2, np.random.default_rng(seed))
    for k in range(n):
        buffer.push(np.array([k, -k]), k % 3, k, np.array([k + 0.5, 0]), k % 2 == 0, k % 4 == 0)
    return buffer


@given(st.integers(1, 9), st.integers(1, 25))
def test_it_holds_the_last_transitions(capacity, n):
    """As a list cut to its last entries; fields of a row belong together; 400 draws of 9 miss one with 1e-20."""
    buffer = filled(capacity, n)
    got, kept = buffer.sample(400), list(range(n))[-capacity:]
    k = got["r"]
    assert len(buffer) == len(kept) and set(k) == set(kept)
    assert np.array_equal(got["s"], np.stack([k, -k], axis=1)) and np.array_equal(got["s2"][:, 0], k + 0.5)
    assert np.array_equal(got["a"], k % 3)
    assert np.array_equal(got["terminated"], k % 2 == 0) and np.array_equal(got["truncated"], k % 4 == 0)


def test_dtypes_and_shapes():
    """float64, int64 and booleans, whatever was pushed."""
    got = filled(3, 2).sample(5)
    kinds = {name: (x.dtype.name, x.shape) for name, x in got.items()}
    assert kinds == {
        "s": ("float64", (5, 2)), "a": ("int64", (5,)), "r": ("float64", (5,)), "s2": ("float64", (5, 2)),
        "terminated": ("bool", (5,)), "truncated": ("bool", (5,)),
    }  # fmt: skip


def test_each_is_drawn_as_often():
    """40000 draws of 8: each count is binomial with mean 5000 and deviation 66; seven deviations are allowed."""
    seen = np.bincount(filled(8, 8).sample(40_000)["r"].astype(int), minlength=8)
    assert abs(seen - 5000).max() < 463


def test_pushed_and_sampled_arrays_are_copies():
    """Neither writing into a pushed array nor into a sample changes the memory."""
    buffer, s = ReplayBuffer(2, 1, np.random.default_rng(0)), np.array([1.0])
    buffer.push(s, 0, 0.0, s, False, False)
    s[:] = 9
    buffer.sample(1)["s"][:] = 7
    assert buffer.sample(1)["s"].item() == buffer.sample(1)["s2"].item() == 1.0


def test_the_generator_decides():
    """The same seed, the same batches."""
    one, two, other = (filled(9, 9, seed).sample(30)["r"] for seed in (3, 3, 4))
    assert np.array_equal(one, two) and not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda b: ReplayBuffer(0, 1, None), RangeError, "ReplayBuffer: got capacity = 0, expected an integer"),
        (lambda b: ReplayBuffer(1, 0, None), RangeError, "ReplayBuffer: got obs_dim = 0, expected an integer"),
        (lambda b: b.push([1.0], 0, 0.0, [1, 2], False, False), ShapeError, r"push: got s of shape \(1,\), expected"),
        (lambda b: b.push([1, 2], 0, 0.0, [[1, 2]], False, False), ShapeError, "push: got s2 of shape"),
        (lambda b: b.push([1, 2], 0.5, 0.0, [1, 2], False, False), RangeError, "push: got a = 0.5, expected"),
        (lambda b: b.push([1, 2], 0, [0.0], [1, 2], False, False), ShapeError, "push: got r of shape"),
        (lambda b: b.push([1, 2], 0, 0.0, [1, 2], 2, False), RangeError, "push: got terminated = 2, expected True"),
        (lambda b: b.push([1, 2], 0, 0.0, [1, 2], 0, [0]), ShapeError, r"push: got truncated of shape \(1,\)"),
        (lambda b: b.sample(3), RangeError, "sample: got an empty memory"),
        (lambda b: b.sample(0), RangeError, "sample: got batch = 0"),
    ],
)
def test_errors(call, error, text):
    """What does not fit is refused by name."""
    with pytest.raises(error, match=text):
        call(filled(4, 0))
