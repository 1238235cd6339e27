"""The marker's end of a conversation with a fork of the student's process."""

from __future__ import annotations

import builtins
import sys
import types
import weakref
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from autograder.sandbox import pickles
from autograder.sandbox.errors import (
    AnswerBlocked,
    AnswerCrashed,
    AnswerError,
    AnswerRaised,
    AnswerTimeout,
    AnswerUnusable,
    NotDefined,
)
from autograder.sandbox.inside.encoder import Encoder
from autograder.sandbox.inside.talk import CALLBACK, EXPOSED, HANDLE, OBJECT, OURS, REF, Talk, bounded
from autograder.sandbox.inside.wire import Channel, ChannelClosed, ProtocolViolation, TooLate, Unsendable, awake
from autograder.sandbox.remote import Exposed, Remote
from autograder.sandbox.tape import Tape, wall_seconds

__all__ = ["Branch"]

_MAX_CALLBACKS = 200_000  # of one call
_MAX_DEPTH = 16  # of calls within callbacks within calls
_ANSWERS_TO = {"stop": ("next",), "undefined": ("get", "forget")}  # replies that few requests have
_TYPES = frozenset(t.__name__ for t in vars(types).values() if isinstance(t, type))  # of functions, generators, modules
_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType, np.ufunc)


class Branch(Talk):
    """Calls the student's objects on a fork of their process.

    Every method that asks may raise an `AnswerError`; after AnswerCrashed, after a violation and after a timeout
    that the process did not survive, `alive` is False and each further request fails the same way.

    Args:
        channel: to the fork; a Tape to keep what is said.
        seconds: CPU time of one request; wall time may be twice that, without the marker's own callbacks.
        ending: says how the fork ended, when it hung up.
        words: of the student's cells: a class or function that is called otherwise stays without a name. It might have
            been made while a hidden input was at hand, to be named after it.
    """

    def __init__(
        self,
        channel: Channel,
        seconds: float,
        ending: Callable[[], str] = lambda: "",
        words: frozenset[str] | None = None,
    ) -> None:
        super().__init__(channel, marker=True)
        self._words = words
        self.seconds = seconds
        self._ending = ending
        self._failure: AnswerError | None = None
        self._part = self._to_give = 0.0  # seconds of the part; those that the process has not been given yet
        self._depth = self._callbacks = 0
        self._waited = 0.0  # for the process, in this part; what the marker computes meanwhile does not count
        self._given: list[Any] = []  # callables and exposed objects, by number
        self._numbers: dict[int, int] = {}
        self._sent: dict[int, tuple[int, Any]] = {}  # objects rebuilt there, by id: (handle, the object)
        self._outgoing: list[tuple[int, Any]] = []
        self._remotes: weakref.WeakValueDictionary[int, Remote] = weakref.WeakValueDictionary()

    # What a marker uses

    @property
    def alive(self) -> bool:
        return self._failure is None

    def get(self, name: str) -> Any:
        """The student's object of this name: data, or a stand-in."""
        try:
            return self.request("get", name)
        except NotDefined:
            raise NotDefined(name) from None

    def bind(self, name: str, value: Any) -> None:
        """Give a name in this fork another meaning: data, or a function that is called back."""
        self.request("bind", name, values=(value,))

    def forget(self, name: str) -> None:
        """Delete a name in this fork, for tests of what the student's code does without it."""
        try:
            self.request("forget", name)
        except NotDefined:
            raise NotDefined(name) from None

    def put(self, *objects: Any) -> Any:
        """Rebuild objects of importable classes in the sandbox, as one graph; a stand-in for each."""
        remotes = [self._put(value) for value in objects]
        self.request("put")
        return remotes[0] if len(remotes) == 1 else tuple(remotes)

    def random_state(self) -> str:
        """A text that differs when the global generators of NumPy, `random` or torch in the sandbox differ."""
        number = self.request("random")
        if type(number) is not int:
            raise self.violation("a state that is no number")
        return str(number)

    def begin_part(self, seconds: float) -> None:
        """From now on all requests together have this many seconds, until the next part begins."""
        self._part = self._to_give = seconds
        self._waited = 0.0
        if isinstance(self.channel, Tape):
            self.channel.begin_part(seconds)

    def close(self) -> None:
        self.channel.close()
        self._failure = self._failure or AnswerCrashed("the branch is closed")

    # Requests

    def request(self, kind: str, *plain: Any, values: Sequence[Any] = ()) -> Any:
        """One question and its answer."""
        if self._failure is not None:
            raise self._failure
        if self._depth >= _MAX_DEPTH:
            raise AnswerUnusable(f"calls nested deeper than {_MAX_DEPTH} levels")
        if self._depth == 0:
            self._callbacks = 0
        self._depth += 1
        try:
            return self._exchange(kind, plain, values)
        except TooLate:
            raise self._fail(AnswerTimeout(f"no answer within {self.seconds:g} s")) from None
        except ChannelClosed:
            raise self._fail(AnswerCrashed(self._ending() or "the process ended")) from None
        except ProtocolViolation as error:
            raise self._fail(AnswerBlocked(f"a message that breaks the protocol: {error}")) from error
        finally:
            self._depth -= 1

    def _exchange(self, kind: str, plain: Sequence[Any], values: Sequence[Any]) -> Any:
        seconds, deadline = self._time()
        began, in_callbacks = awake(), 0.0
        failed: Exception | None = None
        try:
            self._send(kind, (seconds, *plain), values, deadline)
            while True:
                answer, plain, values = self.receive(deadline)
                if answer in ("callback", "attribute"):
                    took, failed = self._serve(answer, plain, values, deadline)
                    deadline += took
                    in_callbacks += took
                elif answer == "value" and len(values) == 1:
                    return values[0]
                else:
                    if kind not in _ANSWERS_TO.get(answer, (kind,)):
                        raise ProtocolViolation(f"a reply of kind {answer!r} to {kind}")
                    raise self._error(answer, plain, failed)
        finally:
            self._waited += awake() - began - in_callbacks

    def _time(self) -> tuple[float, float]:
        """The CPU time that a request gives (0: what is left of the part's), and when its answer is too late."""
        now = awake()
        if not self._part:
            return self.seconds, now + wall_seconds(self.seconds)
        given, self._to_give = self._to_give, 0.0
        left = wall_seconds(self._part) - self._waited
        if left <= 0:
            raise AnswerTimeout(f"no answer within {self._part:g} s")
        return given, now + left

    def _send(self, kind: str, plain: Sequence[Any], values: Sequence[Any], deadline: float) -> None:
        try:
            self.send(kind, plain, values, deadline=deadline)
        except Unsendable as why:
            raise ValueError(f"sandbox: got {why}, expected a value that can be sent.") from None

    def _error(self, answer: str, plain: Sequence[Any], failed: Exception | None) -> Exception:
        """The exception for a reply that is no value; `failed` is what the last callback raised."""
        match answer, *plain:
            case ["raised", str(name), *_] if failed is not None and name.endswith(".CallbackFailed"):
                return failed
            case ["raised", str(name), str(builtin), str(message), lines] if _are_texts(lines):
                shown = [bounded(x, 500) for x in lines[:20]]
                return AnswerRaised(bounded(name, 200), bounded(message), shown, bounded(builtin, 200))
            case ["undefined"]:
                return NotDefined("")
            case ["blocked", str(name)]:
                return AnswerBlocked(bounded(name, 200))
            case ["unusable", str(what)]:
                return AnswerUnusable(bounded(what))
            case ["timeout"]:
                return AnswerTimeout(f"no answer within {self.seconds:g} s")
            case ["stop"]:
                return StopIteration()
        raise ProtocolViolation(f"a reply of kind {bounded(answer, 40)!r}")

    def _fail(self, failure: AnswerError) -> AnswerError:
        self._failure = failure
        self.channel.close()
        return failure

    def violation(self, what: str) -> AnswerBlocked:
        """The process said what no honest one says: it is not asked again."""
        failure = AnswerBlocked(f"a message that breaks the protocol: {what}")
        self._fail(failure)
        return failure

    def unusable(self, what: str) -> AnswerUnusable:
        return AnswerUnusable(what)

    # Callbacks

    def _serve(
        self, kind: str, plain: Sequence[Any], values: Sequence[Any], deadline: float
    ) -> tuple[float, Exception | None]:
        """Run one callback; the seconds it took and what it raised."""
        self._callbacks += 1
        if self._callbacks > _MAX_CALLBACKS:
            raise self._fail(AnswerBlocked(f"more than {_MAX_CALLBACKS} calls of the functions that were given"))
        target = self._target(kind, plain)
        if kind == "callback" and not (
            len(values) == 2 and type(values[0]) is tuple and type(values[1]) is dict and _are_texts(tuple(values[1]))
        ):
            raise ProtocolViolation("a callback without arguments")
        start = awake()
        try:
            result, failed = (target(*values[0], **values[1]) if kind == "callback" else target()), None
        except Exception as error:
            result, failed = None, error
        took = awake() - start
        if self._failure is not None:
            raise self._failure
        if failed is None:
            self._send("result", (), (result,), deadline + took)
        else:
            self.send("failed", ("a function given by the exercise failed",), deadline=deadline + took)
        return took, failed

    def _target(self, kind: str, plain: Sequence[Any]) -> Callable[..., Any]:
        """The function that a callback asks for, if it was given."""
        match tuple(plain):
            case [int(number), str(name)] if 0 <= number < len(self._given):
                given = self._given[number]
            case _:
                raise ProtocolViolation("a callback to nobody")
        if not isinstance(given, Exposed):
            if name or kind != "callback":
                raise ProtocolViolation(f"a use of {bounded(name, 60)!r}, which was not exposed")
            return given
        if name not in (given.methods if kind == "callback" else given.attributes):
            raise ProtocolViolation(f"a use of {bounded(name, 60)!r}, which was not exposed")
        if kind == "callback":
            return getattr(given.value, name)
        return lambda: getattr(given.value, name)

    # Values that are not data

    def encode_values(self, e: Encoder, values: Sequence[Any]) -> list[Any]:
        """The objects to rebuild come first, as one pickle."""
        nodes = super().encode_values(e, values)
        outgoing, self._outgoing = self._outgoing, []
        blob = None
        if outgoing:
            try:
                blob = e.encode(pickles.dump(outgoing, lambda value: self._handle_of(value, outgoing)))
            except BaseException:
                for _, value in outgoing:
                    del self._sent[id(value)]
                raise
        return [blob, *nodes]

    def _handle_of(self, value: Any, outgoing: list[tuple[int, Any]]) -> int | None:
        if isinstance(value, Remote):
            return self._own(value)
        known = self._sent.get(id(value))
        if known is None or any(value is new for _, new in outgoing):
            return None
        return known[0]

    def opaque_out(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return [REF, self._own(value)]
        if isinstance(value, Exposed):
            number = self._number(value)
            return [EXPOSED, number, type(value.value).__name__, value.methods, value.attributes]
        if isinstance(value, (*_FUNCTIONS, type)) and not pickles.is_public_name(value):
            return [CALLBACK, self._number(value), getattr(value, "__name__", "function")]
        if pickles.is_private(value) and callable(value):
            return [CALLBACK, self._number(value), type(value).__name__]
        return [OBJECT, self._object(value)]

    def _own(self, remote: Remote) -> int:
        if remote._branch is not self:
            raise ValueError(f"sandbox: got {remote!r} of another branch, expected one of this branch.")
        return int(remote._handle)

    def _number(self, value: Any) -> int:
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._given)
            self._given.append(value)
        return number

    def _object(self, value: Any) -> int:
        known = self._sent.get(id(value))
        if known is None:
            known = self._sent[id(value)] = (-len(self._sent) - 1, value)
            self._outgoing.append(known)
        return known[0]

    def _put(self, value: Any) -> Remote:
        kind = type(value)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        return self._remote(self._object(value), name, "", callable(value))

    def _remote(self, handle: int, type_name: str, name: str, is_callable: bool) -> Remote:
        remote = self._remotes.get(handle)
        if remote is None:
            remote = self._remotes[handle] = Remote(self, handle, type_name, name, is_callable)
        return remote

    def _type(self, name: str) -> str:
        """A type's name, if it is one that was there before any question was asked."""
        module, _, last = name.rpartition(".")
        real = hasattr(sys.modules.get(module), last) if module else hasattr(builtins, last) or last in _TYPES
        return name if real or self._words is None or last in self._words else "object"

    def _name(self, name: str) -> str:
        return bounded(name, 200) if self._words is None or name in self._words else ""

    def opaque_in(self, tag: int, rest: tuple[Any, ...]) -> Any:
        match tag, *rest:
            case [t, int(handle), str(type_name), str(name), bool(is_callable)] if t == HANDLE:
                return self._remote(handle, self._type(bounded(type_name, 200)), self._name(name), is_callable)
            case [t, int(number)] if t == OURS and 0 <= number < len(self._given):
                return self._given[number]
        raise ProtocolViolation("an object of an unknown form")


def _are_texts(values: Any) -> bool:
    return type(values) is tuple and all(type(v) is str for v in values)
