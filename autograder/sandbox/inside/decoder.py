"""Values rebuilt from structures and bulks that a liar may have sent: exact builtin types, or ProtocolViolation."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from . import tags
from .arrays import unpack_array, unpack_dtype
from .encoder import weight
from .tensors import unpack_tensor
from .wire import Bounds, ProtocolViolation

__all__ = ["Decoder"]


_MALFORMED = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)


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
        except _MALFORMED as error:
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
        if tag >= tags.FIRST_OPAQUE_TAG:
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
        """Keys of a dict or members of a set, few and short enough to be safe whatever their hashes."""
        self.keys += weight(keys)
        if self.keys > self.bounds.keys:
            raise ProtocolViolation("too many keys that are not text")
        return keys


_PLAIN = frozenset({bool, int, float, str})


def _decode_bigint(d: Decoder, n: Any, depth: int) -> int:
    if type(n[1]) is not bytes or len(n[1]) > tags.BIGINT_BYTES:
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


def _decode_tensor(d: Decoder, n: Any, depth: int) -> Any:
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
    tags.COMPLEX: lambda d, n, depth: complex(n[1], n[2]),
    tags.BIGINT: _decode_bigint,
    tags.BYTES: lambda d, n, depth: bytes(d.data(n[1])),
    tags.TEXT: lambda d, n, depth: d.data(n[1]).decode(),
    tags.LIST: lambda d, n, depth: d.items(n[1], depth),
    tags.TUPLE: lambda d, n, depth: tuple(d.items(n[1], depth)),
    tags.DICT: _decode_dict,
    tags.SET: lambda d, n, depth: set(d.hashed(d.items(n[1], depth))),
    tags.FROZENSET: lambda d, n, depth: frozenset(d.hashed(d.items(n[1], depth))),
    tags.SLICE: _decode_slice,
    tags.RANGE: _decode_range,
    tags.PACKED: _decode_packed,
    tags.ARRAY: _decode_array,
    tags.SCALAR: _decode_scalar,
    tags.TENSOR: _decode_tensor,
    tags.ELLIPSIS: lambda d, n, depth: ...,
}
