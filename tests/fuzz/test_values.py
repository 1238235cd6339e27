"""Valid values arrive through a real channel as they were sent, as exact types."""

from __future__ import annotations

import math
import socket
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.sandbox.branch import Branch
from autograder.sandbox.inside.wire import Channel
from tests.fuzz.channel import BOUNDS, encoded, reply
from tests.fuzz.exact import require_exact
from tests.fuzz.frames import packed, stream

FEW = settings(max_examples=80, deadline=None, derandomize=True, database=None)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEYS = st.booleans() | st.integers() | TEXT | st.tuples(st.integers(), TEXT)
ARRAYS = hnp.arrays(
    hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.floating_dtypes() | hnp.complex_number_dtypes()
    | hnp.datetime64_dtypes() | hnp.byte_string_dtypes(max_len=4),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**200), 2**200) | st.floats() | st.complex_numbers() | TEXT
    | st.binary(max_size=20) | ARRAYS | st.sampled_from([np.float32(2), np.int8(-1), np.str_("é"), ..., range(3),
    slice(2)]),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner,
    max_size=4)
    | st.sets(KEYS, max_size=4) | st.frozensets(KEYS, max_size=3),
    max_leaves=12,
)  # fmt: skip


def received(value: Any) -> Any:
    """What the marker gets when an honest process answers with this value."""
    node, *bulks = encoded(value)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(stream(packed(0, reply("value", [node]), *bulks))[1])
        return Branch(Channel(ours, BOUNDS), 60.0).get("f")


def same(a: Any, b: Any) -> bool:
    """Equal in type and content, nan included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return all(map(same, a.keys(), b.keys())) and all(map(same, a.values(), b.values()))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    return a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


@FEW
@given(VALUES)
def test_values_arrive_as_they_were_sent(value: Any) -> None:
    """Through encoder, frame, socket and decoder: equal, and of exactly the same types."""
    got = received(value)
    require_exact(got)
    assert same(got, value)


@FEW
@given(
    hnp.arrays(
        st.sampled_from(["f4", "f8", "i1", "i8", "u1", "?", "c8"]), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)
    ),
    st.booleans(),
)
def test_tensors_arrive_as_they_were_sent(array: np.ndarray, leaf: bool) -> None:
    """Content, dtype, shape, and whether a gradient is asked for."""
    tensor = torch.from_numpy(np.array(array))
    tensor.requires_grad_(leaf and (tensor.is_floating_point() or tensor.is_complex()))
    got = received(tensor)
    require_exact(got)
    assert got.dtype is tensor.dtype and got.shape == tensor.shape and got.requires_grad == tensor.requires_grad
    assert got.detach().numpy().tobytes() == tensor.detach().numpy().tobytes()
