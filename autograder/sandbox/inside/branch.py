"""Serves the marker's calls on a fork of the student's process."""

from __future__ import annotations

import os
import pickle
import random
import sys
import warnings
from collections.abc import Callable
from io import BytesIO
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from . import tensors
from .clock import Clock
from .guard import Guard
from .standins import CallbackFailed, StandIn, StandInFunction, StandInObject
from .talk import CALLBACK, EXPOSED, HANDLE, OBJECT, OURS, REF, Talk, bounded
from .wire import Channel, ChannelClosed, ProtocolViolation, Unsendable

__all__ = ["Branch"]

_MAX_HANDLES = 100_000
_MAX_ITEMS = 1_000_000
_DUNDERS = frozenset({"__name__", "__doc__"})
_getpid, _exit = os.getpid, os._exit
_loaded = sys.modules
_numpy_state, _python_state = np.random.get_state, random.getstate
_numpy_errors, _numpy_handler = np.seterr, np.seterrcall
_forget_filters, _filter_warnings = warnings.resetwarnings, warnings.simplefilter
_qualname = type.__dict__["__qualname__"].__get__
_module = type.__dict__["__module__"].__get__
_mro = type.__dict__["__mro__"].__get__


class Branch(Talk):
    """The sandbox's end of a conversation about the names in `namespace`.

    Args:
        lines: turns a traceback into the lines that lie in the student's cells.
    """

    def __init__(
        self, channel: Channel, namespace: dict[str, Any], guard: Guard, lines: Callable[[Any], list[str]]
    ) -> None:
        super().__init__(channel, marker=False)
        self.namespace, self.guard, self.lines = namespace, guard, lines
        self.clock = Clock()
        self.handles: dict[int, Any] = {}
        self._ids: dict[int, int] = {}
        self._standins: dict[int, StandIn] = {}
        self._states: list[Any] = []
        self._pid = _getpid()
        self._torch = tensors.loaded()
        self._operations: dict[str, Callable[..., Any]] = {
            "get": self._get, "bind": self._bind, "forget": self._forget, "call": self._call,
            "getattr": self._getattr, "setattr": self._setattr,
            "len": lambda h: len(self.handles[h]), "getitem": lambda h, k: self.handles[h][k],
            "setitem": self._setitem, "iter": lambda h: iter(self.handles[h]), "next": lambda h: next(self.handles[h]),
            "put": lambda: None, "random": self._random,
        }  # fmt: skip

    def serve(self) -> None:
        """Answer until the marker hangs up."""
        _as_at_the_start()
        while True:
            try:
                kind, plain, values = self.receive()
            except ChannelClosed:
                return
            self._answer(kind, plain, values)

    def _answer(self, kind: str, plain: tuple[Any, ...], values: list[Any]) -> None:
        self.guard.seen.clear()
        outcome, result = self._attempt(self._operations[kind], plain[0], (*plain[1:], *values))
        if _getpid() != self._pid:
            _exit(0)  # the student's code forked and came back twice
        values.clear()  # who still refers to an argument is the student
        if self.guard.seen:
            outcome, result = "blocked", (self.guard.seen[0],)
        elif self.clock.expired:
            outcome, result = "timeout", ()
        try:
            self.send(outcome, () if outcome == "value" else result, [result] if outcome == "value" else [])
        except Unsendable as why:
            self._reply_unusable(bounded(str(why)))
        except ChannelClosed:
            raise
        except Exception as error:
            self._reply_unusable(f"a value that cannot be read ({_type_name(error)})")

    def _reply_unusable(self, why: str) -> None:
        try:
            self.send("unusable", (why,))
        except Unsendable as why_not_even_that:  # an argument was reshaped in place
            self.shared.forget_changes()
            self.send("unusable", (bounded(str(why_not_even_that)),))

    def _attempt(self, operation: Callable[..., Any], seconds: float, args: tuple[Any, ...]) -> tuple[str, Any]:
        """Run student code within the time; what happened, and the result or a description."""
        try:
            self.clock.start(seconds)
            try:
                return "value", operation(*args)
            except _Undefined:
                return "undefined", ()
            except StopIteration as error:
                return ("stop", ()) if operation is self._operations["next"] else self._raised(error)
            except BaseException as error:
                return self._raised(error)
        except BaseException as error:  # raised by the student's own __str__, or the time was up
            return "raised", (*_kinds(error), "", ())
        finally:
            self.clock.stop()

    def _raised(self, error: BaseException) -> tuple[str, Any]:
        lines = self.lines(error.__traceback__)
        return "raised", (*_kinds(error), bounded(str(error)), [bounded(x, 500) for x in lines[-20:]])

    # The operations

    def _get(self, name: str) -> Any:
        if name not in self.namespace:
            raise _Undefined
        return self.namespace[name]

    def _bind(self, name: str, value: Any) -> None:
        self.namespace[name] = value

    def _forget(self, name: str) -> None:
        if name not in self.namespace:
            raise _Undefined
        del self.namespace[name]

    def _call(self, handle: int, args: Any, kwargs: Any) -> Any:
        return self.handles[handle](*args, **kwargs)

    def _getattr(self, handle: int, name: str) -> Any:
        return getattr(self.handles[handle], name)

    def _setattr(self, handle: int, name: str, value: Any) -> None:
        setattr(self.handles[handle], name, value)

    def _setitem(self, handle: int, key: Any, value: Any) -> None:
        self.handles[handle][key] = value

    def _random(self) -> int:
        """The number of the state in which the global generators of NumPy, random and torch are, in order of sight."""
        _, keys, position, has_gauss, gauss = _numpy_state(legacy=True)
        torch = b"" if self._torch is None else self._torch.get_rng_state().numpy().tobytes()
        state = (np.asarray(keys).tobytes(), position, has_gauss, gauss, _python_state(), torch)
        if state not in self._states:
            self._states.append(state)
        return self._states.index(state)

    # Callbacks

    def ask(self, kind: str, plain: tuple[Any, ...], values: list[Any]) -> Any:
        """Ask the marker, and serve its calls until it answers."""
        if _getpid() != self._pid:
            raise RuntimeError("a function of the marker cannot be called from another process")
        left, expired = self.clock.stop(), self.clock.expired
        try:
            self.send(kind, plain, values)
            while True:
                kind, plain, values = self.receive()
                if kind == "result":
                    return values[0]
                if kind == "failed":
                    raise CallbackFailed(plain[0])
                seen = list(self.guard.seen)
                self._answer(kind, plain, values)
                self.guard.seen[:] = seen
        finally:
            self.clock.expired = expired
            self.clock.resume(left)

    # Values that are not data

    def opaque_out(self, value: Any) -> Any:
        if type(value) in (StandInFunction, StandInObject):
            return [OURS, object.__getattribute__(value, "_id")]
        handle = self._ids.get(id(value))
        if handle is None:
            handle = len(self._ids) + 1
            if handle > _MAX_HANDLES:
                raise Unsendable(f"more than {_MAX_HANDLES} objects that are not data")
            self._ids[id(value)], self.handles[handle] = handle, value
        return [HANDLE, handle, bounded(_type_name(value), 200), bounded(_name(value), 200), callable(value)]

    def opaque_in(self, tag: int, rest: tuple[Any, ...]) -> Any:
        if tag == REF or tag == OBJECT:
            return self.handles[rest[0]]
        if tag == CALLBACK:
            number, name = rest
            return self._standins.setdefault(number, StandInFunction(self.ask, number, name))
        if tag == EXPOSED:
            number, name, methods, attributes = rest
            return self._standins.setdefault(number, StandInObject(self.ask, number, name, methods, attributes))
        raise ProtocolViolation(f"an unknown tag {tag}")

    def decode_values(self, d: Any, nodes: tuple[Any, ...]) -> list[Any]:
        """The first value holds pickled objects of the marker that later ones refer to."""
        blob = d.decode(nodes[0]) if nodes else None
        if blob:
            self._receive_objects(blob)
        return super().decode_values(d, nodes[1:])

    def _receive_objects(self, blob: bytes) -> None:
        for handle, value in _Rebuilder(BytesIO(blob), self.handles).load():
            self.handles[handle] = value
            self._ids[id(value)] = handle


class _Undefined(Exception):
    pass


class _Rebuilder(pickle.Unpickler):
    """Rebuilds what the marker places; what is loaded is taken as it is: an exercise's bans are for students."""

    def __init__(self, file: BytesIO, handles: dict[int, Any]) -> None:
        super().__init__(file)
        self.handles = handles

    def persistent_load(self, handle: Any) -> Any:
        return self.handles[handle]

    def find_class(self, module: str, name: str) -> Any:
        found: Any = _loaded.get(module)
        if found is None:
            return super().find_class(module, name)
        for part in name.split("."):
            found = getattr(found, part)
        return found


def _as_at_the_start() -> None:
    """Undo what turns a warning in a right answer into an exception, should a cell have asked for that."""
    _numpy_errors(divide="warn", over="warn", under="ignore", invalid="warn")
    _numpy_handler(None)
    _forget_filters()
    _filter_warnings("default")


def _type_name(value: Any) -> str:
    """The qualified name of the real type, without running code of a metaclass."""
    kind = type(value)
    module, name = _module(kind), _qualname(kind)
    return str(name) if module in ("builtins", "__main__") else f"{module}.{name}"


def _kinds(error: BaseException) -> tuple[str, str]:
    """Names of the type and of the builtin one that it is, or is derived from."""
    builtin = next(kind for kind in _mro(type(error)) if _module(kind) == "builtins")
    return bounded(_type_name(error), 200), bounded(str(_qualname(builtin)), 200)


def _name(value: Any) -> str:
    if type(value) in (FunctionType, BuiltinFunctionType):
        return str(value.__name__)
    return str(_qualname(value)) if isinstance(value, type) else ""
