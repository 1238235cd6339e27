"""Answers from objects of this process: a lecturer at work, and the key's own answers."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from autograder.key.answers import local_random_state
from autograder.marking.faults import AnswerFault
from autograder.results import Verdict
from autograder.sandbox.errors import NotDefined

__all__ = ["LocalAnswers"]


class LocalAnswers:
    """Objects by name. Nothing isolates them: for answers that are trusted."""

    exposes = False
    alive = True

    def __init__(self, objects: Mapping[str, Any]) -> None:
        self.objects = dict(objects)

    @contextmanager
    def branch(self) -> Iterator[LocalAnswers]:
        yield self

    def get(self, name: str) -> Any:
        if name not in self.objects:
            raise NotDefined(name)
        return self.objects[name]

    def put(self, value: Any) -> Any:
        return value

    def place(self, objects: tuple[Any, ...]) -> tuple[Any, ...]:
        return objects

    def give(self, functions: Mapping[str, Any]) -> bool:
        """What these objects call is their own."""
        return False

    def random_state(self) -> str:
        return local_random_state()

    def begin_part(self) -> None:
        """There is no clock here."""

    def failure(self, error: BaseException) -> AnswerFault:
        """What a call that raised means."""
        if isinstance(error, AnswerFault):
            return error
        frames = traceback.extract_tb(error.__traceback__)
        inner = [f for f in frames if f"{os.sep}autograder{os.sep}" not in f.filename]
        place = f"line {inner[-1].lineno}" if inner else ""
        builtin = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
        return AnswerFault(Verdict.CRASH, type(error).__name__, str(error), place, builtin)
