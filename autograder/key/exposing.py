"""Objects of a key that an answer may use: an environment, a model."""

from __future__ import annotations

from typing import Any

__all__ = ["Exposed", "expose"]


class Exposed:
    """An object, and the names of the methods and attributes that an answer sees of it."""

    def __init__(self, value: Any, names: tuple[str, ...]) -> None:
        for name in names:
            if not hasattr(value, name):
                raise AttributeError(f"expose: got {name!r}, expected an attribute of {type(value).__name__}.")
        self.value, self.names = value, names


def expose(value: Any, *names: str) -> Exposed:
    """Let the student's code use these methods and attributes of an object, and nothing else of it.

    `answer(expose(env, "reset", "step"), rng)`. Functions need no exposing.
    """
    return Exposed(value, names)
