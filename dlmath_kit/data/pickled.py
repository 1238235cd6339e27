"""Reads pickles of plain data: a pickle is a program, and this reader runs none of it.

Dictionaries, lists, tuples, strings, bytes and numbers are read as they are; arrays of unsigned bytes are made from
their bytes by us. Everything else that a pickle may ask for is refused by name.
"""

from __future__ import annotations

import math
import pickle
from typing import Any, BinaryIO

import numpy as np

__all__ = ["PickleRefused", "read_pickle"]

_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")


class PickleRefused(ValueError):
    """The pickle is damaged, or asks for more than plain data; the text names what."""


def read_pickle(file: BinaryIO) -> Any:
    """The plain data in a pickle, also in one of Python 2, whose strings are bytes.

    Args:
        file: opened for reading bytes.

    Returns:
        Dicts, lists, tuples, bytes, strings, numbers, and uint8 arrays.

    Raises:
        PickleRefused: damaged, or something other than plain data.
    """
    try:
        found = _PlainUnpickler(file, encoding="bytes").load()
    except PickleRefused:
        raise
    except Exception as fault:  # whatever a damaged stream leads to: EOFError, IndexError, KeyError, MemoryError, ...
        raise PickleRefused(f"got a damaged pickle ({type(fault).__name__}: {fault}).") from None
    return _plain(found)


class _Stand:
    """Stands for an object of numpy: keeps what it was made with, and does nothing."""

    def __init__(self, *args: Any) -> None:
        self.args = args
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Array(_Stand):
    pass


class _Dtype(_Stand):
    pass


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct" and module in _NUMPY:
            return _Array
        if (module, name) in (("numpy", "dtype"), ("numpy", "ndarray")):
            return _Dtype if name == "dtype" else name
        raise PickleRefused(f"got a pickle that asks for {module}.{name}, expected plain data.")

    def persistent_load(self, pid: Any) -> Any:
        raise PickleRefused("got a pickle that asks for an object elsewhere, expected plain data.")


def _plain(value: Any) -> Any:
    """The value with arrays in place of their stands; only what a batch of images needs is entered."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, _Array):
        return _bytes_to_array(value)
    if isinstance(value, (list, tuple)) or type(value) in (bytes, str, int, float, bool, type(None)):
        return value
    raise PickleRefused("got a pickle of something else than plain data.")


def _bytes_to_array(stand: _Array) -> np.ndarray:
    """From numpy's own state: perhaps a version, then shape, dtype, Fortran order, bytes."""
    state = stand.state if isinstance(stand.state, tuple) else ()
    match state[-4:]:
        case (tuple() as shape, _Dtype() as dtype, bool() | int() as fortran, bytes() as content) if len(state) < 6:
            code = dtype.args[0] if dtype.args else None
            whole = all(type(size) is int and size >= 0 for size in shape)
            if code in (b"u1", "u1") and whole and math.prod(shape) == len(content):
                return np.frombuffer(content, dtype=np.uint8).reshape(shape, order="F" if fortran else "C")
    raise PickleRefused("got an array that is not of unsigned bytes, or is damaged.")
