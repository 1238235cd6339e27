"""The checks that every numerical exercise shares."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.key.answers import random_state
from autograder.key.comparators import close
from autograder.key.kinds import as_numpy, is_tensor
from autograder.key.mismatch import Mismatch
from autograder.key.tolerances import T32, T64, Tolerance

__all__ = ["standard"]


def standard(
    answer: Callable[..., Any],
    args: Sequence[Any],
    reference: Callable[..., Any],
    *,
    float32: bool = True,
    strided: bool = True,
    tol: Tolerance = T64,
    what: str | Sequence[str] = "the result",
) -> None:
    """Inputs and global generators unchanged, a second call the same, float32, views as inputs.

    Args:
        args: positional arguments; copied for each call, generators too.
        reference: called with copies of the same arguments.
        float32: also call with every float64 array as float32, compared under T32.
        strided: also call with views of negative strides and in Fortran order.
    """
    expected = reference(*copy.deepcopy(tuple(args)))
    state = random_state(answer)
    first = _unchanged(answer, args)
    if random_state(answer) != state:
        raise Mismatch("Your function uses or seeds a global random generator.")
    close(first, expected, tol, what)
    _again(answer, args, first, what)
    if strided and any(_is_array(a) for a in _leaves(args)):
        _variant(answer, reference, _map(_reversed, args), tol, what, "With a view as input (negative strides)")
        _variant(answer, reference, _map(_fortran, args), tol, what, "With an input in Fortran order")
    if float32 and any(_is_float64(a) for a in _leaves(args)):
        _variant(answer, reference, _map(_single, args), T32, what, "With float32 inputs")


def _unchanged(answer: Callable[..., Any], args: Sequence[Any]) -> Any:
    mine = copy.deepcopy(tuple(args))
    result = answer(*mine)
    for i, (before, after) in enumerate(zip(args, mine, strict=True)):
        if not _same_bits(before, after):
            raise Mismatch(f"Your function changes its input (argument {i + 1}).")
    return result


def _again(answer: Callable[..., Any], args: Sequence[Any], first: Any, what: str | Sequence[str]) -> None:
    try:
        close(answer(*copy.deepcopy(tuple(args))), first, T64, what)
    except Mismatch as m:
        raise Mismatch(f"A second call with the same input gives another result. {m.message}", m.got, m.expected) from m


def _variant(
    answer: Callable[..., Any],
    reference: Callable[..., Any],
    args: Sequence[Any],
    tol: Tolerance,
    what: str | Sequence[str],
    when: str,
) -> None:
    expected = reference(*_copied(args))
    try:
        close(answer(*_copied(args)), expected, tol, what)
    except Mismatch as m:
        raise Mismatch(f"{when}: {m.message}", m.got, m.expected) from m


def _copied(args: Sequence[Any]) -> tuple[Any, ...]:
    """Copies that keep the arrays' memory layout."""
    return tuple(a if _is_array(a) else copy.deepcopy(a) for a in args)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def _is_float64(value: Any) -> bool:
    return _is_array(value) and value.dtype == np.float64


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for v in value.values() for leaf in _leaves(v)]
    if isinstance(value, (list, tuple)):
        return [leaf for v in value for leaf in _leaves(v)]
    return [value]


def _map(change: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _map(change, v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_map(change, v) for v in value)
    return change(value)


def _reversed(value: Any) -> Any:
    if not _is_array(value):
        return value
    axes = (slice(None, None, -1),) * value.ndim
    return value[axes].copy()[axes]


def _fortran(value: Any) -> Any:
    return np.asfortranarray(value) if _is_array(value) else value


def _single(value: Any) -> Any:
    return value.astype(np.float32) if _is_float64(value) else value


def _same_bits(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray) or is_tensor(before):
        b, a = as_numpy(before), as_numpy(after)
        return b.dtype == a.dtype and b.shape == a.shape and b.tobytes() == a.tobytes()
    if isinstance(before, dict):
        return list(before) == list(after) and all(_same_bits(v, after[k]) for k, v in before.items())
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_same_bits, before, after))
    if isinstance(before, (bool, int, float, complex, str, bytes, set, type(None))):
        return bool(before == after) or before != before
    return True
