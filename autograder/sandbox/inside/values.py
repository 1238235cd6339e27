"""Values as structures of None, bool, int, float, str, bytes and tagged sequences, and back.

Whatever is not data goes to `opaque`, which the two ends of a conversation give their own meaning: a handle in the
sandbox, a callback or a pickled object in the marker. Decoding trusts nothing and rebuilds exact builtin types.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .arrays import (
    pack_array,
    pack_tensor,
    refuse_array,
    refuse_tensor,
    unpack_array,
    unpack_dtype,
    unpack_tensor,
)
from .wire import INLINE_BYTES, Bounds, ProtocolViolation, Unsendable

__all__ = ["FIRST_OPAQUE_TAG", "Decoder", "Encoder"]

(
    COMPLEX, BIGINT, BYTES, TEXT, LIST, TUPLE, DICT, SET, FROZENSET, SLICE, RANGE, PACKED, ARRAY, SCALAR, TENSOR,
    ELLIPSIS,
) = range(16)  # fmt: skip
FIRST_OPAQUE_TAG = 32
_PACK_FROM = 16  # lists of this many floats or ints travel as one block
_mro = type.__dict__["__mro__"].__get__  # a metaclass cannot answer in its place
_BIGINT_BYTES = 1700  # about 4000 digits, which Python still prints


class Encoder:
    """Turns values into one structure and its bulks.

    Args:
        bounds: limits on depth and number of elements.
        opaque: called with what is not data; returns a structure or raises Unsendable.
        layout: keep the memory layout of arrays.
        shared: called with each array and tensor first; a structure that refers to it, or None.
    """

    def __init__(
        self,
        bounds: Bounds,
        opaque: Callable[[Any], Any],
        layout: bool = False,
        shared: Callable[[Any], Any] | None = None,
    ) -> None:
        self.bounds, self.opaque, self.layout, self.shared = bounds, opaque, layout, shared
        self.bulks: list[Any] = []
        self.count = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if value is None or kind is float or kind is bool:
            return value
        encode = _ENCODERS.get(kind) or _encoder_for(value)
        if encode is None:
            return self.opaque(value)
        return encode(self, value, depth)

    def data(self, data: Any) -> Any:
        """Small data in place, large data as the index of a bulk."""
        if len(data) <= INLINE_BYTES:
            return bytes(data)
        self.bulks.append(data)
        return len(self.bulks) - 1

    def items(self, values: Any, depth: int) -> list[Any]:
        if depth >= self.bounds.depth:
            raise Unsendable(f"a container nested deeper than {self.bounds.depth} levels (or containing itself)")
        self.count += len(values)
        if self.count > self.bounds.elements:
            raise Unsendable(f"containers with more than {self.bounds.elements} elements")
        depth += 1
        return [self.encode(v, depth) for v in values]


def _int(e: Encoder, v: int, depth: int) -> Any:
    v = int.__int__(v)
    if -(2**63) <= v < 2**63:
        return v
    if v.bit_length() > 8 * _BIGINT_BYTES - 1:
        raise Unsendable("an integer of more than 4000 digits")
    return [BIGINT, v.to_bytes(v.bit_length() // 8 + 1, "little", signed=True)]


def _text(e: Encoder, v: str, depth: int) -> Any:
    v = str.__str__(v)
    if len(v) <= INLINE_BYTES // 4:
        try:
            v.encode()
        except UnicodeEncodeError:
            raise Unsendable("a text with characters that are not Unicode (lone surrogates)") from None
        return v
    try:
        return [TEXT, e.data(v.encode())]
    except UnicodeEncodeError:
        raise Unsendable("a text with characters that are not Unicode (lone surrogates)") from None


def _sequence(e: Encoder, v: Any, depth: int) -> Any:
    is_list = isinstance(v, list)
    items = [*list.__iter__(v)] if is_list else [*tuple.__iter__(v)]
    if len(items) >= _PACK_FROM:
        kinds = set(map(type, items))
        code = "d" if kinds == {float} else "q" if kinds == {int} else ""
        if code:
            try:
                return [PACKED, is_list, code, e.data(array(code, items).tobytes())]
            except OverflowError:
                pass
    return [LIST if is_list else TUPLE, e.items(items, depth)]


def _dict(e: Encoder, v: dict, depth: int) -> Any:
    pairs = [x for pair in dict.items(v) for x in pair]
    return [DICT, e.items(pairs, depth)]


def _set(e: Encoder, v: Any, depth: int) -> Any:
    frozen = isinstance(v, frozenset)
    return [FROZENSET if frozen else SET, e.items([*(frozenset if frozen else set).__iter__(v)], depth)]


def _array(e: Encoder, v: np.ndarray, depth: int) -> Any:
    if why := refuse_array(v):
        raise Unsendable(why)
    known = e.shared(v) if e.shared else None
    if known is not None:
        return known
    head, data = pack_array(v, e.layout)
    return [ARRAY, head, e.data(data)]


def _scalar(e: Encoder, v: np.generic, depth: int) -> Any:
    if why := refuse_array(v):
        raise Unsendable(why)
    a = np.asarray(v)
    return [SCALAR, a.dtype.str, e.data(a.tobytes())]


def _tensor(e: Encoder, v: torch.Tensor, depth: int) -> Any:
    if why := refuse_tensor(v):
        raise Unsendable(why)
    known = e.shared(v) if e.shared else None
    if known is not None:
        return known
    head, data = pack_tensor(v)
    grad = v.grad if v.is_leaf and v.requires_grad else None
    if grad is not None and refuse_tensor(grad):
        grad = None
    return [TENSOR, head, e.data(data), None if grad is None else _gradient(e, grad)]


def _gradient(e: Encoder, grad: torch.Tensor) -> Any:
    head, data = pack_tensor(grad.detach())
    return [head, e.data(data)]


_ENCODERS: dict[type, Callable[[Encoder, Any, int], Any]] = {
    int: _int,
    str: _text,
    complex: lambda e, v, d: [COMPLEX, complex.__complex__(v).real, complex.__complex__(v).imag],
    bytes: lambda e, v, d: [BYTES, e.data(bytes.__getitem__(v, slice(None)))],
    bytearray: lambda e, v, d: [BYTES, e.data(bytes(memoryview(v)))],
    list: _sequence,
    tuple: _sequence,
    dict: _dict,
    set: _set,
    frozenset: _set,
    slice: lambda e, v, d: [SLICE, e.items([v.start, v.stop, v.step], d)],
    range: lambda e, v, d: [RANGE, e.items([v.start, v.stop, v.step], d)],
    type(...): lambda e, v, d: [ELLIPSIS],
    np.ndarray: _array,
    torch.Tensor: _tensor,
}
_BASES: tuple[tuple[type, Callable[[Encoder, Any, int], Any]], ...] = (
    (np.generic, _scalar),
    (np.ndarray, _array),
    (torch.Tensor, _tensor),
    (float, lambda e, v, d: float.__float__(v)),
    *((base, _ENCODERS[base]) for base in (int, str, complex, bytes, bytearray, tuple, list, dict, set, frozenset)),
)


def _encoder_for(value: Any) -> Callable[[Encoder, Any, int], Any] | None:
    """The encoder of a subclass of a data type, judged by the real type and not by `__class__`."""
    mro = _mro(type(value))
    for base, encode in _BASES:
        if base in mro:
            return encode
    return None


class Decoder:
    """Rebuilds values from a structure and its bulks; raises ProtocolViolation and nothing else.

    Args:
        bounds: limits on depth, elements and keys.
        bulks: each may be used once.
        opaque: called with (tag, rest) of structures that are not data.
        layout: accept any memory layout of arrays.
        created: called with each array and tensor made.
    """

    def __init__(
        self,
        bounds: Bounds,
        bulks: list[bytearray],
        opaque: Callable[[int, tuple[Any, ...]], Any],
        layout: bool = False,
        created: Callable[[Any], None] | None = None,
    ) -> None:
        self.bounds, self.opaque, self.layout, self.created = bounds, opaque, layout, created
        self.bulks: list[bytearray | None] = list(bulks)
        self.count = self.keys = 0

    def decode(self, node: Any) -> Any:
        try:
            return self._decode(node, 0)
        except ProtocolViolation:
            raise
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, MemoryError) as error:
            raise ProtocolViolation(f"a malformed value: {type(error).__name__}") from None

    def _decode(self, node: Any, depth: int) -> Any:
        kind = type(node)
        if kind is not tuple:
            if node is None or kind in _PLAIN:
                return node
            raise ProtocolViolation("a structure of an unknown type")
        tag = node[0]
        if type(tag) is not int or tag < 0:
            raise ProtocolViolation("a tag that is not a number")
        if tag >= FIRST_OPAQUE_TAG:
            return self.opaque(tag, node[1:])
        return _DECODERS[tag](self, node, depth)

    def data(self, slot: Any) -> bytes | bytearray:
        if type(slot) is bytes:
            return slot
        if type(slot) is not int or slot < 0:
            raise ProtocolViolation("data that is neither in place nor a bulk")
        data, self.bulks[slot] = self.bulks[slot], None
        if data is None:
            raise ProtocolViolation("a bulk used twice")
        return data

    def items(self, nodes: Any, depth: int) -> list[Any]:
        if type(nodes) is not tuple or depth >= self.bounds.depth:
            raise ProtocolViolation("a container nested too deeply")
        self.count += len(nodes)
        if self.count > self.bounds.elements:
            raise ProtocolViolation("too many elements")
        return [self._decode(n, depth + 1) for n in nodes]

    def hashed(self, keys: list[Any]) -> list[Any]:
        """Keys of a dict or members of a set, few enough to be safe whatever their hashes."""
        self.keys += sum(type(k) not in (str, bytes) for k in keys)
        if self.keys > self.bounds.keys:
            raise ProtocolViolation("too many keys that are not text")
        return keys


_PLAIN = frozenset({bool, int, float, str})


def _decode_bigint(d: Decoder, n: Any, depth: int) -> int:
    if type(n[1]) is not bytes or len(n[1]) > _BIGINT_BYTES:
        raise ProtocolViolation("an integer that is too large")
    return int.from_bytes(n[1], "little", signed=True)


def _decode_dict(d: Decoder, n: Any, depth: int) -> dict[Any, Any]:
    flat = d.items(n[1], depth)
    if len(flat) % 2:
        raise ProtocolViolation("a key without value")
    return dict(zip(d.hashed(flat[::2]), flat[1::2], strict=True))


def _decode_range(d: Decoder, n: Any, depth: int) -> range:
    start, stop, step = d.items(n[1], depth)
    return range(start, stop, step)


def _decode_slice(d: Decoder, n: Any, depth: int) -> slice:
    start, stop, step = d.items(n[1], depth)
    return slice(start, stop, step)


def _decode_packed(d: Decoder, n: Any, depth: int) -> Any:
    _, is_list, code, slot = n
    if code not in ("d", "q"):
        raise ProtocolViolation("an unknown packing")
    block = array(code)
    block.frombytes(d.data(slot))
    d.count += len(block)
    if d.count > 8 * d.bounds.elements:
        raise ProtocolViolation("too many elements")
    return block.tolist() if is_list is True else tuple(block.tolist())


def _decode_array(d: Decoder, n: Any, depth: int) -> np.ndarray:
    a = unpack_array(n[1], d.data(n[2]), d.layout)
    if d.created:
        d.created(a)
    return a


def _decode_scalar(d: Decoder, n: Any, depth: int) -> Any:
    dtype, data = unpack_dtype(n[1]), d.data(n[2])
    if len(data) != dtype.itemsize:
        raise ProtocolViolation("a scalar that does not fit its dtype")
    return unpack_array((n[1], (), "C"), data, False)[()]


def _decode_tensor(d: Decoder, n: Any, depth: int) -> torch.Tensor:
    t = unpack_tensor(n[1], d.data(n[2]))
    if n[3] is not None:
        grad = unpack_tensor(n[3][0], d.data(n[3][1]))
        if grad.shape != t.shape or grad.dtype != t.dtype or not t.requires_grad:
            raise ProtocolViolation("a gradient that does not fit its tensor")
        t.grad = grad.detach()
    if d.created:
        d.created(t)
    return t


_DECODERS: dict[int, Callable[[Decoder, Any, int], Any]] = {
    COMPLEX: lambda d, n, depth: complex(n[1], n[2]),
    BIGINT: _decode_bigint,
    BYTES: lambda d, n, depth: bytes(d.data(n[1])),
    TEXT: lambda d, n, depth: d.data(n[1]).decode(),
    LIST: lambda d, n, depth: d.items(n[1], depth),
    TUPLE: lambda d, n, depth: tuple(d.items(n[1], depth)),
    DICT: _decode_dict,
    SET: lambda d, n, depth: set(d.hashed(d.items(n[1], depth))),
    FROZENSET: lambda d, n, depth: frozenset(d.hashed(d.items(n[1], depth))),
    SLICE: _decode_slice,
    RANGE: _decode_range,
    PACKED: _decode_packed,
    ARRAY: _decode_array,
    SCALAR: _decode_scalar,
    TENSOR: _decode_tensor,
    ELLIPSIS: lambda d, n, depth: ...,
}
