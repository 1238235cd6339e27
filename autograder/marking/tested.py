"""Stand-ins for the student's objects: every call is passed on, and recorded."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.key.answers import Branch
from autograder.key.kinds import describe, is_tensor
from autograder.marking.faults import AnswerFault, not_callable, not_defined
from autograder.marking.transcript import Event, Transcript, same_bits, snapshot
from autograder.results import Verdict

__all__ = ["Answer", "Tested"]

Failure = Callable[[BaseException], AnswerFault]
CALLBACKS = (types.FunctionType, types.MethodType, functools.partial)
DATA = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, slice, type(None), np.ndarray)


class Recorder:
    """Passes operations on to the answer and writes them down.

    Args:
        branch: where the answer lives.
        failure: turns what a failed operation raised into an AnswerFault.
    """

    def __init__(self, branch: Branch, failure: Failure) -> None:
        self.branch = branch
        self.failure = failure
        self.transcript = Transcript()

    def run(self, what: str, operation: Callable[..., Any], args: Any, kwargs: dict[str, Any] | None = None) -> Any:
        event = Event(what, self.transcript.keep((args, kwargs or {})))
        self.transcript.events.append(event)
        before = snapshot((args, kwargs))
        passed = [self._passed(a, event) for a in args]
        named = {k: self._passed(a, event) for k, a in (kwargs or {}).items()}
        try:
            value = operation(*passed, **named)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            fault = self.failure(error)
            event.raised = fault.kind or str(fault.verdict)
            raise fault from None
        finally:
            after = snapshot((args, kwargs))
            if not same_bits(before, after):
                event.changed = self.transcript.keep((args, kwargs))
        wrapped = self.wrap(value, what)
        event.outcome = self.transcript.keep(wrapped)
        return wrapped

    def wrap(self, value: Any, what: str) -> Any:
        """Data as it is (copied: the student's code may keep and change it), everything else as a stand-in."""
        if type(value) in (list, tuple):
            return type(value)(self.wrap(v, what) for v in value)
        if type(value) is dict:
            return {k: self.wrap(v, what) for k, v in value.items()}
        if type(value) is np.ndarray:
            return value.copy()
        if is_tensor(value) or isinstance(value, np.generic) or type(value) in DATA:
            return value
        return Tested(value, self, f"{what}()")

    def _passed(self, value: Any, event: Event) -> Any:
        if isinstance(value, CALLBACKS):
            return self._callback(value, event)
        return unwrap(value)

    def _callback(self, function: Any, event: Event) -> Any:
        def recorded(*args: Any, **kwargs: Any) -> Any:
            given = self.transcript.keep((args, kwargs))
            value = function(*(self.wrap(a, "argument") for a in args), **kwargs)
            event.callbacks.append((given, self.transcript.keep(value)))
            return unwrap(value)

        recorded.__name__ = getattr(function, "__name__", "callback")
        return recorded


def unwrap(value: Any) -> Any:
    """The student's own object behind a stand-in, also within containers."""
    if isinstance(value, Tested):
        return object.__getattribute__(value, "_value")
    if type(value) in (list, tuple) and any(_holds(v) for v in value):
        return type(value)(unwrap(v) for v in value)
    if type(value) is dict and any(_holds(v) for v in value.values()):
        return {k: unwrap(v) for k, v in value.items()}
    return value


def _holds(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds, value))
    if isinstance(value, dict):
        return any(map(_holds, value.values()))
    return isinstance(value, Tested)


class Tested:
    """A function, class or instance of the student: calls, attributes, items and operators are passed on."""

    __slots__ = ("_path", "_recorder", "_value")

    def __init__(self, value: Any, recorder: Recorder, path: str) -> None:
        object.__setattr__(self, "_value", value)
        object.__setattr__(self, "_recorder", recorder)
        object.__setattr__(self, "_path", path)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _run(self, "", object.__getattribute__(self, "_value"), args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = object.__getattribute__(self, "_value")
        return _run(self, f".{name}", lambda: getattr(value, name), ())

    def __setattr__(self, name: str, new: Any) -> None:
        value = object.__getattribute__(self, "_value")
        _run(self, f".{name}=", lambda v: setattr(value, name, v), (new,))

    @property
    def __answer_type__(self) -> str:
        value = object.__getattribute__(self, "_value")
        name = getattr(type(value), "__remote_type__", None)
        return str(name(value)) if name is not None else type(value).__name__

    def __random_state__(self) -> str:
        return str(object.__getattribute__(self, "_recorder").branch.random_state())

    def __iter__(self) -> Any:
        value = object.__getattribute__(self, "_value")
        iterator = _run(self, "iter", lambda: iter(value), ())
        return iterator if isinstance(iterator, Tested) else iter(iterator)

    __hash__ = None  # type: ignore[assignment]


def _run(tested: Tested, what: str, operation: Any, args: Any, kwargs: dict[str, Any] | None = None) -> Any:
    recorder = object.__getattribute__(tested, "_recorder")
    return recorder.run(object.__getattribute__(tested, "_path") + what, operation, args, kwargs)


def _operator(name: str, function: Any, reflected: bool) -> Any:
    def operate(self: Tested, *others: Any) -> Any:
        value = object.__getattribute__(self, "_value")
        if reflected:
            return _run(self, name, lambda other: function(other, value), others)
        return _run(self, name, lambda *rest: function(value, *rest), others)

    operate.__name__ = name
    return operate


for _name in "add sub mul matmul truediv floordiv mod pow".split():
    setattr(Tested, f"__{_name}__", _operator(f"__{_name}__", getattr(operator, _name), False))
    setattr(Tested, f"__r{_name}__", _operator(f"__r{_name}__", getattr(operator, _name), True))
for _name in "eq ne lt le gt ge neg pos abs getitem setitem delitem contains".split():
    setattr(Tested, f"__{_name}__", _operator(f"__{_name}__", getattr(operator, _name), False))
for _name, _function in {"len": len, "bool": bool, "float": float, "int": int, "next": next}.items():
    setattr(Tested, f"__{_name}__", _operator(f"__{_name}__", _function, False))


class Answer:
    """What a part receives: the one function of the exercise, or its functions as attributes."""

    def __init__(self, functions: tuple[str, ...], cell: str, recorder: Recorder) -> None:
        self._functions, self._cell, self._recorder = functions, cell, recorder
        self._found: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._functions:
            raise AttributeError(f"answer: got {name}, expected one of {', '.join(self._functions)}.")
        if name not in self._found:
            self._found[name] = self._function(name)
        return self._found[name]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(self._functions) != 1:
            raise TypeError(f"answer: got a call of one of several functions, expected answer.{self._functions[0]}(...).")
        return getattr(self, self._functions[0])(*args, **kwargs)

    def __random_state__(self) -> str:
        return self._recorder.branch.random_state()

    def _function(self, name: str) -> Tested:
        try:
            value = self._recorder.branch.get(name)
        except BaseException as error:
            if type(error).__name__ == "NotDefined":
                raise AnswerFault(Verdict.FAIL, "NotDefined", not_defined(name, self._cell)) from None
            raise self._recorder.failure(error) from None
        wrapped = self._recorder.wrap(value, name)
        if not isinstance(wrapped, Tested) or not callable(value):
            raise AnswerFault(Verdict.FAIL, "NotCallable", not_callable(name, describe(wrapped)))
        return Tested(value, self._recorder, name)
