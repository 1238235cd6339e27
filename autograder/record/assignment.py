"""The gradebook's rows of a unit: made from the built source when nbgrader has not made them yet."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import nbformat
from nbgrader.api import Assignment, BaseCell, Gradebook, GradeCell, Notebook, TaskCell
from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells, SaveCells
from sqlalchemy import select
from traitlets.config import Config

from autograder.cells import Role, grade_id, points, role
from autograder.course import Course
from autograder.errors import CourseError

__all__ = ["Cell", "UnitRows", "prepare", "read_rows"]


class Cell(msgspec.Struct, frozen=True):
    """A row of nbgrader's `base_cell`."""

    id: str
    name: str
    kind: str  # "GradeCell", "SolutionCell" or "TaskCell"
    max_score: float


class UnitRows(msgspec.Struct, frozen=True):
    """The keys that the rows of a submission hang on."""

    assignment: str
    due: datetime | None
    notebooks: dict[str, tuple[str, tuple[Cell, ...]]]  # name to (row id, cells)


def prepare(gradebook: Gradebook, url: str, course: Course, unit: str, config: Config) -> UnitRows:
    """The unit's rows, compared with the released notebooks before anything is recorded."""
    rows = read_rows(gradebook, unit)
    released = sorted((course.release / unit).glob("*.ipynb"))
    if not released:
        raise CourseError(f"release/{unit}: got no notebooks. Run: autograder release {unit}")
    if rows is None or set(rows.notebooks) != {p.stem for p in released}:
        _create(gradebook, url, course, unit, config)
        rows = read_rows(gradebook, unit)
    if rows is None:
        raise CourseError(f"gradebook: got no assignment {unit}. Run: autograder release {unit}")
    for path in released:
        _compare(path, unit, rows)
    return rows


def read_rows(gradebook: Gradebook, unit: str) -> UnitRows | None:
    """The unit's rows as they are; None when the gradebook does not know the unit."""
    db = gradebook.db
    found = db.execute(select(Assignment.id, Assignment.duedate).where(Assignment.name == unit)).one_or_none()
    if found is None:
        return None
    notebooks = db.execute(select(Notebook.id, Notebook.name).where(Notebook.assignment_id == found.id)).all()
    cells = db.execute(
        select(BaseCell.id, BaseCell.name, BaseCell.type, BaseCell.notebook_id)
        .join(Notebook, BaseCell.notebook_id == Notebook.id)
        .where(Notebook.assignment_id == found.id)
    ).all()
    worth: dict[str, float] = {}
    for table in (GradeCell, TaskCell):
        columns = table.__table__.c
        worth.update((row.id, row.max_score) for row in db.execute(select(columns.id, columns.max_score)))
    by_notebook: dict[str, list[Cell]] = {n.id: [] for n in notebooks}
    for c in cells:
        by_notebook[c.notebook_id].append(Cell(c.id, c.name, c.type, worth.get(c.id, 0.0)))
    return UnitRows(found.id, found.duedate, {n.name: (n.id, tuple(by_notebook[n.id])) for n in notebooks})


def _create(gradebook: Gradebook, url: str, course: Course, unit: str, config: Config) -> None:
    """What `nbgrader generate_assignment` does to the gradebook, and nothing else of it."""
    sources = sorted((course.source / unit).glob("*.ipynb"))
    if not sources:
        raise CourseError(f"gradebook: got no assignment {unit}. Run: autograder release {unit}")
    gradebook.update_or_create_assignment(unit)
    gradebook.db.commit()
    steps = [step(config=config) for step in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums, SaveCells)]
    for path in sources:
        notebook = nbformat.read(path, as_version=4)
        resources = {
            "nbgrader": {"notebook": path.stem, "assignment": unit, "student": ".", "db_url": url},
            "metadata": {"name": path.stem, "path": str(path.parent)},
        }
        for step in steps:
            step.log.setLevel(logging.ERROR)
            notebook, resources = step.preprocess(notebook, resources)
    gradebook.db.expire_all()


def _compare(path: Path, unit: str, rows: UnitRows) -> None:
    """Refuses when the released cells and the gradebook's are not the same."""
    if path.stem not in rows.notebooks:
        raise CourseError(f"gradebook: got no notebook {unit}/{path.stem}. Run: autograder release {unit}")
    recorded = {c.name: c.max_score for c in rows.notebooks[path.stem][1] if c.kind != "SolutionCell"}
    released = graded_cells(json.loads(path.read_bytes()))
    for name in sorted(recorded.keys() | released.keys()):
        if recorded.get(name) != released.get(name):
            raise CourseError(
                f"gradebook, {unit}/{path.stem}, cell {name}: got {_points(recorded.get(name))}, "
                f"expected {_points(released.get(name))} as released. Run: autograder release {unit}"
            )


def graded_cells(notebook: dict[str, Any]) -> dict[str, float]:
    """grade_id and points of the cells that earn points."""
    return {grade_id(c): points(c) for c in notebook["cells"] if role(c) in (Role.TEST, Role.MANUAL, Role.TASK)}


def _points(value: float | None) -> str:
    return "no such cell" if value is None else f"{value:g} points"
