"""Arrays, NumPy scalars and random generators as plain structures, and back.

Only exact types with plain dtypes cross. Towards the sandbox an array keeps its memory layout (order of the axes,
negative strides, gaps); from it, C or Fortran order.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from .wire import ProtocolViolation

__all__ = [
    "BIT_GENERATORS",
    "bytes_of",
    "check_shape",
    "checked_state",
    "is_unicode",
    "pack_array",
    "refuse_array",
    "unpack_array",
    "unpack_dtype",
]

_DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f2|f4|f8|f16|c8|c16|c32|[US][1-9]\d{0,6}|[mM]8(\[\d{0,6}[A-Za-z]{1,2}\])?)")
_MAX_NDIM = 32
_STATE = frozenset({int, float, str, dict, np.ndarray})  # what the state of a bit generator holds
BIT_GENERATORS = {
    c.__name__: c for c in (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)
}


def refuse_array(value: Any) -> str:
    """Why this NumPy array or scalar may not cross, "" when it may."""
    kind = type(value)
    if isinstance(value, np.ma.MaskedArray):
        return "a numpy masked array"
    if kind is not np.ndarray and isinstance(value, np.ndarray):
        return f"a {kind.__module__.split('.')[0]}.{kind.__name__} (a subclass of numpy.ndarray)"
    if not _DTYPE.fullmatch(value.dtype.str):
        if value.dtype.kind in "OV":
            named = "object" if value.dtype.kind == "O" else "void (structured)"
        else:
            named = str(value.dtype)
        return f"a numpy {'array' if kind is np.ndarray else 'scalar'} of dtype {named}"
    if value.dtype.kind == "U" and value.size and not is_unicode(np.asarray(value)):
        return "an array of texts with characters that are not Unicode (lone surrogates)"
    return ""


def pack_array(a: np.ndarray, layout: bool) -> tuple[list[Any], Any]:
    """(dtype, shape, order) and the bytes; order is "C", "F" or, with `layout`, [axes, flips, gap, writeable]."""
    order: Any = "C"
    if a.flags.c_contiguous and (a.flags.writeable or not layout):
        flat = a
    elif a.flags.f_contiguous and (a.flags.writeable or not layout):
        order, flat = "F", a.T
    elif layout:
        order, flat = _general_order(a)
    else:
        flat = np.ascontiguousarray(a)
    return [a.dtype.str, a.shape, order], bytes_of(flat)


def _general_order(a: np.ndarray) -> tuple[list[Any], np.ndarray]:
    axes = sorted(range(a.ndim), key=lambda i: -abs(a.strides[i]))
    flips = [i for i in range(a.ndim) if a.strides[i] < 0]
    flat = _flip(a, flips).transpose(axes)
    gap = not flat.flags.c_contiguous
    return [axes, flips, gap, bool(a.flags.writeable)], np.ascontiguousarray(flat)


def _flip(a: np.ndarray, axes: list[int]) -> np.ndarray:
    return a[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(a.ndim))] if axes else a


def bytes_of(flat: np.ndarray) -> Any:
    if flat.nbytes <= 4096:
        return flat.tobytes()
    return flat.reshape(-1).view(np.uint8).data


def unpack_dtype(name: Any) -> np.dtype:
    if type(name) is not str or not _DTYPE.fullmatch(name):
        raise ProtocolViolation("an unknown dtype")
    return np.dtype(name)


def unpack_array(head: Any, data: Any, layout: bool) -> np.ndarray:
    """The array of `pack_array`; `layout` says whether more than C and Fortran order is accepted."""
    name, shape, order = head
    dtype = unpack_dtype(name)
    check_shape(shape, dtype.itemsize, len(data))
    if order == "C":
        return _flat(dtype, data).reshape(shape)
    if order == "F":
        return _flat(dtype, data).reshape(shape[::-1]).T
    if not layout:
        raise ProtocolViolation("an unknown order")
    return _strided(_flat(dtype, data), shape, *order)


def _strided(flat: np.ndarray, shape: Any, axes: Any, flips: Any, gap: bool, writeable: bool) -> np.ndarray:
    a = flat.reshape([shape[i] for i in axes])
    if gap and a.ndim:
        wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), dtype=a.dtype)
        wide[..., ::2] = a
        a = wide[..., ::2]
    a = _flip(a.transpose(sorted(range(len(axes)), key=lambda i: axes[i])), list(flips))
    a.flags.writeable = writeable
    return a


def check_shape(shape: Any, itemsize: int, size: int) -> None:
    if type(shape) is not tuple or len(shape) > _MAX_NDIM:
        raise ProtocolViolation("a shape that is not a short tuple")
    wanted = itemsize
    for n in shape:
        if type(n) is not int or not 0 <= n < 2**48:
            raise ProtocolViolation("a shape that is not of integers")
        wanted *= n
    if wanted != size or math.prod(max(n, 1) for n in shape) >= 2**48:
        raise ProtocolViolation("a shape that does not fit its data")


def _flat(dtype: np.dtype, data: Any) -> np.ndarray:
    if len(data) == 0:
        return np.empty(0, dtype)
    flat = np.frombuffer(data if type(data) is bytearray else bytearray(data), dtype=dtype)
    if dtype.kind == "b":
        return flat.view(np.uint8) != 0  # a byte 2 would be a third truth value
    if dtype.kind == "U" and not is_unicode(flat):
        raise ProtocolViolation("text that is not Unicode")
    return flat


def is_unicode(texts: np.ndarray) -> bool:
    """Can every text of an array be written to a file? Lone surrogates cannot."""
    codes = np.ascontiguousarray(texts).reshape(-1).view(np.dtype(np.uint32).newbyteorder(texts.dtype.byteorder))
    return not (codes > 0x10FFFF).any() and not ((codes >= 0xD800) & (codes < 0xE000)).any()


def checked_state(state: Any) -> dict[str, Any]:
    """A bit generator's state whose indices lie within its buffers, so that reading from it is safe."""
    if type(state) is not dict or state.get("bit_generator") not in BIT_GENERATORS:
        raise ProtocolViolation("an unknown bit generator")
    inner = state.get("state")
    if not all(type(v) in _STATE for part in (state, inner if type(inner) is dict else {}) for v in part.values()):
        raise ProtocolViolation("a generator state that is not of numbers")
    position = inner.get("pos", 0) if type(inner) is dict else 0
    if type(position) is not int or not 0 <= position <= 624:
        raise ProtocolViolation("a generator position outside its buffer")
    if state["bit_generator"] == "MT19937" and (type(inner) is not dict or type(inner.get("pos")) is not int):
        raise ProtocolViolation("a generator without position")
    if state["bit_generator"] == "Philox":
        buffered = state.get("buffer_pos")
        if type(buffered) is not int or not 0 <= buffered <= 4:
            raise ProtocolViolation("a generator position outside its buffer")
    return state
