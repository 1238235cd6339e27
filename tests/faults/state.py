"""What a class's grading must come to, whatever struck it on the way, and what must not be left of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from autograder.course import Course
from autograder.record import Entry, results
from tests.build.small_course import UNIT
from tests.grade.classroom import scores, submit

__all__ = ["STUDENTS", "answer", "end_state", "hand_in", "is_sound", "leftovers", "stored", "unfinished"]

STUDENTS = tuple(f"s{i:02d}" for i in range(8))
SLOW = "import time\ndef mean_of(x):\n    time.sleep(0.15)\n    return sum(x) / len(x)"
ANSWERS = ("def mean_of(x):\n    return x", SLOW, "def mean_of(x):\n    raise ValueError", SLOW)


def hand_in(course: Course) -> None:
    """Right, wrong and slow answers, and one that was never begun."""
    for student in STUDENTS:
        submit(course, student, mean_of=answer(student))


def answer(student: str) -> str:
    """What the student hands in for the second exercise."""
    return ANSWERS[STUDENTS.index(student) % len(ANSWERS)]


def end_state(course: Course) -> dict[str, Any]:
    """Gradebook, autograded notebooks and stored verdicts, without times and random ids."""
    files = {str(p.relative_to(course.work)): p.read_bytes() for p in course.autograded.rglob("*") if p.is_file()}
    return {"gradebook": scores(course), "files": files, "results": stored(course)}


def stored(course: Course) -> dict[str, Any]:
    """Points and verdicts of the stored results."""
    return {
        entry.result.student: [
            (e.cell, e.points, e.verdict, [(p.name, p.verdict) for p in e.parts])
            for n in entry.result.notebooks
            for e in n.exercises
        ]
        for entry in results(course, UNIT)
    }


def is_sound(course: Course) -> None:
    """Nothing is half there: stored results are whole, and the gradebook holds each of them."""
    in_gradebook = scores(course) if not course.database.startswith("sqlite") or _file(course).exists() else {}
    for path in (course.private / "results").rglob("*.json"):
        entry = msgspec.json.decode(path.read_bytes(), type=Entry)
        cells = in_gradebook[entry.result.student]["cells"]
        for exercise in (e for n in entry.result.notebooks for e in n.exercises):
            assert cells[exercise.cell][0] == exercise.points
    assert not unfinished(course)


def unfinished(course: Course) -> list[Path]:
    return [p for p in course.work.rglob("*") if p.name.endswith((".part", "-journal", "-wal"))]


def leftovers(course: Course) -> list[Path]:
    """Unfinished files, and whatever lies in TMPDIR."""
    temporary = course.home.parent / "tmp"
    return unfinished(course) + (list(temporary.iterdir()) if temporary.is_dir() else [])


def _file(course: Course) -> Path:
    return Path(course.database.removeprefix("sqlite:///").partition("?")[0])
