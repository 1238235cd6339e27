"""What student code holds in place of the marker's functions and objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["CallbackFailed", "StandIn", "StandInFunction", "StandInObject"]

_Ask = Callable[[str, tuple[Any, ...], list[Any]], Any]


class CallbackFailed(Exception):
    """A function that was passed to this code raised an error."""


class StandIn:
    """Asks the marker; holds nothing but a number."""

    def __init__(self, ask: _Ask, number: int, name: str) -> None:
        object.__setattr__(self, "_ask", ask)
        object.__setattr__(self, "_id", number)
        object.__setattr__(self, "__name__", name)

    def __repr__(self) -> str:
        return f"<{object.__getattribute__(self, '__name__')}, given by the exercise>"

    def __reduce__(self) -> Any:
        raise TypeError(f"{self!r} cannot be copied")

    def __copy__(self) -> StandIn:
        return self

    def __deepcopy__(self, memo: Any) -> StandIn:
        return self


class StandInFunction(StandIn):
    """A function of the marker: it can be called, nothing else."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("callback", (self._id, ""), [args, kwargs])  # type: ignore[attr-defined]


class StandInObject(StandIn):
    """An object of the marker: the methods and attributes that were exposed, nothing else."""

    def __init__(
        self, ask: _Ask, number: int, name: str, methods: tuple[str, ...], attributes: tuple[str, ...]
    ) -> None:
        super().__init__(ask, number, name)
        object.__setattr__(self, "_methods", frozenset(methods))
        object.__setattr__(self, "_attributes", frozenset(attributes))

    def __getattr__(self, name: str) -> Any:
        if name in object.__getattribute__(self, "_methods"):
            return _Method(self, name)
        if name in object.__getattribute__(self, "_attributes"):
            return self._ask("attribute", (self._id, name), [])
        raise AttributeError(f"{self!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self!r} cannot be changed")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._method("__call__", args, kwargs)

    def __len__(self) -> Any:
        return self._method("__len__", (), {})

    def __getitem__(self, key: Any) -> Any:
        return self._method("__getitem__", (key,), {})

    def _method(self, name: str, args: Any, kwargs: Any) -> Any:
        if name not in object.__getattribute__(self, "_methods"):
            raise TypeError(f"{self!r} does not support {name}")
        return self._ask("callback", (self._id, name), [args, kwargs])

    def __bool__(self) -> bool:
        return True


class _Method:
    """A bound method of an exposed object."""

    def __init__(self, owner: StandInObject, name: str) -> None:
        self._owner, self.__name__ = owner, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._owner._method(self.__name__, args, kwargs)
