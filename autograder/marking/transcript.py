"""What a part asked of an answer, and what came back.

Two answers that make the same mistake leave the same transcript: this is how a diagnosis is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.key import T64, Mismatch, close
from autograder.key.kinds import as_numpy, is_tensor

__all__ = ["OPAQUE", "Event", "Transcript", "agree", "same_bits", "snapshot"]

CAPACITY = 16 * 2**20  # bytes kept for one part; a longer transcript is not compared
DEPTH = 64
ATOMS = (type(None), bool, int, float, complex, str, bytes)


class _Opaque:
    """Stands in a transcript for a function, a class or an instance."""

    def __repr__(self) -> str:
        return "OPAQUE"


OPAQUE = _Opaque()


@dataclass
class Event:
    """One call, attribute or operation.

    Args:
        what: "softmax", "Dual().grad", ...
        args: the arguments before the call.
        outcome: the value that came back; None when raised.
        raised: name of the exception type, "" when a value came back.
        changed: the arguments after the call when it changed them.
        callbacks: what the callbacks were given and what they answered, in order.
    """

    what: str
    args: Any
    outcome: Any = None
    raised: str = ""
    changed: Any = None
    callbacks: list[Any] = field(default_factory=list)


@dataclass
class Transcript:
    events: list[Event] = field(default_factory=list)
    room: int = CAPACITY

    @property
    def complete(self) -> bool:
        return self.room >= 0

    def keep(self, value: Any) -> Any:
        """A copy of a value for the record, counted against the capacity."""
        if not self.complete:
            return OPAQUE
        copy = snapshot(value)
        self.room -= _size(copy)
        return copy


def snapshot(value: Any, depth: int = 0) -> Any:
    """A deep copy of data; OPAQUE for everything else."""
    if type(value) in ATOMS:
        return value
    if isinstance(value, np.ndarray):
        return np.array(value, copy=True) if value.dtype != object else OPAQUE
    if is_tensor(value):
        return value.detach().clone()
    if isinstance(value, (*ATOMS, np.generic)):
        return value
    if depth >= DEPTH:
        return OPAQUE
    if type(value) in (list, tuple):
        return type(value)(snapshot(v, depth + 1) for v in value)
    if type(value) is dict:
        return {k: snapshot(v, depth + 1) for k, v in value.items()}
    if type(value) in (set, frozenset):
        return set(value)
    return OPAQUE


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return int(value.nbytes) + 64
    if is_tensor(value):
        return int(value.numel() * value.element_size()) + 64
    if isinstance(value, dict):
        return sum(map(_size, value.values())) + 64 * (len(value) + 1)
    if isinstance(value, (list, tuple, set)):
        return sum(map(_size, value)) + 64
    return 64


def same_bits(a: Any, b: Any) -> bool:
    """Equal to the last bit, nan included; what a snapshot does not hold cannot differ."""
    if a is OPAQUE:
        return True
    if isinstance(a, np.ndarray) or is_tensor(a):
        if type(a) is not type(b):
            return False
        a, b = as_numpy(a), as_numpy(b)
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same_bits, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same_bits(v, b[k]) for k, v in a.items())
    return bool(a is b or a == b or (a != a and b != b))


def agree(a: Transcript, b: Transcript) -> bool:
    """The same calls with the same outcomes, values under T64."""
    if not (a.complete and b.complete) or len(a.events) != len(b.events):
        return False
    return all(map(_same_event, a.events, b.events))


def _same_event(a: Event, b: Event) -> bool:
    return (
        (a.what, a.raised, a.changed is None) == (b.what, b.raised, b.changed is None)
        and len(a.callbacks) == len(b.callbacks)
        and same_values(a.outcome, b.outcome)
        and same_values(a.changed, b.changed)
        and all(map(same_values, a.callbacks, b.callbacks))
    )


def same_values(a: Any, b: Any) -> bool:
    """Equal types and values, floats under T64."""
    if a is OPAQUE or b is OPAQUE:
        return a is b
    if isinstance(a, (list, tuple)):
        return isinstance(b, (list, tuple)) and len(a) == len(b) and all(map(same_values, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same_values(v, b[k]) for k, v in a.items())
    try:
        close(b, a, T64)
    except (Mismatch, TypeError):
        return False
    return True
