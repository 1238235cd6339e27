"""What the submissions of a unit have in common: its notebooks, read once, and their version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autograder.cells import Role, grade_id, points, role
from autograder.course import Course
from autograder.errors import CourseError
from autograder.grade.messages import OURS, Died
from autograder.marking.cellcode import text
from autograder.marking.conversations import Conversations
from autograder.marking.testcell import mark_line
from autograder.record import Graded
from autograder.results import Environment, ExerciseResult, NotebookResult, SubmissionResult, Verdict

__all__ = ["Unit"]


class Unit:
    """A released unit, ready to grade against.

    Attributes:
        name: the unit's id.
        released: its notebooks as students received them, by name.
        source: the same with their hidden tests.
        version: digest of all that decides a mark: released and source notebooks, data files, answer keys.
        data: the lecturer's files that belong to the notebooks.
        files: all that the version is a digest of.
        conversations: had with its submissions so far.

    Raises:
        CourseError: the unit is not built or not released.
    """

    def __init__(self, course: Course, name: str) -> None:
        self.course, self.name = course, name
        folder = course.release / name
        self.released = {p.stem: _read(p) for p in sorted(folder.glob("*.ipynb"))}
        self.source = {p.stem: _read(p) for p in sorted((course.source / name).glob("*.ipynb"))}
        missing = [n for n in course.notebooks(name) if n not in self.released or n not in self.source]
        if missing or not self.released:
            raise CourseError(
                f"{name}: got no released {', '.join(missing) or 'notebook'}. Run: autograder release {name}"
            )
        self.data = [p for p in _files(folder) if p.suffix != ".ipynb"]
        self.folder = folder
        self.conversations = Conversations()
        keys = sorted((course.solutions / name).glob("*.py"))
        self.files = [*_files(folder), *sorted((course.source / name).glob("*.ipynb")), *keys]
        self.version = _digest(course.home, self.files)

    def is_current(self) -> bool:
        """Whether the unit is still the one that was read."""
        try:
            return Unit(self.course, self.name).version == self.version
        except (CourseError, OSError):  # in the middle of a release
            return False

    def zero(self, notebook: str, verdict: Verdict, message: str, notes: tuple[str, ...] = ()) -> NotebookResult:
        """The result of a notebook that could not be run: every exercise with this verdict, no points."""
        cells = [c for c in self.source[notebook]["cells"] if role(c) is Role.TEST]
        exercises = tuple(
            ExerciseResult(
                exercise=found.exercise if (found := mark_line(text(c))) else f"{self.name}/{grade_id(c)}",
                cell=grade_id(c),
                points=0.0,
                max_points=points(c),
                verdict=verdict,
                message=message,
            )
            for c in cells
        )
        return NotebookResult(name=notebook, exercises=exercises, notes=notes)

    def lost(self, died: Died) -> Graded:
        """The result of a submission that no worker survived."""
        result = SubmissionResult(
            student=died.job.student,
            unit=self.name,
            notebooks=tuple(self.zero(name, Verdict.BROKEN, OURS) for name in self.released),
            submission_hash=died.job.submission_hash,
            course_hash=self.version,
            environment=Environment(isolation="", limits={}, versions={}),
            staff=(f"{self.name}: {died.why}",),
        )
        return Graded(result=result)


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes()))


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def _digest(home: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(home)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
