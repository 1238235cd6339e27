"""Stand-ins: what the marker holds in place of the student's objects, and what it shows of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from autograder.sandbox.errors import AnswerRaised

if TYPE_CHECKING:
    from autograder.sandbox.branch import Branch

__all__ = ["Exposed", "Remote", "expose", "remote_name", "remote_type"]

_MAX_ITEMS = 1_000_000
_CALLABLE_NAMES = frozenset({"__call__", "__len__", "__getitem__"})


class NoLength(AnswerRaised, TypeError):
    """The student's object has no length; a TypeError too, so that `list` of an iterator does without."""


class Remote:
    """An object of the student's: a function, class, instance, iterator.

    Calls, public attributes, items, `len` and iteration go to the sandbox and may raise any `AnswerError`. It is
    compared by identity; nothing else ever asks the student.
    """

    __slots__ = ("__name__", "__weakref__", "_branch", "_callable", "_handle", "_type")

    def __init__(self, branch: Branch, handle: int, type_name: str, name: str, is_callable: bool) -> None:
        for slot, value in (
            ("_branch", branch), ("_handle", handle), ("_type", type_name), ("_callable", is_callable),
            ("__name__", name or type_name.rpartition(".")[2]),
        ):  # fmt: skip
            object.__setattr__(self, slot, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._branch.request("call", self._handle, values=(args, kwargs))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{name}: got a private name, expected a public one.")
        return self._branch.request("getattr", self._handle, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            raise AttributeError(f"{name}: got a private name, expected a public one.")
        self._branch.request("setattr", self._handle, name, values=(value,))

    def __len__(self) -> int:
        try:
            length = self._branch.request("len", self._handle)
        except AnswerRaised as error:
            raise NoLength(error.type_name, error.message, error.lines) from None
        if type(length) is not int or not 0 <= length <= sys.maxsize:
            raise self._branch.violation("a length that none can be")
        return length

    def __getitem__(self, key: Any) -> Any:
        return self._branch.request("getitem", self._handle, values=(key,))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._branch.request("setitem", self._handle, values=(key, value))

    def __iter__(self) -> Iterator[Any]:
        iterator = self._branch.request("iter", self._handle)
        if not isinstance(iterator, Remote):
            raise self._branch.violation("an iterator that is data")
        for _ in range(_MAX_ITEMS):
            try:
                yield self._branch.request("next", iterator._handle)
            except StopIteration:
                return
        raise self._branch.unusable(f"an iterator of more than {_MAX_ITEMS} items")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r}: got a truth test, expected a call, an attribute or data.")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{self!r}: got a conversion to an array, expected data.")

    def __repr__(self) -> str:
        return f"<student's {self._type} {self.__name__!r}>"

    def __reduce__(self) -> Any:
        raise TypeError("a stand-in for a student's object cannot be pickled")


def remote_type(remote: Remote) -> str:
    """The name of the type of the student's object: "function", "torch.nn.modules.linear.Linear"."""
    return str(object.__getattribute__(remote, "_type"))


def remote_name(remote: Remote) -> str:
    """The name of the student's function or class, or of the object's type."""
    return str(object.__getattribute__(remote, "__name__"))


class Exposed:
    """An object of the marker's of which the student's code sees the named methods and attributes."""

    def __init__(self, value: Any, names: tuple[str, ...]) -> None:
        for name in names:
            if name.startswith("_") and name not in _CALLABLE_NAMES:
                raise ValueError(f"expose: got {name!r}, expected a public name.")
            if not hasattr(value, name):
                raise ValueError(f"expose: got {name!r}, expected an attribute of {type(value).__name__}.")
        self.value = value
        self.methods = tuple(n for n in names if callable(getattr(value, n)))
        self.attributes = tuple(n for n in names if n not in self.methods)


def expose(value: Any, *names: str) -> Exposed:
    """Let the student's code use these methods and attributes of an object, and nothing else of it."""
    return Exposed(value, names)
