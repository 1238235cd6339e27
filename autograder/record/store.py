"""`.autograder/results/<unit>/<student>.json`: the sign that a submission is done.

It is written after the gradebook's commit, under another name first, so that a process killed at any
moment leaves either the old record or the new one; without a record the submission is graded again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from autograder.course import Course
from autograder.files import write_whole
from autograder.record.answers import NotebookAnswers
from autograder.results import SCHEMA, SubmissionResult, Verdict

__all__ = ["Entry", "load", "results", "save"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One stored grading: the result, the answers it was given for, and when."""

    result: SubmissionResult
    answers: dict[str, NotebookAnswers] = {}  # by notebook
    graded: str = ""  # ISO 8601, UTC
    schema: int = SCHEMA

    @property
    def broken(self) -> bool:
        """Whether a fault of ours is in it, so that it should be graded again."""
        exercises = [e for n in self.result.notebooks for e in n.exercises]
        return any(e.verdict is Verdict.BROKEN or any(p.verdict is Verdict.BROKEN for p in e.parts) for e in exercises)


def save(course: Course, entry: Entry) -> Path:
    """Write the entry, whole or not at all."""
    path = _path(course, entry.result.unit, entry.result.student)
    for folder in (course.private, path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, msgspec.json.format(msgspec.json.encode(entry), indent=1), 0o600)
    return path


def load(course: Course, unit: str, student: str) -> Entry | None:
    """The stored entry; None when there is none or it is not of this schema."""
    return _read(_path(course, unit, student))


def results(course: Course, unit: str) -> Iterator[Entry]:
    """All stored entries of a unit, by student."""
    folder = course.private / "results" / unit
    for path in sorted(folder.glob("*.json"), key=lambda p: p.stem):
        if entry := _read(path):
            yield entry


def _path(course: Course, unit: str, student: str) -> Path:
    return course.private / "results" / unit / f"{student}.json"


def _read(path: Path) -> Entry | None:
    try:
        entry = msgspec.json.decode(path.read_bytes(), type=Entry)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return entry if entry.schema == SCHEMA else None
