"""How a wrong result relates to the right one, when no known mistake explains it.

Tried in order: input changed, not finite, negative, a factor, transposed, axes permuted. Sentences hold shapes and
sizes, never values. A factor is told only if every wrong result goes the same way: one may be off by it by chance.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from autograder.key import T64, Tolerance
from autograder.key.kinds import as_numpy, is_tensor
from autograder.marking.transcript import OPAQUE, Event, Transcript, same_values

__all__ = ["relation"]


class _Relation(NamedTuple):
    sentence: str  # "" when none is known
    factor: str = ""  # which way a factor goes, "" when the sentence tells of none


def relation(failed: Iterable[tuple[Transcript, Transcript]]) -> str:
    """A sentence about the first wrong result of the parts that failed, "" when nothing is certain.

    Args:
        failed: the student's transcript of each of these parts, and the reference's.
    """
    found = [r for mine, reference in failed if (r := _first(mine, reference)) is not None]
    ways = {r.factor for r in found}
    return next((r.sentence for r in found if r.sentence and (not r.factor or len(ways) == 1)), "")


def _first(mine: Transcript, reference: Transcript) -> _Relation | None:
    """Of the first operation whose outcome differs from the reference's; None where that cannot be said."""
    if not (mine.complete and reference.complete):
        return None
    for event, right in zip(mine.events, reference.events, strict=False):
        if event.what != right.what or event.raised or right.raised:
            return None
        if event.changed is not None and right.changed is None:
            return _Relation("Your function changes its input: work on a copy.")
        if not same_values(right.outcome, event.outcome):
            return _of_values(event, right)
    return None


def _of_values(event: Event, right: Event) -> _Relation:
    for name, got, expected in _pairs(event.outcome, right.outcome, "Your result"):
        if not same_values(expected, got):
            return _between(name, got, expected, right)
    return _Relation("")


def _pairs(got: Any, expected: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """The entries of containers of equal form, side by side."""
    if isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)) and len(got) == len(expected):
        for i, (g, e) in enumerate(zip(got, expected, strict=True)):
            inner = f"Item {i + 1} of your result" if name == "Your result" else name
            yield from _pairs(g, e, inner)
    else:
        yield name, got, expected


def _between(name: str, got: Any, expected: Any, event: Event) -> _Relation:
    if not (_numeric(got) and _numeric(expected)):
        return _Relation("")
    g, e = as_numpy(got), as_numpy(expected)
    if g.dtype.kind not in "fci" or e.dtype.kind != "f":
        return _Relation("")
    if g.shape != e.shape:
        transposed = g.ndim == e.ndim > 1 and g.shape == e.shape[::-1]
        return _Relation(f"{name} has the shape of the transpose." if transposed else "")
    if not np.isfinite(g).all() and np.isfinite(e).all():
        causes = "an overflow, a division by zero, the logarithm of 0 or of a negative number"
        return _Relation(f"{name} is not finite: look for {causes}.")
    if not np.isfinite(e).all():
        return _Relation("")
    return _factor(name, g, e, event) or _Relation(_permuted(name, g, e))


def _numeric(value: Any) -> bool:
    if value is OPAQUE or isinstance(value, bool):
        return False
    return isinstance(value, (int, float, np.ndarray, np.generic)) or is_tensor(value)


def _near(got: np.ndarray, expected: np.ndarray) -> bool:
    tol: Tolerance = T64.for_dtype(expected.dtype)
    return bool(np.all(np.abs(got - expected) <= tol.allowed(expected)))


def _factor(name: str, g: np.ndarray, e: np.ndarray, event: Event) -> _Relation | None:
    if not np.any(e):
        return None
    if _near(g, -e):
        return _Relation(f"{name} has the opposite sign.", "sign")
    for factor, words, way in [(2.0, "twice", "more"), (0.5, "half of", "less")]:
        if _near(g, factor * e):
            return _Relation(f"{name} is {words} the expected one.", way)
    for size, where in _sizes(event):
        if _near(g, e * size):
            return _Relation(f"{name} is {size} times the expected one, and {where}: is a mean missing?", "more")
        if _near(g, e / size):
            less = f"{name} is the expected one divided by {size}, and {where}: do you divide once too often?"
            return _Relation(less, "less")
        for factor, way in [(size, "sign, more"), (1 / size, "sign, less")]:
            if _near(g, -e * factor):
                return _Relation(f"{name} has the opposite sign, and is off by the factor {size}: {where}.", way)
    return None


def _sizes(event: Event) -> Iterator[tuple[int, str]]:
    """Sizes above 2 of the arguments' axes, each once, with words for where it occurs."""
    seen: set[int] = set()
    args, kwargs = event.args if isinstance(event.args, tuple) and len(event.args) == 2 else ((), {})
    named = [(f"argument {i + 1}", a) for i, a in enumerate(args)] + [(f"argument {k}", a) for k, a in kwargs.items()]
    for name, value in named:
        if not isinstance(value, np.ndarray) and not is_tensor(value):
            continue
        for axis, size in enumerate(value.shape):
            if size > 2 and size not in seen:
                seen.add(int(size))
                yield int(size), f"axis {axis} of {name} has size {size}"


def _permuted(name: str, g: np.ndarray, e: np.ndarray) -> str:
    if not 2 <= e.ndim <= 4:
        return ""
    for axes in itertools.permutations(range(e.ndim)):
        if axes == tuple(range(e.ndim)):
            continue
        turned = e.transpose(axes)
        if turned.shape == g.shape and _near(g, turned):
            return f"{name} is the transpose of the expected one." if e.ndim == 2 else f"{name} has its axes permuted."
    return ""
