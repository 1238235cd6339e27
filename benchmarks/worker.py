"""One worker of a batch, in this process: the same calls in the same order, where they can be watched."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import psutil

from autograder.course import Course
from autograder.grade.submission import grade_submission
from autograder.grade.unit import Unit
from autograder.marking.conversations import Conversations
from autograder.record import Graded
from autograder.results import Environment
from autograder.sandbox import Sandbox
from autograder.sandbox.installation import needed

__all__ = ["Worker"]


class Worker:
    """Grades submissions of one unit, one after the other, and records nothing."""

    def __init__(self, course: Course, unit: str) -> None:
        self.course, self.unit = course, Unit(course, unit)
        self.box = Sandbox(library=course.library(), heavy=needed(course.texts([unit])))
        self.environment = Environment(isolation=self.box.level, limits={}, versions={})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.box.close()

    @property
    def memory(self) -> Conversations:
        """Conversations that were had before in this class."""
        return self.unit.conversations

    @property
    def pids(self) -> list[int]:
        """The sandbox's processes that last."""
        return [process.pid for process in psutil.Process().children(recursive=True)]

    def forget(self) -> None:
        """Answers that were given before are new again."""
        self.unit.conversations = Conversations()

    def grade(self, student: str) -> Graded:
        """Grade a student's submission; RuntimeError when something of ours failed."""
        graded = grade_submission(self.course, self.unit, student, self.box, self.environment, "")
        if graded.result.staff:
            raise RuntimeError(f"{student}: {'; '.join(graded.result.staff)}")
        return graded
