"""Does the answer agree? The first difference is named: type, kind, shape, finite, close.

Messages name places and shapes, never entries: those travel in `Mismatch.got` and `.expected`
and are shown only by parts that allow it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.key.kinds import as_numpy, describe, is_number, is_tensor, kind, kind_words, shape_words
from autograder.key.mismatch import Mismatch
from autograder.key.tolerances import T32, T64, Tolerance

__all__ = ["check", "close", "exact"]

Names = str | Sequence[str]
Leaf = Callable[[np.ndarray, np.ndarray, str], None]


def close(got: Any, expected: Any, tol: Tolerance = T64, what: Names = "the result") -> None:
    """Raise Mismatch unless got agrees with expected within a comparison class.

    Args:
        got: what the student's code returned.
        expected: number, array, tensor, or list, tuple or dict of them. Its kind decides what is asked for.
        tol: T64, T64E, T32 or ITER; float32 references are compared under T32 at least.
        what: the value's name in the message; for a tuple, the names of its items.
    """
    _compare(got, expected, what, lambda g, e, w: _near(g, e, tol, w))


def exact(got: Any, expected: Any, what: Names = "the result") -> None:
    """Raise Mismatch unless got equals expected: integers, booleans, strings, indices and containers of them."""
    _compare(got, expected, what, _equal)


def check(condition: Any, message: str, got: Any = None, expected: Any = None) -> None:
    """Raise Mismatch(message) unless the condition, a bool, holds."""
    if not isinstance(condition, (bool, np.bool_)):
        raise TypeError(f"check: got {describe(condition)}, expected True or False.")
    if not condition:
        raise Mismatch(message, got, expected)


def _compare(got: Any, expected: Any, what: Names, leaf: Leaf) -> None:
    if isinstance(expected, (list, tuple)):
        _sequence(got, expected, what, leaf)
    elif isinstance(expected, dict):
        _dict(got, expected, _text(what), leaf)
    elif expected is None or isinstance(expected, (str, bytes, set, frozenset)):
        _plain(got, expected, _text(what))
    else:
        name = _text(what)
        if type(got) is int and type(expected) is int and max(abs(got), abs(expected)) >= 2**63:  # no array holds them
            _whole(got, expected, name)
            return
        if leaf is not _equal and type(expected) is int and isinstance(got, (float, np.floating)):
            expected = float(as_numpy(expected))
        g, e = _values(got, expected, name)
        try:
            leaf(g, e, name)
        except Mismatch as m:
            m.got, m.expected = got, expected
            raise


def _whole(got: int, expected: int, name: str) -> None:
    if got != expected:
        raise Mismatch(f"{name}: not the expected value.", got, expected)


def _text(what: Names) -> str:
    return what if isinstance(what, str) else "the result"


def _fault(what: str, got: str, expected: str, hint: str = "", values: tuple[Any, Any] = (None, None)) -> Mismatch:
    text = f"{what}: got {got}, expected {expected}."
    return Mismatch(f"{text} {hint}".rstrip(), *values)


def _sequence(got: Any, expected: Sequence[Any], what: Names, leaf: Leaf) -> None:
    name, word = _text(what), "tuple" if isinstance(expected, tuple) else "list"
    if type(got) not in (list, tuple):
        raise _fault(name, describe(got), f"a {word} of {len(expected)}", values=(got, expected))
    if len(got) != len(expected):
        raise _fault(name, f"{len(got)} items", f"{len(expected)}", values=(got, expected))
    for i, (g, e) in enumerate(zip(got, expected, strict=True)):
        part = f"{what[i]} (item {i + 1})" if not isinstance(what, str) else f"item {i + 1} of {name}"
        _compare(g, e, part, leaf)


def _dict(got: Any, expected: dict[Any, Any], name: str, leaf: Leaf) -> None:
    if type(got) is not dict:
        raise _fault(name, describe(got), f"a dict of {len(expected)}", values=(got, expected))
    if len(got) != len(expected):
        raise _fault(name, f"{len(got)} keys", f"{len(expected)}", values=(got, expected))
    for key, e in expected.items():
        if key not in got:
            raise Mismatch(f"{name}: a key is missing.", got, expected)
        place = f"{name}[{key!r}]" if isinstance(key, (str, int)) and len(str(key)) <= 20 else f"a value of {name}"
        _compare(got[key], e, place, leaf)


def _plain(got: Any, expected: Any, name: str) -> None:
    same_type = type(got) is type(expected) or (isinstance(expected, str) and isinstance(got, np.str_))
    if not same_type:
        raise _fault(name, describe(got), describe(expected), values=(got, expected))
    if got != expected:
        raise Mismatch(f"{name}: not the expected {describe(expected).split(' ', 1)[-1]}.", got, expected)


def _values(got: Any, expected: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Both sides as arrays of the same shape and kind, or Mismatch."""
    if not isinstance(expected, (bool, np.generic, int, float, complex, np.ndarray)) and not is_tensor(expected):
        raise TypeError(f"close: got {describe(expected)} as the expected value, expected numbers or arrays.")
    e = as_numpy(expected)
    _check_type(got, expected, e, name)
    g = as_numpy(got)
    _check_kind(got, g, e, name)
    if g.shape != e.shape:
        want = f"shape {e.shape}" if e.shape else "a single number"
        raise _fault(
            name,
            f"shape {shape_words(g.shape, e.shape)}" if g.shape else "a single number",
            want,
            values=(got, expected),
        )
    return g, e


def _check_type(got: Any, expected: Any, e: np.ndarray, name: str) -> None:
    array, tensor = type(got) is np.ndarray or isinstance(got, np.generic), is_tensor(got)
    if is_tensor(expected) and e.shape:
        good, word = tensor, "a torch tensor"
    elif e.shape:
        good, word = array, "a numpy array"
    else:
        boolean = isinstance(got, bool) and kind(e) == "b"
        good, word = array or tensor or is_number(got) or boolean, "True or False" if kind(e) == "b" else "a number"
    if good:
        return
    listed = type(got) in (list, tuple) and e.shape and not is_tensor(expected)
    hint = "Convert it with np.array(...)." if listed else ""
    raise _fault(name, describe(got), f"{word} of shape {e.shape}" if e.shape else word, hint, (got, expected))


def _check_kind(got: Any, g: np.ndarray, e: np.ndarray, name: str) -> None:
    mine, asked = kind(g), kind(e)
    if asked == "f" and g.dtype.itemsize == 2 and mine == "f":
        raise _fault(name, "half precision", "float64 or float32")
    if mine == asked or (asked == "f" and mine == "i" and g.shape == () and not is_tensor(got)):
        return
    if asked == "c" and mine == "f":
        return
    hint = "Lists of unequal lengths make such an array." if mine == "O" else ""
    raise _fault(name, kind_words(mine), kind_words(asked), hint)


def _near(g: np.ndarray, e: np.ndarray, tol: Tolerance, name: str) -> None:
    if kind(e) not in "fc":
        _equal(g, e, name)
        return
    _check_finite(g, e, name)
    far = _far(g, e, tol.for_dtype(e.dtype))
    if not far.any():
        return
    if g.dtype == np.float32 and e.dtype == np.float64 and not _far(g, e, T32).any():
        raise _fault(name, "float32, too coarse", "float64", "Keep the precision of the input.")
    raise Mismatch(_where(far, name))


def _check_finite(g: np.ndarray, e: np.ndarray, name: str) -> None:
    bad = ~np.isfinite(g) & np.isfinite(e)
    if bad.any():
        words = "nan" if np.isnan(g[bad]).all() else "inf" if np.isinf(g[bad]).all() else "nan and inf"
        where = f" at {bad.sum()} of {bad.size} entries" if bad.shape else ""
        raise _fault(name, words + where, "finite numbers" if bad.shape else "a finite number")
    odd = ~np.isfinite(e)
    if odd.any() and not np.array_equal(g[odd], e[odd], equal_nan=True):
        raise Mismatch(f"{name}: some entries must be nan or infinite and are not, or have the wrong sign.")


def _far(g: np.ndarray, e: np.ndarray, tol: Tolerance) -> np.ndarray:
    """Entries out of tolerance; written so that nan counts as far."""
    wide = np.complex128 if e.dtype.kind == "c" else np.longdouble if e.dtype == np.longdouble else np.float64
    g, e = g.astype(wide), e.astype(wide)
    odd = ~np.isfinite(e)
    e, g = np.where(odd, 0, e), np.where(odd, 0, g)
    with np.errstate(all="ignore"):
        return np.asarray(~(np.abs(g - e) <= tol.allowed(e)))


def _equal(g: np.ndarray, e: np.ndarray, name: str) -> None:
    same = (g == e) | ((g != g) & (e != e))
    if not np.all(same):
        raise Mismatch(_where(~np.asarray(same), name))


def _where(far: np.ndarray, name: str) -> str:
    if far.shape == ():
        return f"{name}: not the expected value."
    first = tuple(int(i) for i in np.argwhere(far)[0])
    count = int(far.sum())
    return f"{name}: {count} of {far.size} entries {'are' if count > 1 else 'is'} wrong, first at index {first}."
