"""What may come out of the channel: exact builtin, NumPy and torch types, and stand-ins."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import torch

from autograder.sandbox.remote import Remote

__all__ = ["require_exact", "require_sentence", "require_writable"]

ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes, slice, range, type(...)})
CONTAINERS = frozenset({list, tuple, set, frozenset, dict})
SCALARS = frozenset({
    np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.float16, np.float32,
    np.float64, np.longdouble, np.complex64, np.complex128, np.clongdouble, np.str_, np.bytes_, np.datetime64,
    np.timedelta64, np.longlong, np.ulonglong,
})  # fmt: skip
GENERATORS = frozenset({np.random.Generator, torch.Generator})
KINDS = "biufcmMSU"


def require_exact(value: Any, given: tuple[Any, ...] = ()) -> None:
    """Fail unless the value is data of exact types, a stand-in, or (by identity) one of the objects `given`."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in CONTAINERS:
            waiting.extend(value)
            waiting.extend(value.values() if kind is dict else ())
        elif kind is slice:
            waiting += [value.start, value.stop, value.step]
        elif kind is np.ndarray:
            assert value.dtype.kind in KINDS and value.dtype.names is None, f"an array of {value.dtype}"
            assert value.flags.writeable and value.flags.aligned, "an array that cannot be used"
        elif kind is torch.Tensor:
            assert value.device.type == "cpu" and value.layout is torch.strided and value.is_leaf, "a tensor"
            waiting += [] if value.grad is None else [value.grad]
        else:
            allowed = kind in ATOMS or kind in SCALARS or kind in GENERATORS or kind is Remote
            assert allowed or any(value is one for one in given), f"got a {kind.__module__}.{kind.__name__}"


def require_writable(value: Any) -> None:
    """Fail unless the value is JSON of exact builtin types that a file can hold."""
    if type(value) is dict:
        for key, inner in value.items():
            assert type(key) is str, f"a key of type {type(key)}"
            require_writable(key)
            require_writable(inner)
    elif type(value) in (list, tuple):
        for inner in value:
            require_writable(inner)
    elif type(value) is str:
        value.encode()
    else:
        assert value is None or type(value) in (bool, int, float), f"got a {type(value)}"


def require_sentence(text: str) -> None:
    """Fail unless the text is one line that a log, a page and a file can hold."""
    assert type(text) is str and 0 < len(text) < 600, f"a note of {len(text)} characters"
    text.encode()
    odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert not odd, f"a note that does not show what it says: {text!a}"
