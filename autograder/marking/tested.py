"""Stand-ins for the student's objects: every call is passed on, and recorded."""

from __future__ import annotations

import functools
import operator
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.key.answers import Branch
from autograder.key.exposing import Exposed
from autograder.key.kinds import describe, is_tensor
from autograder.key.mismatch import Mismatch
from autograder.marking.deadline import Overtime
from autograder.marking.faults import AnswerFault, not_callable, not_defined
from autograder.marking.transcript import CAPACITY, Event, Transcript, same_bits, snapshot
from autograder.results import Verdict
from autograder.sandbox.errors import NotDefined
from autograder.sandbox.remote import Remote, expose, remote_type
from autograder.sandbox.tape import Diverged

__all__ = ["Answer", "Tested"]

Failure = Callable[[BaseException], AnswerFault]
END = object()  # of an iteration
CALLBACKS = (types.FunctionType, types.MethodType, functools.partial)
DATA = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, slice, type(None), np.ndarray)


class Recorder:
    """Passes operations on to the answer and writes them down.

    Args:
        branch: where the answer lives.
        failure: turns what a failed operation raised into an AnswerFault.
        record: keep values; without, operations are only passed on.
    """

    def __init__(self, branch: Branch, failure: Failure, record: bool = True) -> None:
        self.branch = branch
        self.failure = failure
        self.transcript = Transcript(room=CAPACITY if record else -1)
        self.ours: BaseException | None = None  # what a function that the key passed in raised last
        self._spied: dict[int, tuple[Any, Any]] = {}

    def run(self, what: str, operation: Callable[..., Any], args: Any, kwargs: dict[str, Any] | None = None) -> Any:
        transcript = self.transcript
        event = Event(what, before := transcript.keep((args, kwargs or {})))
        if transcript.complete:
            transcript.events.append(event)
        try:
            value = operation(*map(self._passed, args), **{k: self._passed(a) for k, a in (kwargs or {}).items()})
        except (KeyboardInterrupt, GeneratorExit, Overtime, Diverged, Mismatch):
            raise
        except BaseException as error:
            if error is self.ours:
                raise
            fault = self.failure(error)
            event.raised = fault.kind or str(fault.verdict)
            raise fault from None
        finally:
            if transcript.complete and not same_bits(before, (args, kwargs or {})):
                event.changed = snapshot((args, kwargs or {}))
        wrapped = self.wrap(value, f"{what}()")
        event.outcome = transcript.keep(wrapped)
        return wrapped

    def operate(self, what: str, function: Callable[..., Any], args: Any) -> Any:
        """A public function, such as operator.add, applied where the answer lives."""
        return self.run(what, lambda *passed: self.branch.put(function)(*passed), args)

    def wrap(self, value: Any, what: str) -> Any:
        """Data as it is (copied: the student's code may keep and change it), everything else as a stand-in."""
        if type(value) in (list, tuple):
            return type(value)(self.wrap(v, what) for v in value)
        if type(value) in (dict, OrderedDict):
            return {k: self.wrap(v, what) for k, v in value.items()}
        if value is END:
            return value
        if type(value) is np.ndarray:
            return value.copy(order="K")
        if is_tensor(value):
            return value.detach().clone()
        if isinstance(value, np.generic) or type(value) in DATA:
            return value
        return Tested(value, self, what)

    def _passed(self, value: Any) -> Any:
        """What crosses to the answer for an argument; functions and exposed objects are spied on."""
        if not isinstance(value, (*CALLBACKS, Exposed)):
            return unwrap(value)
        if id(value) not in self._spied:
            spy = self._exposed(value) if isinstance(value, Exposed) else self._callback(value, "callback")
            self._spied[id(value)] = (value, spy)
        return self._spied[id(value)][1]

    def _exposed(self, exposed: Exposed) -> Any:
        spy = type(type(exposed.value).__name__, (_Spy,), {})(exposed.value, self)
        return expose(spy, *exposed.names) if self.branch.exposes else spy

    def _callback(self, function: Any, name: str) -> Any:
        def recorded(*args: Any, **kwargs: Any) -> Any:
            given = self.transcript.keep((args, kwargs))
            try:
                value = function(*(self.wrap(a, "argument") for a in args), **kwargs)
            except BaseException as error:
                self.ours = error
                raise
            if self.transcript.events and self.transcript.complete:
                self.transcript.events[-1].callbacks.append((given, self.transcript.keep(value)))
            return unwrap(value)

        recorded.__name__ = getattr(function, "__name__", name)
        return recorded


class _Spy:
    """An exposed object whose methods are recorded like callbacks."""

    def __init__(self, value: Any, recorder: Recorder) -> None:
        self._value, self._recorder = value, recorder
        self._methods: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._value, name)
        if not callable(found):
            return found
        if name not in self._methods:
            self._methods[name] = self._recorder._callback(found, name)
        return self._methods[name]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__getattr__("__call__")(*args, **kwargs)

    def __len__(self) -> int:
        return len(self._value)

    def __getitem__(self, key: Any) -> Any:
        return self.__getattr__("__getitem__")(key)


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
        return _recorder(self).run(_path(self), unwrap(self), args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = unwrap(self)
        return _recorder(self).run(f"{_path(self)}.{name}", lambda: getattr(value, name), ())

    def __setattr__(self, name: str, new: Any) -> None:
        value = unwrap(self)
        _recorder(self).run(f"{_path(self)}.{name}=", lambda v: setattr(value, name, v), (new,))

    def __iter__(self) -> Iterator[Any]:
        iterator = iter(unwrap(self))
        while (item := _recorder(self).run(f"{_path(self)}.next", lambda: next(iterator, END), ())) is not END:
            yield item

    @property
    def __answer_type__(self) -> str:
        value = unwrap(self)
        name = remote_type(value) if isinstance(value, Remote) else type(value).__name__
        return name.rpartition(".")[2]

    def __random_state__(self) -> str:
        return _recorder(self).branch.random_state()

    __hash__ = None  # type: ignore[assignment]


def _recorder(tested: Tested) -> Recorder:
    return object.__getattribute__(tested, "_recorder")


def _path(tested: Tested) -> str:
    return object.__getattribute__(tested, "_path")


def _operator(name: str, function: Any, reflected: bool = False) -> Any:
    def operate(self: Tested, *others: Any) -> Any:
        args = (*others, self) if reflected else (self, *others)
        return _recorder(self).operate(f"{_path(self)}.{name}", function, args)

    operate.__name__ = name
    return operate


def _comparison(name: str, function: Any) -> Any:
    """Two of the student's objects are compared by their code; none may say how it compares with our data."""
    forward = _operator(name, function)

    def compare(self: Tested, other: Any) -> Any:
        if isinstance(other, Tested):
            return forward(self, other)
        if name in ("__eq__", "__ne__"):
            return name == "__ne__"
        got = f"an object of type {self.__answer_type__}"
        raise AnswerFault(Verdict.FAIL, "NotData", f"{_path(self)}: got {got}, expected data that can be compared.")

    compare.__name__ = name
    return compare


for _name in "add sub mul matmul truediv floordiv mod pow".split():
    setattr(Tested, f"__{_name}__", _operator(f"__{_name}__", getattr(operator, _name)))
    setattr(Tested, f"__r{_name}__", _operator(f"__r{_name}__", getattr(operator, _name), reflected=True))
for _name in "eq ne lt le gt ge contains".split():
    setattr(Tested, f"__{_name}__", _comparison(f"__{_name}__", getattr(operator, _name)))
for _name in "neg pos abs getitem setitem delitem".split():
    setattr(Tested, f"__{_name}__", _operator(f"__{_name}__", getattr(operator, _name)))
for _name, _function in {"len": len, "bool": operator.truth, "float": float, "int": int, "next": next}.items():
    setattr(Tested, f"__{_name}__", _operator(f"__{_name}__", _function))


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
            raise TypeError(f"answer: got a call, expected one of several: answer.{self._functions[0]}(...).")
        return getattr(self, self._functions[0])(*args, **kwargs)

    def __random_state__(self) -> str:
        return self._recorder.branch.random_state()

    def __place__(self, objects: tuple[Any, ...]) -> list[Tested]:
        there = self._recorder.branch.place(objects)
        return [Tested(value, self._recorder, type(own).__name__) for value, own in zip(there, objects, strict=True)]

    def _function(self, name: str) -> Tested:
        try:
            value = self._recorder.branch.get(name)
        except NotDefined:
            raise AnswerFault(Verdict.FAIL, "NotDefined", not_defined(name, self._cell)) from None
        except Exception as error:
            raise self._recorder.failure(error) from None
        wrapped = self._recorder.wrap(value, name)
        if not isinstance(wrapped, Tested) or not callable(value):
            raise AnswerFault(Verdict.FAIL, "NotCallable", not_callable(name, describe(wrapped)))
        return Tested(value, self._recorder, name)
