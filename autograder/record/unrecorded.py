"""Stored results that the gradebook does not hold: after it was lost, or put back from an older backup."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, create_engine, inspect, text

from autograder.course import Course
from autograder.record.graded import Graded
from autograder.record.refusals import patient, sqlite_file, told
from autograder.record.store import Entry

__all__ = ["as_graded", "unrecorded"]

TABLES = {"assignment", "submitted_assignment", "submitted_notebook", "grade"}
SUMS = """
SELECT s.student_id, SUM(g.auto_score)
FROM assignment a
JOIN submitted_assignment s ON s.assignment_id = a.id
JOIN submitted_notebook n ON n.assignment_id = s.id
LEFT JOIN grade g ON g.notebook_id = n.id
WHERE a.name = :unit
GROUP BY s.student_id
"""


def unrecorded(course: Course, entries: Sequence[Entry]) -> list[Entry]:
    """The entries whose points are not the gradebook's. Nothing is graded to find out, and nbgrader is not loaded."""
    if not entries:
        return []
    units = sorted({entry.result.unit for entry in entries})
    with told(course.database):
        known = _sums(course, units)
    return [entry for entry in entries if not _agree(known, entry)]


def as_graded(entry: Entry) -> Graded:
    """The entry as it is recorded: marks given by hand that are still there hold, as its answers are the same."""
    return Graded(result=entry.result, answers=entry.answers, before=entry.answers)


def _sums(course: Course, units: Iterable[str]) -> dict[tuple[str, str], float | None]:
    """Machine-given points in the gradebook, by unit and student."""
    path = sqlite_file(course.database)
    if path is not None and not path.exists():  # connecting would make an empty one
        return {}
    engine = create_engine(patient(course.database))
    try:
        with engine.connect() as db:
            if not set(inspect(db).get_table_names()) >= TABLES:
                return {}
            return {(unit, student): points for unit in units for student, points in _unit(db, unit)}
    finally:
        engine.dispose()


def _unit(db: Connection, unit: str) -> list[tuple[str, float | None]]:
    return [(row[0], row[1]) for row in db.execute(text(SUMS), {"unit": unit})]


def _agree(known: dict[tuple[str, str], float | None], entry: Entry) -> bool:
    place = (entry.result.unit, entry.result.student)
    earned = sum(min(max(e.points, 0.0), e.max_points) for n in entry.result.notebooks for e in n.exercises)
    return place in known and math.isclose(known[place] or 0.0, earned, abs_tol=1e-6)
