"""What kind of value an answer is, and how to name it to a student."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["as_numpy", "describe", "is_number", "is_tensor", "kind", "kind_words", "shape_words", "type_name"]

KINDS = {"f": "floats", "i": "integers", "u": "integers", "b": "booleans", "c": "complex numbers",
         "O": "Python objects", "U": "strings", "S": "bytes"}  # fmt: skip

MAX_AXES = 8
SMALL = 10_000  # larger sizes are not shown


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and type(value) in (torch.Tensor, torch.nn.Parameter)


def is_number(value: Any) -> bool:
    """A Python or numpy number of one entry, or a 0-d array or tensor; a bool is a truth value, not a number."""
    if isinstance(value, np.generic):
        return value.dtype.kind in "fiuc"
    if type(value) is np.ndarray or is_tensor(value):
        return tuple(value.shape) == ()
    return type(value) in (int, float, complex)


def as_numpy(value: Any) -> np.ndarray:
    """A number, array or tensor as an array; bfloat16 becomes float16, which the comparators refuse alike."""
    if is_tensor(value):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            return value.float().numpy().astype(np.float16)
        return value.resolve_conj().resolve_neg().numpy()
    if type(value) is int and abs(value) >= 2**63:
        return np.array(float(value) if value.bit_length() <= 1023 else np.inf if value > 0 else -np.inf)
    return np.asarray(value)


def kind(value: np.ndarray) -> str:
    """numpy's kind letter, signed and unsigned integers alike."""
    return "i" if value.dtype.kind == "u" else value.dtype.kind


def kind_words(letter: str) -> str:
    return KINDS.get(letter, "values of another kind")


def type_name(value: Any) -> str:
    """The name of a value's type; that of a student's own class only where it is short and plain."""
    name = getattr(value, "__answer_type__", None)
    if type(name) is not str:
        name = type(value).__name__
    return name if name.isidentifier() and name.isascii() and len(name) <= 32 else "object"


def shape_words(shape: tuple[int, ...], expected: tuple[int, ...] = ()) -> str:
    """A shape as Python writes it, less what no honest one has: a size may be a hidden number in disguise."""
    if len(shape) > MAX_AXES:
        return f"with {len(shape)} axes"
    sizes = [str(n) if n < SMALL or n in expected else "…" for n in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def describe(value: Any) -> str:
    """A value in words: type and shape, never its entries."""
    if value is None:
        return "None"
    if type(value) is np.ndarray:
        return f"an array of shape {shape_words(tuple(value.shape))}"
    if is_tensor(value):
        return f"a torch tensor of shape {shape_words(tuple(value.shape))}"
    if isinstance(value, (bool, np.bool_)):
        return "a boolean"
    if type(value) in (list, tuple, dict, set):
        return f"a {type_name(value)} of {len(value)}"
    if is_number(value):
        return f"a number ({type_name(value)})"
    name = type_name(value)
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
