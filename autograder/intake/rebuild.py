"""The notebook that is graded: the lecturer's cells and the student's text.

Locked, test and task cells, their order, points, flags and the kernel are the lecturer's. Solution and
manually graded cells hold the student's text. Cells that students added keep their place after
the released cell that they followed. Everything else in a submitted file is dropped.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.cells import Role, grade_id, role, tags
from autograder.errors import CourseError
from autograder.intake.assemble import Assembly
from autograder.intake.definitions import defined_names
from autograder.intake.faults import IntakeError
from autograder.intake.matching import Match, joined, match
from autograder.intake.parse import MAX_NOTEBOOK_BYTES, StudentNotebook, parse_notebook
from autograder.intake.reading import read_file, shown

__all__ = ["Rebuilt", "rebuild"]

MAX_NOTES = 40


@dataclass(frozen=True)
class Rebuilt:
    """A notebook fit to be graded.

    Args:
        notebook: format 4.5, without outputs.
        notes: what was mended or left out, for the student.
        student_cells: the cells' ids whose text is the student's, in order.
    """

    notebook: dict[str, Any]
    notes: tuple[str, ...] = ()
    student_cells: tuple[str, ...] = ()


def rebuild(released: dict[str, Any], source: dict[str, Any] | None, submitted: bytes | Path) -> Rebuilt:
    """Put the student's text into the lecturer's notebook.

    Args:
        released: the notebook as students received it, in format 4; holds the stubs.
        source: the same notebook with its hidden tests; its solutions are not used. None: grade what was released.
        submitted: the submitted notebook, or the path of its file.

    Raises:
        IntakeError: the submitted file cannot be read as this notebook.
        CourseError: `released` and `source` do not belong together.
    """
    base = _trusted(released, source)
    student = parse_notebook(_bytes(submitted))
    found = match(base, _stubs(released), student.cells)
    _require_kinship(base, released, student, found)
    assembly = Assembly(base, found, _given(released))
    notebook, student_cells = assembly.notebook(_frame(released, source))
    notes = (*student.notes, *_language_note(notebook, student), *found.notes, *assembly.notes)
    return Rebuilt(notebook, _bounded(notes), student_cells)


def _bytes(submitted: bytes | Path) -> bytes:
    if isinstance(submitted, bytes):
        return submitted
    return read_file(submitted.parent, submitted.name, MAX_NOTEBOOK_BYTES)


def _trusted(released: dict[str, Any], source: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The lecturer's cells that take part in grading: answers as released, all others with their hidden lines."""
    stubs = _stubs(released)
    checksums = {grade_id(c): c["metadata"]["nbgrader"].get("checksum") for c in released["cells"] if grade_id(c)}
    cells = []
    for cell in (source or released)["cells"]:
        name, part = grade_id(cell), role(cell)
        if part is Role.FREE or not name:
            continue
        cell = dict(cell)
        if part in (Role.SOLUTION, Role.MANUAL):
            if name not in stubs:
                raise CourseError(f"cell {name}: not in the released notebook. Build the unit again.")
            cell["source"], checksum = stubs[name], checksums[name]
            if checksum:  # tells nbgrader an untouched answer from an edited one
                flags = {**cell["metadata"]["nbgrader"], "checksum": checksum}
                cell["metadata"] = {**cell["metadata"], "nbgrader": flags}
        cells.append(cell)
    names = [grade_id(cell) for cell in cells]
    if len(set(names)) < len(names):
        raise CourseError("the released notebook has two cells with one grade_id. Build the unit again.")
    return cells


def _given(released: dict[str, Any]) -> dict[str, list[str]]:
    """Text and tags of the lecturer's free cells."""
    return {joined(cell["source"]).strip(): tags(cell) for cell in released["cells"] if not grade_id(cell)}


def _stubs(released: dict[str, Any]) -> dict[str, str]:
    """Text of each graded cell as students received it."""
    return {grade_id(c): joined(c["source"]) for c in released["cells"] if grade_id(c)}


def _require_kinship(
    base: list[dict[str, Any]], released: dict[str, Any], student: StudentNotebook, found: Match
) -> None:
    """Refuse the notebook of another unit: none of these exercises, others instead, and nothing that these ask for.

    An empty notebook is no other unit's: it is graded, and earns nothing.
    """
    exercises = {grade_id(c) for c in base if role(c) is not Role.LOCKED}
    foreign = {c.grade_id for c in student.cells if c.grade_id} - set(_stubs(released))
    if exercises.intersection(found.known) or not foreign:
        return
    wanted = frozenset().union(*(defined_names(c["source"]) for c in base if role(c) is Role.SOLUTION))
    if not any(wanted & defined_names(e.cell.source) for e in found.extras if e.cell.kind == "code"):
        raise IntakeError("None of this notebook's exercises is in your file: is it the notebook of another unit?")


def _frame(released: dict[str, Any], source: dict[str, Any] | None) -> dict[str, Any]:
    """The notebook around the cells: format and the lecturer's kernel."""
    metadata = copy.deepcopy((source or released).get("metadata", {}))
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata}


def _language_note(notebook: dict[str, Any], student: StudentNotebook) -> tuple[str, ...]:
    spec = notebook["metadata"].get("kernelspec", {})
    ours, theirs = str(spec.get("language", "")), student.language
    if not ours or not theirs or ours.lower() == theirs.lower():
        return ()
    return (f"Your notebook asks for a {shown(theirs[:20])} kernel; it was graded with {ours}.",)


def _bounded(notes: tuple[str, ...]) -> tuple[str, ...]:
    if len(notes) <= MAX_NOTES:
        return notes
    return (*notes[:MAX_NOTES], f"... and {len(notes) - MAX_NOTES} more remarks of this kind.")
