"""One file marked against one exercise, in the sandbox; nothing is recorded."""

from __future__ import annotations

import json
from pathlib import Path

from autograder.course import Course
from autograder.errors import UsageError
from autograder.key import load_key
from autograder.marking import mark_exercise
from autograder.marking.reach import CodeCell
from autograder.marking.report import table
from autograder.marking.sandboxed import SandboxAnswers
from autograder.results import ExerciseResult
from autograder.sandbox import Sandbox
from autograder.sandbox.installation import needed
from autograder.verify.answers import context_cells, source_of

__all__ = ["as_text", "mark_file"]

as_text = table


def mark_file(course: Course, exercise: str, file: Path, isolation: str) -> tuple[ExerciseResult, str]:
    """The result and the isolation level that was reached.

    The cells of the source notebook that only import and define, up to the exercise, run before the file.
    """
    unit, _, name = exercise.partition("/")
    if unit not in course.units() or not (course.solutions / unit / f"{name}.py").is_file():
        known = [f"{u}/{p.stem}" for u in course.units() for p in sorted((course.solutions / u).glob("*.py"))]
        raise UsageError(f"exercise: got {exercise!r}, expected one of {', '.join(known)}.")
    key = load_key(course.solutions, exercise)
    given = [CodeCell(cell, text, own=False) for cell, text in context_cells(source_of(course, exercise), exercise)]
    cells = [*given, *code_of(file)]
    heavy = needed([*course.texts([unit]), *(cell.text for cell in cells)])
    with Sandbox(isolation=isolation, library=course.library(), heavy=heavy) as box, box.session() as session:
        for cell in cells:
            session.run_cell(cell.text, cell.cell)
        answers = SandboxAnswers(session, key.bans)
        return mark_exercise(key, answers, course.secret(), cell=f"test_{name}", cells=cells), box.level


def code_of(file: Path) -> list[CodeCell]:
    """The code cells of a notebook, or a Python file as one cell."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return [CodeCell(file.name, text)]
    try:
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{file}: got neither Python nor a notebook, expected a .py or .ipynb file.") from None
    return [CodeCell(f"cell {number}", source) for number, source in enumerate(sources, 1)]
