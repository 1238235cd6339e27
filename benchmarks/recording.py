"""What one submission costs the one writer of a batch, and the disk: really graded once, then recorded many times."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from courses import Class

from autograder.course import Course
from autograder.feedback import write_feedback
from autograder.grade import grade_units
from autograder.grade.batch import CHUNK, Batch
from autograder.record import GradebookWriter, Graded, load
from autograder.watch import Watch

__all__ = ["CHUNK", "Recorded", "Sample", "record", "sample"]

FIRST = "student0000"


@dataclass(frozen=True)
class Sample:
    """One graded submission and the bytes that belong to it.

    Args:
        handed_in: files of the submission, which travel to a worker.
        message: the graded result as it travels back.
        kept: `autograded/` and our own record.
        pages: its feedback.
    """

    graded: Graded
    handed_in: int
    message: int
    kept: int
    pages: int


@dataclass(frozen=True)
class Recorded:
    """What recording took.

    Args:
        seconds: of the writer, for each submission.
        computing: of these, of a core; the rest is waiting for disk or database.
        parts: of these, by what was written: files, gradebook, store.
        row_bytes: what the gradebook grew by for each submission.
    """

    seconds: float
    computing: float
    parts: dict[str, float]
    row_bytes: float


def sample(given: Class) -> Sample:
    """Grade the first student's submission and write its pages."""
    course, unit = given.course, given.unit
    given.submit([0])
    grade_units(course, [unit], workers=1)
    write_feedback(course, [unit])
    entry = load(course, unit, FIRST)
    assert entry and not entry.broken, f"{unit}: the first submission could not be graded"
    executed = {p.stem: p.read_bytes() for p in (course.autograded / FIRST / unit).glob("*.ipynb")}
    graded = Graded(result=entry.result, answers=entry.answers, notebooks=executed)
    stored = course.private / "results" / unit / f"{FIRST}.json"
    return Sample(
        graded=graded,
        handed_in=_bytes(course.submitted / FIRST / unit),
        message=len(msgspec.msgpack.encode(graded)),
        kept=_bytes(course.autograded / FIRST / unit) + stored.stat().st_size,
        pages=_bytes(course.feedback / FIRST / unit),
    )


def record(given: Class, graded: Graded, count: int, database: str) -> Recorded:
    """Record that many students' results as a batch does, in a gradebook that knows none of them.

    Args:
        database: URL; the folder's own SQLite file when empty.
    """
    course = Course.at(given.folder, database=database or None)
    given.submit(range(count))
    watched = Watch().run(course, "grade", [given.unit], [given.unit] * count, keep=False)
    with watched as run, GradebookWriter(course) as gradebook:
        gradebook.prepare(given.unit)
        before = size(course)
        cpu, began = time.process_time(), time.perf_counter()
        Batch(course, gradebook, {}, count, None, run).record(_copies(graded, count))
        computing, seconds = time.process_time() - cpu, time.perf_counter() - began
        return Recorded(
            seconds=seconds / count,
            computing=computing / count,
            parts={name: phase.seconds / count for name, phase in run.phases.items() if phase.seconds},
            row_bytes=(size(course) - before) / count,
        )


def _copies(graded: Graded, count: int) -> Iterator[Graded]:
    for number in range(count):
        result = msgspec.structs.replace(graded.result, student=f"student{number:04d}")
        yield msgspec.structs.replace(graded, result=result)


def size(course: Course) -> int:
    """Bytes of the gradebook."""
    if course.database.startswith("sqlite"):
        return sum(p.stat().st_size for p in course.work.glob("gradebook.db*"))
    import psycopg

    with psycopg.connect(course.database.replace("+psycopg", "")) as db:
        found = db.execute("SELECT pg_database_size(current_database())").fetchone()
        assert found
        return int(found[0])


def _bytes(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
