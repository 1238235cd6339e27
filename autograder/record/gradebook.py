"""Scores of many submissions in nbgrader's gradebook, in one transaction.

nbgrader's autograde makes 26 commits for a notebook of three graded cells; here the rows of a chunk of
submissions are read in a few statements, compared, and written in one commit. The rows end as nbgrader's
would, with two differences: a lecturer's mark asks for another look only when what it was given for has
changed, and a fault of ours waits for a person.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from nbgrader.api import Comment, Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.utils import parse_utc
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from autograder.course import UNNAMED, Course
from autograder.record.answers import NO_RESPONSE, NotebookAnswers
from autograder.record.assignment import Cell, UnitRows, prepare
from autograder.record.graded import Graded
from autograder.record.refusals import damaged, is_away, patient, sqlite_file, told, waits
from autograder.record.scores import grade_columns, score
from autograder.record.settings import Settings
from autograder.schema import stamp_schema

__all__ = ["GradebookWriter", "open_gradebook", "submission_time"]

PAUSE_SECONDS = 0.5  # between two tries to reach a server

Index = dict[tuple[str, str], dict[str, Any]]  # by notebook row and cell row
Rows = list[dict[str, Any]]


@contextmanager
def open_gradebook(url: str, course_id: str = "") -> Iterator[Gradebook]:
    """nbgrader's gradebook; SQLite files are waited for.

    Raises:
        GradebookError: it cannot be opened, read or written, here or within the context.
    """
    with told(url):
        target = patient(url)
        stamp_schema(target)
        gradebook = Gradebook(target.render_as_string(hide_password=False), course_id or UNNAMED)
        try:
            yield gradebook
        finally:
            gradebook.close()


@contextmanager
def _sound_gradebook(url: str, course_id: str) -> Iterator[Gradebook]:
    """A damaged SQLite file is refused before anything is graded, not when its bad page is reached."""
    with open_gradebook(url, course_id) as gradebook:
        if sqlite_file(url):
            found = str(gradebook.db.scalar(text("PRAGMA quick_check(1)")))
            if found != "ok":
                raise damaged(url, " ".join(found.split()))
        yield gradebook


class GradebookWriter:
    """The one writer of a batch.

    Args:
        course: its `database` is written to.
        settings: nbgrader's settings of the course; read from `nbgrader_config.py` when left out.
    """

    def __init__(self, course: Course, settings: Settings | None = None) -> None:
        self.course = course
        self.settings = settings or Settings.of(course)
        self._opened = _sound_gradebook(course.database, self.settings.course_id)
        self._gradebook = self._opened.__enter__()
        self._units: dict[str, UnitRows] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def prepare(self, unit: str) -> None:
        """Make sure that the gradebook knows the unit as it was released; refuse otherwise."""
        self._units[unit] = prepare(self._gradebook, self.course.database, self.course, unit, self.settings.config)

    def write(self, graded: Sequence[Graded]) -> None:
        """Record these submissions: all of them or none. A server that went away is waited for.

        What is written does not depend on whether an earlier try reached the server.
        """
        ends = time.monotonic() + waits(self.course.database)
        while True:
            try:
                return self._write(graded)
            except DBAPIError as fault:
                if not is_away(fault) or time.monotonic() >= ends:
                    raise
            time.sleep(PAUSE_SECONDS)

    def _write(self, graded: Sequence[Graded]) -> None:
        db = self._gradebook.db
        try:
            for unit in sorted({g.result.unit for g in graded}):
                if unit not in self._units:
                    self.prepare(unit)
                self._write_unit(self._units[unit], [g for g in graded if g.result.unit == unit])
            db.commit()
        except BaseException:
            db.rollback()
            raise

    def _write_unit(self, unit: UnitRows, graded: list[Graded]) -> None:
        db = self._gradebook.db
        students = [g.result.student for g in graded]
        known = set(db.scalars(select(Student.id).where(Student.id.in_(students))))
        _insert(db, Student, [{"id": s} for s in dict.fromkeys(students) if s not in known])
        submissions = self._submissions(unit, graded)
        places = self._notebooks(unit, list(submissions.values()))
        old_grades = _by_cell(db, Grade, places)
        old_comments = _by_cell(db, Comment, places)
        changes = _Changes()
        for g in graded:
            submission = submissions[g.result.student]
            late = _seconds_late(submission, unit)
            for name, (notebook, cells) in unit.notebooks.items():
                place = places[submission["id"], notebook]
                earned = changes.notebook(g, name, place["id"], cells, old_grades, old_comments)
                penalty = self.settings.late_penalty(g.result.student, earned, late) if late > 0 else None
                if place["late_submission_penalty"] != penalty:
                    changes.penalties.append({"id": place["id"], "late_submission_penalty": penalty})
        changes.apply(db)

    def _submissions(self, unit: UnitRows, graded: list[Graded]) -> dict[str, dict[str, Any]]:
        """The rows of `submitted_assignment` by student, made or brought up to date."""
        db, table = self._gradebook.db, SubmittedAssignment
        students = [g.result.student for g in graded]
        columns = (table.id, table.student_id, table.timestamp, table.extension)
        query = select(*columns).where(table.assignment_id == unit.assignment, table.student_id.in_(students))
        rows = {r["student_id"]: dict(r) for r in db.execute(query).mappings()}
        new: Rows = []
        changed: Rows = []
        for g in graded:
            time = submission_time(self.course.submitted / g.result.student / g.result.unit)
            row = rows.get(g.result.student)
            if row is None:
                row = {"id": uuid4().hex, "student_id": g.result.student, "timestamp": time, "extension": None}
                rows[g.result.student] = row
                new.append({**row, "assignment_id": unit.assignment})
            elif time is not None and time != row["timestamp"]:
                row["timestamp"] = time
                changed.append({"id": row["id"], "timestamp": time})
        _insert(db, table, new)
        _update(db, table, changed)
        return rows

    def _notebooks(self, unit: UnitRows, submissions: Rows) -> dict[tuple[str, str], dict[str, Any]]:
        """The rows of `submitted_notebook` by submission and notebook."""
        db, table = self._gradebook.db, SubmittedNotebook
        columns = (table.id, table.assignment_id, table.notebook_id, table.late_submission_penalty)
        query = select(*columns).where(table.assignment_id.in_([s["id"] for s in submissions]))
        rows = {(r["assignment_id"], r["notebook_id"]): dict(r) for r in db.execute(query).mappings()}
        new: Rows = []
        for submission in submissions:
            for notebook, _ in unit.notebooks.values():
                if (submission["id"], notebook) not in rows:
                    row = {"id": uuid4().hex, "assignment_id": submission["id"], "notebook_id": notebook}
                    new.append(row)
                    rows[submission["id"], notebook] = {**row, "late_submission_penalty": None}
        _insert(db, table, new)
        return rows


class _Changes:
    """Rows to insert and to update, collected over a chunk."""

    def __init__(self) -> None:
        self.new_grades: Rows = []
        self.grades: Rows = []
        self.new_comments: Rows = []
        self.comments: Rows = []
        self.penalties: Rows = []

    def apply(self, db: Any) -> None:
        _insert(db, Grade, self.new_grades)
        _insert(db, Comment, self.new_comments)
        _update(db, Grade, self.grades)
        _update(db, Comment, self.comments)
        _update(db, SubmittedNotebook, self.penalties)

    def notebook(
        self, graded: Graded, name: str, place: str, cells: tuple[Cell, ...], grades: Index, comments: Index
    ) -> float:
        """Take up one notebook of one submission; its score, as nbgrader adds it up."""
        answers, before = graded.answers.get(name, NotebookAnswers()), graded.before.get(name)
        result = next((n for n in graded.result.notebooks if n.name == name), None)
        total = 0.0
        for cell in cells:
            if cell.kind != "SolutionCell":
                row = grades.get((place, cell.id))
                wanted = grade_columns(cell, result, row, answers, before)
                _collect(row, wanted, place, cell, self.new_grades, self.grades)
                total += score({**(row or {}), **wanted})
            if cell.kind != "GradeCell":
                row = comments.get((place, cell.id))
                wanted = {"auto_comment": NO_RESPONSE if cell.name in answers.untouched else None}
                _collect(row, wanted, place, cell, self.new_comments, self.comments)
        return total


def _collect(
    row: dict[str, Any] | None, wanted: dict[str, Any], place: str, cell: Cell, new: Rows, changed: Rows
) -> None:
    if row is None:
        new.append({"id": uuid4().hex, "notebook_id": place, "cell_id": cell.id, **wanted})
    elif any(row[k] != v for k, v in wanted.items()):
        changed.append({"id": row["id"], **wanted})


def _by_cell(db: Any, table: Any, places: dict[Any, dict[str, Any]]) -> Index:
    query = select(table.__table__).where(table.notebook_id.in_([p["id"] for p in places.values()]))
    return {(r["notebook_id"], r["cell_id"]): dict(r) for r in db.execute(query).mappings()}


def _insert(db: Any, table: Any, rows: Rows) -> None:
    if rows:
        db.execute(insert(table), rows)


def _update(db: Any, table: Any, rows: Rows) -> None:
    if rows:
        db.execute(update(table), rows)


def submission_time(folder: Path) -> datetime | None:
    """When it was handed in, in UTC: nbgrader's `timestamp.txt`; None when there is none that can be read."""
    path = folder / "timestamp.txt"
    if path.is_symlink() or not path.is_file():
        return None
    try:
        return parse_utc(path.read_text("utf-8", "replace")[:100].strip() or None)
    except (ValueError, OverflowError):
        return None


def _seconds_late(submission: dict[str, Any], unit: UnitRows) -> float:
    if submission["timestamp"] is None or unit.due is None:
        return 0.0
    due = unit.due + (submission["extension"] or timedelta())
    return max(0.0, (submission["timestamp"] - due).total_seconds())
