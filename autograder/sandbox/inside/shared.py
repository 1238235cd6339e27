"""Arrays, tensors and random generators that both ends of a conversation hold a copy of.

Each object that the marker passes in gets the next index on both ends. Before a frame leaves, the sender looks which
of its copies changed since the last frame and sends them along; the receiver changes its own objects in place.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import numpy as np

from .arrays import BIT_GENERATORS, checked_state
from .tensors import (
    is_tensor,
    is_torch_generator,
    new_torch_generator,
    overwrite_generator,
    overwrite_tensor,
    snapshot,
)
from .wire import ProtocolViolation, Unsendable

__all__ = ["Shared", "generator_state", "new_generator", "overwrite"]


class _Entry:
    __slots__ = ("form", "get", "idle", "is_array", "snapshot")

    def __init__(self, value: Any, get: Callable[[], Any]) -> None:
        self.get, self.form, self.snapshot = get, _form(value), _snapshot(value)
        self.is_array = isinstance(value, np.ndarray)
        self.idle = False  # nobody in the sandbox holds it: it need not be compared until it is used again


class Shared:
    """The objects both ends know, by index.

    Args:
        weak: hold them only as long as someone else does; the marker's end, whose objects come and go.
    """

    def __init__(self, weak: bool) -> None:
        self._weak = weak
        self._entries: dict[int, _Entry] = {}
        self._index: dict[int, int] = {}
        self._next = 0
        self._gone: list[int] = []
        self._pending: list[tuple[_Entry, Any]] = []

    def add(self, value: Any) -> int:
        index, key = self._next, id(value)
        self._next += 1
        get: Callable[[], Any]
        if self._weak and (isinstance(value, np.ndarray) or is_tensor(value)):
            get = weakref.ref(value, lambda _: self._forget(index, key))
        else:
            get = lambda: value  # noqa: E731 - the strong twin of weakref.ref
        self._entries[index] = _Entry(value, get)
        self._index[key] = index
        return index

    def _forget(self, index: int, key: int) -> None:
        self._entries.pop(index, None)
        self._gone.append(index)
        if self._index.get(key) == index:
            del self._index[key]

    def find(self, value: Any) -> int | None:
        index = self._index.get(id(value))
        entry = self._entries.get(index) if index is not None else None
        if index is None or entry is None or entry.get() is not value:
            return None
        if entry.idle and _snapshot(value) != entry.snapshot:
            self._forget(index, id(value))  # changed while nobody looked: it is sent anew
            return None
        entry.idle = False
        return index

    def __getitem__(self, index: Any) -> Any:
        entry = self._entries.get(index) if type(index) is int else None
        if entry is None:
            raise ProtocolViolation("a shared object that was never given")
        entry.idle = False
        return entry.get()

    def drop(self, index: int) -> None:
        entry = self._entries.pop(index, None)
        if entry is not None:
            self._index.pop(id(entry.get()), None)

    def dropped(self) -> list[int]:
        """Indices whose object is gone since the last `commit`."""
        return list(self._gone)

    def mark(self) -> int:
        """The next index, for `rollback`."""
        return self._next

    def rollback(self, mark: int) -> None:
        """Forget what was added since `mark`: the frame never left."""
        for index in range(mark, self._next):
            self.drop(index)
        self._gone = [i for i in self._gone if i < mark]
        self._next = mark

    def changes(self) -> list[tuple[int, Any]]:
        """Objects that changed since the last `commit`, with their indices."""
        self._pending, found = [], []
        for index, entry in list(self._entries.items()):
            value = entry.get()
            if value is None or entry.idle:
                continue
            if _form(value) != entry.form:
                raise Unsendable("an argument whose shape or dtype was changed in place")
            now = _snapshot(value)
            if now != entry.snapshot:
                self._pending.append((entry, now))
                found.append((index, value))
        return found

    def fall_idle(self) -> list[int]:
        """Arrays that nothing but this table refers to, since the last call: they cannot change."""
        found = []
        for index, entry in self._entries.items():
            if not entry.idle and entry.is_array and _references(entry.get()) == _UNUSED:
                entry.idle = True
                found.append(index)
        return found

    def rest(self, index: Any) -> None:
        """The other end says that nobody there holds this object."""
        entry = self._entries.get(index) if type(index) is int else None
        if entry is not None:
            entry.idle = True

    def commit(self, dropped: int = 0) -> None:
        """The changes found last, and the first `dropped` indices gone, have been sent."""
        del self._gone[:dropped]
        for entry, now in self._pending:
            entry.snapshot = now
        self._pending = []

    def forget_changes(self) -> None:
        """Take every object as it is now for unchanged."""
        for entry in self._entries.values():
            value = entry.get()
            entry.form, entry.snapshot = _form(value), _snapshot(value)

    def apply(self, index: Any, new: Any) -> None:
        """Give the object at `index` the contents of `new`."""
        value = self[index]
        overwrite(value, new)
        self._entries[index].snapshot = _snapshot(value)


def _references(value: np.ndarray) -> tuple[int, int]:
    """How many refer to an array, and to the array whose memory it shows, to which all its views refer."""
    base = value.base
    return sys.getrefcount(value), sys.getrefcount(base) if type(base) is np.ndarray else 0


def _unused() -> tuple[int, int]:
    table = Shared(weak=False)
    table.add(np.frombuffer(bytearray(8)).reshape(1))
    return next(_references(entry.get()) for entry in table._entries.values())


def _form(value: Any) -> Any:
    return (value.dtype, value.shape) if (isinstance(value, np.ndarray) or is_tensor(value)) else None


def _snapshot(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if is_tensor(value):
        return snapshot(value)
    return _frozen(generator_state(value))


def _frozen(state: Any) -> Any:
    if isinstance(state, dict):
        return tuple((k, _frozen(v)) for k, v in state.items())
    return state.tobytes() if isinstance(state, np.ndarray) else state


def generator_state(value: Any) -> Any:
    """The state of a NumPy or torch generator as data."""
    if is_torch_generator(value):
        return value.get_state().numpy()
    return value.bit_generator.state


def new_generator(state: Any) -> Any:
    """A generator in the given state."""
    if isinstance(state, np.ndarray):
        return new_torch_generator(state)
    bits = BIT_GENERATORS[checked_state(state)["bit_generator"]](_seed(state))
    bits.state = state
    return np.random.Generator(bits)


def _seed(state: Any) -> int:
    """Another for another state: what the generator spawns comes from its seed."""
    return int.from_bytes(blake2b(repr(_frozen(state)).encode(), digest_size=16).digest(), "big")


def overwrite(value: Any, new: Any) -> None:
    """Put the contents of `new` (an array, a tensor, a generator's state) into `value`."""
    if isinstance(value, np.ndarray):
        _require(type(new) is np.ndarray and new.shape == value.shape and new.dtype == value.dtype)
        if value.flags.writeable:
            np.copyto(value, new)
    elif is_tensor(value):
        _require(is_tensor(new) and new.shape == value.shape and new.dtype == value.dtype)
        overwrite_tensor(value, new)
    elif is_torch_generator(value):
        overwrite_generator(value, new)
    else:
        _require(checked_state(new)["bit_generator"] == type(value.bit_generator).__name__)
        value.bit_generator.state = new


def _require(holds: bool) -> None:
    if not holds:
        raise ProtocolViolation("a change that does not fit its object")


_UNUSED = _unused()
