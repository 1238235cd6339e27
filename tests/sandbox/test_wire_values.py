"""What may cross the channel, what is refused, and what a lying peer can do to the decoder."""

from __future__ import annotations

import math
import socket
import struct
import tracemalloc
from collections import Counter, OrderedDict, namedtuple
from enum import IntEnum

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox.inside.decoder import Decoder
from autograder.sandbox.inside.encoder import Encoder
from autograder.sandbox.inside.wire import Bounds, Channel, ChannelClosed, ProtocolViolation, TooLate, Unsendable, awake

SMALL = Bounds(value_bytes=1 << 20, structure_bytes=1 << 16, depth=16, elements=10_000, keys=100)


def refuse(value):
    raise Unsendable(f"a {type(value).__name__}")


def violate(tag, rest):
    raise ProtocolViolation("opaque")


def there_and_back(value, layout=False, bounds=SMALL):
    e = Encoder(bounds, refuse, layout=layout)
    node = e.encode(value)
    packed = msgpack.unpackb(msgpack.packb(node), use_list=False)
    bulks = [bytearray(b) for b in e.bulks]
    return Decoder(bounds, bulks, violate, layout=layout).decode(packed)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -(2**63), 2**64, -(10**300), 1.5, math.inf, 2 + 3j, "", "näh", "x" * 9000, b"", b"\0" * 9000,
        [], [1, [2.0, "a"]], (), (1,), {}, {"a": [1], (1, 2): None}, {1, 2}, frozenset({"x"}), slice(1, None, 2),
        range(3, 30, 4), list(range(100)), [0.5] * 40, tuple(range(20)), [2**70] * 20, ..., [True] * 20,
    ],
)  # fmt: skip
def test_plain_values_arrive_as_they_were(value):
    """Every builtin data type arrives equal and of exactly its type."""
    got = there_and_back(value)
    assert got == value
    assert type(got) is type(value)


def test_nan_arrives():
    """NaN is data."""
    assert math.isnan(there_and_back(math.nan))


def test_subclasses_arrive_as_exact_builtins():
    """A subclass cannot carry its methods across."""

    class Text(str):
        def __eq__(self, other):
            return True

        __hash__ = str.__hash__

    class Color(IntEnum):
        RED = 1

    Point = namedtuple("Point", "x y")
    for value, kind in (
        (Text("a"), str), (Color.RED, int), (Point(1, 2), tuple), (OrderedDict(a=1), dict), (Counter("aa"), dict),
        (torch.Size([1, 2]), tuple), (bytearray(b"a"), bytes),
    ):  # fmt: skip
        assert type(there_and_back(value)) is kind


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u8", "<i4", ">f8", "f2", "f4", "f8", "longdouble", "c8", "c16", "U3", "S2", "M8[ns]", "m8[D]"]
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3), (40, 50)])
def test_arrays_keep_dtype_shape_and_bytes(dtype, shape):
    """An array arrives as an exact, writeable ndarray with the same dtype, shape and bytes."""
    a = np.arange(math.prod(shape)).reshape(shape).astype("i8").astype(dtype)
    got = there_and_back(a)
    assert type(got) is np.ndarray and got.dtype == a.dtype and got.shape == a.shape
    assert got.tobytes() == a.tobytes() and got.flags.writeable


@pytest.mark.parametrize("scalar", [np.float32(1.5), np.int8(-3), np.bool_(True), np.complex64(1j), np.str_("ab")])
def test_numpy_scalars_keep_their_dtype(scalar):
    """float32(1.5) arrives as float32(1.5), not as a float."""
    got = there_and_back(scalar)
    assert type(got) is type(scalar) and got == scalar


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a, lambda a: a.T, lambda a: a[::-1], lambda a: a[:, ::-1, :], lambda a: a[:, :, ::2],
        lambda a: a.transpose(1, 2, 0), lambda a: np.asfortranarray(a), lambda a: a[::-1].transpose(2, 0, 1)[::2],
        lambda a: np.broadcast_to(a[:1], a.shape), lambda a: a[1, 1, 1:2].reshape(()),
    ],
)  # fmt: skip
def test_memory_layout_is_kept_towards_the_sandbox(view):
    """Signs and order of the strides, contiguity and writeability arrive."""
    a = view(np.arange(60.0).reshape(3, 4, 5))
    got = there_and_back(a, layout=True)
    assert np.array_equal(got, a)
    assert got.flags.c_contiguous == a.flags.c_contiguous and got.flags.f_contiguous == a.flags.f_contiguous
    assert got.flags.writeable == a.flags.writeable
    if all(a.strides):
        assert [s < 0 for s in got.strides] == [s < 0 for s in a.strides]
        assert (
            np.argsort([-abs(s) for s in got.strides], kind="stable").tolist()
            == np.argsort([-abs(s) for s in a.strides], kind="stable").tolist()
        )


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool, torch.complex64]
)
@pytest.mark.parametrize("shape", [(), (0, 2), (3, 4)])
def test_tensors_keep_dtype_and_shape(dtype, shape):
    """A tensor arrives as an exact torch.Tensor."""
    t = torch.arange(math.prod(shape)).reshape(shape).to(dtype)
    got = there_and_back(t)
    assert type(got) is torch.Tensor and got.dtype is dtype and got.shape == t.shape and torch.equal(got, t)


def test_requires_grad_and_gradient_arrive():
    """A leaf's flag and gradient are part of it; a Parameter is a tensor that requires a gradient."""
    p = torch.nn.Parameter(torch.ones(3))
    p.grad = torch.full((3,), 2.0)
    got = there_and_back(p)
    assert type(got) is torch.Tensor and got.requires_grad and torch.equal(got.grad, p.grad)


class Matrix(np.ndarray):
    pass


class Tensor(torch.Tensor):
    pass


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (np.array([None]), "a numpy array of dtype object"),
        (np.zeros(2, dtype=[("a", "f8")]), "a numpy array of dtype void"),
        (np.zeros(2, dtype=[("a", "f8")])[0], "a numpy scalar of dtype void"),
        (np.ma.array([1, 2]), "a numpy masked array"),
        (np.zeros(2).view(Matrix), "Matrix"),
        (torch.zeros(2).as_subclass(Tensor), "Tensor"),
        (torch.eye(2).to_sparse(), "a sparse torch tensor"),
        (torch.empty(2, device="meta"), "meta"),
        ("\ud800", "Unicode"),
        (1 << 20_000, "4000 digits"),
    ],
    ids=lambda v: v if type(v) is str and v.isascii() else type(v).__name__,
)
def test_what_is_not_plain_data_is_refused_by_name(value, named):
    """The refusal names the type."""
    with pytest.raises(Unsendable, match=named):
        there_and_back([value])


def test_cycles_and_deep_nesting_are_refused():
    """A list that contains itself, and one nested too deeply, end at the depth limit."""
    cycle: list = []
    cycle.append(cycle)
    with pytest.raises(Unsendable, match="deeper than 16"):
        there_and_back(cycle)


def test_shared_containers_do_not_explode():
    """A list that doubles at every level is refused by its number of elements."""
    value: list = [0.0]
    for _ in range(15):
        value = [value, value]
    with pytest.raises(Unsendable, match="more than 10000 elements"):
        there_and_back(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=30,
)
NODES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats()
    | st.text(max_size=9) | st.binary(max_size=99)
    | st.sampled_from(["<f8", "|b1", "<U2", "C", "F", "float32", "d"]),
    lambda inner: st.lists(inner, max_size=5).map(tuple)
    | st.tuples(st.integers(0, 20), st.lists(inner, max_size=4).map(tuple)).map(lambda p: (p[0], *p[1])),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(NODES, st.lists(st.binary(max_size=40), max_size=3))
def test_any_structure_decodes_or_breaks_the_protocol(node, bulks):
    """Whatever structure arrives, decoding gives data or raises ProtocolViolation."""
    try:
        Decoder(SMALL, [bytearray(b) for b in bulks], violate).decode(node)
    except ProtocolViolation:
        pass


def received(data: bytes, bounds=SMALL):
    """What a channel makes of these bytes followed by the end of the stream."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        theirs.send(data)
        theirs.close()
        structure, bulks = Channel(ours, bounds).receive(awake() + 60)
        return Decoder(bounds, bulks, violate).decode(structure)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_never_get_past_the_channel(data):
    """Random bytes end as a violation, or as a stream that ended."""
    try:
        received(data)
    except (ProtocolViolation, ChannelClosed):
        pass


@settings(max_examples=300, deadline=None)
@given(PLAIN, st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte_is_survived(value, place, byte):
    """A valid frame with one byte changed decodes to data or breaks the protocol."""
    e = Encoder(SMALL, refuse)
    payload = msgpack.packb(e.encode([value, np.arange(4.0), torch.ones(2), {"k": 1}]))
    frame = bytearray(struct.pack(">II", len(payload), 0) + payload)
    frame[place % len(frame)] = byte
    try:
        received(bytes(frame))
    except (ProtocolViolation, ChannelClosed):
        pass


@pytest.mark.parametrize(
    "frame",
    [
        struct.pack(">II", 2**32 - 1, 0),
        struct.pack(">II", 1, 2**32 - 1),
        struct.pack(">IIQ", 1, 1, 2**63),
        struct.pack(">II", 5, 0) + b"\xdd\xff\xff\xff\xff",  # an array of 4294967295
        struct.pack(">II", 5, 0) + b"\xdf\xff\xff\xff\xff",  # a map of as many
        struct.pack(">II", 5, 0) + b"\xdb\xff\xff\xff\xff",  # a text of as many bytes
        struct.pack(">II", 60_000, 0) + b"\x91" * 60_000,  # nested 60000 deep
        struct.pack(">II", 6, 0) + b"\xd6\xff\0\0\0\0",  # a timestamp
    ],
)
def test_announced_sizes_are_checked_before_memory_is_taken(frame):
    """Huge lengths and counts are refused, and never cost as much as 16 MiB."""
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolViolation):
            received(frame)
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "head",
    [
        ("<f8", (2**40, 2**40), "C"), ("<f8", (-1, -1), "C"), ("<f8", (True,), "C"), ("<f8", (1,) * 40, "C"),
        ("|O", (1,), "C"), ("|V8", (1,), "C"), ("<f8", (1,), "A"), ("<f8", (1,), ((0,), (), False, True)),
        ("<f8", [1], "C"), ("float64", (1,), "C"), ("<f8", (2,), "C"),
    ],
)  # fmt: skip
def test_forged_array_heads_are_refused(head):
    """Shapes that do not fit the data, dtypes off the list and unknown orders break the protocol."""
    with pytest.raises(ProtocolViolation):
        Decoder(SMALL, [], violate).decode((12, head, b"\0" * 8))


def test_a_forged_truth_value_is_made_one():
    """A byte 2 in a bool array arrives as True and nothing in between."""
    got = Decoder(SMALL, [], violate).decode((12, ("|b1", (2,), "C"), b"\2\0"))
    assert got.view(np.uint8).tolist() == [1, 0]


def test_numbers_as_keys_are_limited():
    """More than the allowed number of keys that are not text is refused: their hashes can be made to collide."""
    many = {i: i for i in range(101)}
    with pytest.raises(Unsendable, match="keys"):
        Encoder(SMALL, refuse).encode(many)
    sent = msgpack.unpackb(msgpack.packb(Encoder(Bounds(), refuse).encode(many)), use_list=False)
    with pytest.raises(ProtocolViolation, match="keys"):
        Decoder(SMALL, [], violate).decode(sent)


def test_a_silent_peer_is_too_late():
    """Waiting ends at the deadline, also in the middle of a frame."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"\0\0")
        with pytest.raises(TooLate):
            Channel(ours, SMALL).receive(awake() + 0.05)


def test_a_peer_that_does_not_read_is_too_late():
    """Sending ends at the deadline."""
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TooLate):
        Channel(ours, Bounds()).send(None, [bytes(1 << 24)], awake() + 0.05)
