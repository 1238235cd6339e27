"""What a grade's columns should hold: our points, and whether a person must look."""

from __future__ import annotations

from typing import Any

from autograder.errors import CourseError
from autograder.record.answers import NotebookAnswers
from autograder.record.assignment import Cell
from autograder.results import ExerciseResult, NotebookResult, Verdict

__all__ = ["grade_columns", "score"]


def grade_columns(
    cell: Cell,
    result: NotebookResult | None,
    row: dict[str, Any] | None,
    answers: NotebookAnswers,
    before: NotebookAnswers | None,
) -> dict[str, Any]:
    """What the columns `auto_score` and `needs_manual_grade` should hold."""
    exercise = next((e for e in result.exercises if e.cell == cell.name), None) if result else None
    auto: float | None = 0.0
    if exercise is not None:
        auto = _auto_score(exercise, cell)
    elif result is not None and (cell.kind == "TaskCell" or cell.name in result.manual):
        auto = None
        if cell.name in answers.untouched:  # an answer left as released earns nothing, as in nbgrader
            auto = 0.0
    waits = auto is None or (exercise is not None and _is_broken(exercise))
    if row is not None and row["manual_score"] is not None:
        waits = row["needs_manual_grade"] or row["auto_score"] != auto or _changed(cell, answers, before)
    return {"auto_score": auto, "needs_manual_grade": waits}


def _auto_score(exercise: ExerciseResult, cell: Cell) -> float | None:
    if exercise.max_points != cell.max_score:
        raise CourseError(
            f"gradebook, cell {cell.name}: got {cell.max_score:g} points, expected {exercise.max_points:g}. "
            f"Run: autograder release {exercise.exercise.partition('/')[0]}"
        )
    if _is_broken(exercise) and exercise.points <= 0:
        return None
    return min(max(float(exercise.points), 0.0), cell.max_score)


def _is_broken(exercise: ExerciseResult) -> bool:
    return Verdict.BROKEN in (exercise.verdict, *(p.verdict for p in exercise.parts))


def _changed(cell: Cell, answers: NotebookAnswers, before: NotebookAnswers | None) -> bool:
    """Whether the text that a lecturer marked is another one now; unknown counts as changed."""
    if before is None:
        return True
    if cell.name in answers.cells:
        return before.cells.get(cell.name) != answers.cells[cell.name]
    return before.whole != answers.whole


def score(row: dict[str, Any]) -> float:
    """nbgrader's sum: a lecturer's score before ours, and extra credit on top of either."""
    mark = row.get("manual_score") if row.get("manual_score") is not None else row.get("auto_score")
    return 0.0 if mark is None else float(mark) + float(row.get("extra_credit") or 0.0)
