"""Values as structures of None, bool, int, float, str, bytes and tagged sequences.

Whatever is not data goes to `opaque`, which the two ends of a conversation give their own meaning: a handle in the
sandbox, a callback or a pickled object in the marker.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from . import tags
from .arrays import pack_array, refuse_array
from .tensors import pack_tensor, refuse_tensor, tensor_type
from .wire import INLINE_BYTES, Bounds, Unsendable

__all__ = ["Encoder", "weight"]

_TEXT_WEIGHT = 64  # characters of a text within a key that count as one more
_PACK_FROM = 16  # lists of this many floats or ints travel as one block
_mro = type.__dict__["__mro__"].__get__  # a metaclass cannot answer in its place


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
        self.count = self.keys = 0

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

    def hashed(self, keys: list[Any]) -> None:
        """Refuse what the other end would: too many keys of a dict or members of a set."""
        self.keys += weight(keys)
        if self.keys > self.bounds.keys:
            raise Unsendable(f"dicts or sets with more than {self.bounds.keys} keys that are not text")

    def items(self, values: Any, depth: int) -> list[Any]:
        if depth >= self.bounds.depth:
            raise Unsendable(f"a container nested deeper than {self.bounds.depth} levels (or containing itself)")
        self.count += len(values)
        if self.count > self.bounds.elements:
            raise Unsendable(f"containers with more than {self.bounds.elements} elements")
        depth += 1
        return [self.encode(v, depth) for v in values]


def weight(keys: list[Any]) -> int:
    """How much there is to compare when the hashes of these keys are made to collide; that of a text cannot be."""
    total = 0
    waiting = [k for k in keys if type(k) not in (str, bytes)]
    while waiting:
        key = waiting.pop()
        if isinstance(key, tuple):
            waiting += tuple.__iter__(key)
        elif isinstance(key, frozenset):
            waiting += frozenset.__iter__(key)
        total += 1 + (len(key) // _TEXT_WEIGHT if type(key) in (str, bytes) else 0)
    return total


def _int(e: Encoder, v: int, depth: int) -> Any:
    v = int.__int__(v)
    if -(2**63) <= v < 2**63:
        return v
    if v.bit_length() > 8 * tags.BIGINT_BYTES - 1:
        raise Unsendable("an integer of more than 4000 digits")
    return [tags.BIGINT, v.to_bytes(v.bit_length() // 8 + 1, "little", signed=True)]


def _text(e: Encoder, v: str, depth: int) -> Any:
    v = str.__str__(v)
    if len(v) <= INLINE_BYTES // 4:
        try:
            v.encode()
        except UnicodeEncodeError:
            raise Unsendable("a text with characters that are not Unicode (lone surrogates)") from None
        return v
    try:
        return [tags.TEXT, e.data(v.encode())]
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
                return [tags.PACKED, is_list, code, e.data(array(code, items).tobytes())]
            except OverflowError:
                pass
    return [tags.LIST if is_list else tags.TUPLE, e.items(items, depth)]


def _dict(e: Encoder, v: dict, depth: int) -> Any:
    e.hashed([*dict.keys(v)])
    pairs = [x for pair in dict.items(v) for x in pair]
    return [tags.DICT, e.items(pairs, depth)]


def _set(e: Encoder, v: Any, depth: int) -> Any:
    frozen = isinstance(v, frozenset)
    members = [*(frozenset if frozen else set).__iter__(v)]
    e.hashed(members)
    return [tags.FROZENSET if frozen else tags.SET, e.items(members, depth)]


def _array(e: Encoder, v: np.ndarray, depth: int) -> Any:
    if why := refuse_array(v):
        raise Unsendable(why)
    known = e.shared(v) if e.shared else None
    if known is not None:
        return known
    head, data = pack_array(v, e.layout)
    return [tags.ARRAY, head, e.data(data)]


def _scalar(e: Encoder, v: np.generic, depth: int) -> Any:
    if why := refuse_array(v):
        raise Unsendable(why)
    a = np.asarray(v)
    return [tags.SCALAR, a.dtype.str, e.data(a.tobytes())]


def _tensor(e: Encoder, v: Any, depth: int) -> Any:
    if why := refuse_tensor(v):
        raise Unsendable(why)
    known = e.shared(v) if e.shared else None
    if known is not None:
        return known
    head, data = pack_tensor(v)
    grad = v.grad if v.is_leaf and v.requires_grad else None
    if grad is not None and refuse_tensor(grad):
        grad = None
    return [tags.TENSOR, head, e.data(data), None if grad is None else _gradient(e, grad)]


def _gradient(e: Encoder, grad: Any) -> Any:
    head, data = pack_tensor(grad.detach())
    return [head, e.data(data)]


_ENCODERS: dict[type, Callable[[Encoder, Any, int], Any]] = {
    int: _int,
    str: _text,
    complex: lambda e, v, d: [tags.COMPLEX, complex.__complex__(v).real, complex.__complex__(v).imag],
    bytes: lambda e, v, d: [tags.BYTES, e.data(bytes.__getitem__(v, slice(None)))],
    bytearray: lambda e, v, d: [tags.BYTES, e.data(bytes(memoryview(v)))],
    list: _sequence,
    tuple: _sequence,
    dict: _dict,
    set: _set,
    frozenset: _set,
    slice: lambda e, v, d: [tags.SLICE, e.items([v.start, v.stop, v.step], d)],
    range: lambda e, v, d: [tags.RANGE, e.items([v.start, v.stop, v.step], d)],
    type(...): lambda e, v, d: [tags.ELLIPSIS],
    np.ndarray: _array,
}
_BASES: tuple[tuple[type, Callable[[Encoder, Any, int], Any]], ...] = (
    (np.generic, _scalar),
    (np.ndarray, _array),
    (float, lambda e, v, d: float.__float__(v)),
    *((base, _ENCODERS[base]) for base in (int, str, complex, bytes, bytearray, tuple, list, dict, set, frozenset)),
)


def _encoder_for(value: Any) -> Callable[[Encoder, Any, int], Any] | None:
    """The encoder of a subclass of a data type, judged by the real type and not by `__class__`."""
    mro = _mro(type(value))
    if tensor_type() in mro:
        return _tensor
    for base, encode in _BASES:
        if base in mro:
            return encode
    return None
