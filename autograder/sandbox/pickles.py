"""Objects towards the sandbox: rebuilt there if their classes are public, refused if they are ours."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["PRIVATE", "PUBLIC", "dump", "is_private", "is_public_name", "module_of"]

# Nothing that these packages define may ever be sent as an object.
PRIVATE = frozenset({"autograder", "dlmath_ref", "solutions", "__main__", "__mp_main__", "conftest", "tests"})
# Functions and classes of these packages are sent by name; those of others are called back.
PUBLIC = frozenset({
    "builtins", "collections", "dlmath_kit", "fractions", "functools", "gymnasium", "itertools", "math", "matplotlib",
    "numpy", "operator", "random", "scipy", "sklearn", "statistics", "torch",
})  # fmt: skip


def module_of(value: Any) -> str:
    """The module that defines a function or class, or an instance's class."""
    module = getattr(value, "__module__", None)
    return module if isinstance(module, str) else str(type(value).__module__)


def is_private(value: Any) -> bool:
    """Is this function, class or instance defined by the course or by the grader?"""
    name = module_of(value)
    file = getattr(sys.modules.get(name), "__file__", "") or ""
    return name.split(".")[0] in PRIVATE or name not in sys.modules or "/solutions/" in file


def is_public_name(value: Any) -> bool:
    """Is this a function or class that the sandbox can import by its name?"""
    module, name = module_of(value), getattr(value, "__qualname__", "") or getattr(value, "__name__", "")
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return module.split(".")[0] in PUBLIC and found is value


class _Pickler(pickle.Pickler):
    """Refuses the whole graph when one object in it is private."""

    def __init__(self, file: io.BytesIO, handle_of: Callable[[Any], int | None]) -> None:
        super().__init__(file, protocol=5)
        self._handle_of = handle_of

    def persistent_id(self, value: Any) -> int | None:
        return self._handle_of(value)

    def reducer_override(self, value: Any) -> Any:
        for thing in (value, type(value)):
            if is_private(thing):
                raise TypeError(
                    f"sandbox: got an object of {module_of(thing)}, expected data, a function to call back, "
                    "an object made visible by expose(), or an instance of a class that students may import."
                )
        return NotImplemented


def dump(objects: Any, handle_of: Callable[[Any], int | None]) -> bytes:
    """Pickle objects of public classes; those that `handle_of` knows are sent as their handle."""
    file = io.BytesIO()
    _Pickler(file, handle_of).dump(objects)
    return file.getvalue()
