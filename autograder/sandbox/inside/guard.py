"""Modules and calls that an exercise forbids, refused while its answers are called.

Only student code is refused: NumPy and torch call each other as before. What is refused is also recorded, so that
swallowing the exception does not help.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import sys
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ["BannedCall", "Guard"]

_frame = sys._getframe
_LIBRARY_ROOTS = tuple({m.__file__.rsplit("/", depth)[0] for m, depth in ((importlib, 2), (np, 2)) if m.__file__})


class BannedCall(Exception):
    """This exercise does not allow the call."""


class _Hidden:
    """Stands for a forbidden module or function in the student's namespace; any use is refused."""

    def __init__(self, guard: Guard, name: str) -> None:
        object.__setattr__(self, "_guard", guard)
        object.__setattr__(self, "_name", name)

    def __getattribute__(self, attribute: str) -> Any:
        guard, name = object.__getattribute__(self, "_guard"), object.__getattribute__(self, "_name")
        guard.refuse(f"{name}.{attribute}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        object.__getattribute__(self, "_guard").refuse(object.__getattribute__(self, "_name"))


class Guard:
    """Refuses forbidden modules and calls from the moment it is installed, for the life of the process."""

    def __init__(self, modules: Iterable[str], calls: Iterable[str], namespace: dict[str, Any]) -> None:
        self.modules, self.calls, self.namespace = frozenset(modules), tuple(calls), namespace
        self.seen: list[str] = []

    def refuse(self, name: str) -> None:
        if len(self.seen) < 16:
            self.seen.append(name)
        raise BannedCall(f"{name} is not allowed in this exercise")

    def install(self) -> None:
        if self.modules:
            self._guard_imports()
            self._hide_modules()
        for name in self.calls:
            if name != "__import__":  # every import statement calls it; which module it may import is guarded above
                self._guard_call(name)

    def is_student(self, scope: dict[str, Any] | None) -> bool:
        """Is this the global namespace of a cell, or of a module that came with the submission?"""
        if scope is None or scope is self.namespace:
            return True
        file = scope.get("__file__")
        if type(file) is str:
            return not file.startswith(_LIBRARY_ROOTS)
        return scope.get("__name__") == "__main__"

    def _forbidden_module(self, name: str) -> bool:
        parts = name.split(".")
        return any(".".join(parts[: i + 1]) in self.modules for i in range(len(parts)))

    def _guard_imports(self) -> None:
        original, import_module = builtins.__import__, importlib.import_module

        def __import__(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
            if level == 0 and self.is_student(globals) and self.is_student(_frame(1).f_globals):
                for full in (name, *(f"{name}.{part}" for part in fromlist or ())):
                    if self._forbidden_module(full):
                        self.refuse(full)
            return original(name, globals, locals, fromlist, level)

        def guarded_import_module(name: str, package: str | None = None) -> ModuleType:
            if self.is_student(_frame(1).f_globals) and self._forbidden_module(name):
                self.refuse(name)
            return import_module(name, package)

        builtins.__import__ = __import__
        importlib.import_module = guarded_import_module

    def _hide_modules(self) -> None:
        for name, value in list(self.namespace.items()):
            origin = self._origin(value)
            if origin and self._forbidden_module(origin) and not origin.startswith("builtins"):
                self.namespace[name] = _Hidden(self, origin)

    def _origin(self, value: Any) -> str:
        """The dotted name of a module, function or class, "" for anything else."""
        kind = type(value)
        if kind is ModuleType:
            return str(value.__name__)
        if kind in (FunctionType, BuiltinFunctionType) or issubclass(kind, type):
            return f"{value.__module__}.{value.__name__}"
        if kind is np.ufunc:
            return self._origin_of_ufunc(value)
        return ""

    def _origin_of_ufunc(self, value: np.ufunc) -> str:
        for module_name, module in list(sys.modules.items()):
            if self._forbidden_module(module_name) and getattr(module, "__dict__", {}).get(value.__name__) is value:
                return f"{module_name}.{value.__name__}"
        return ""

    def _guard_call(self, name: str) -> None:
        parent, _, attribute = name.rpartition(".")
        holder = _resolve(parent) if parent else builtins
        original = getattr(holder, attribute, None)
        if holder is None or original is None or not callable(original):
            return
        if isinstance(original, type):
            self._guard_class(original, name)
            return
        wrapper = self._wrapper(name, original)
        for place in (holder, sys.modules.get(getattr(original, "__module__", None) or "")):
            if place is not None and getattr(place, attribute, None) is original:
                _replace(place, attribute, wrapper)
        for key, value in list(self.namespace.items()):
            if value is original or (holder is builtins and key == attribute):
                self.namespace[key] = wrapper

    def _guard_class(self, original: type, name: str) -> None:
        _replace(original, "__init__", self._wrapper(name, original.__init__))  # type: ignore[misc]

    def _wrapper(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        needs_frame = name in ("eval", "exec")

        @functools.wraps(original)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            caller = _frame(1)
            if self.is_student(caller.f_globals):
                self.refuse(name)
            if needs_frame and len(args) == 1 and not kwargs:
                args = (*args, caller.f_globals, caller.f_locals)
            return original(*args, **kwargs)

        del guarded.__wrapped__  # the way around the guard
        return guarded


def _resolve(dotted: str) -> Any:
    """The module or class of this name among what is imported, None when there is none."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        found: Any = sys.modules.get(".".join(parts[:cut]))
        if found is not None:
            for attribute in parts[cut:]:
                found = getattr(found, attribute, None)
            return found
    return None


def _replace(holder: Any, attribute: str, wrapper: Any) -> None:
    try:
        setattr(holder, attribute, wrapper)
    except (AttributeError, TypeError):
        return  # a C type cannot be changed; the check on the syntax tree still holds
