"""`autograder.mark` in an ordinary kernel: marks and a short table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograder.course import Course
from autograder.errors import UsageError
from autograder.key import load_key
from autograder.marking.exercise import mark_exercise
from autograder.marking.local import LocalAnswers
from autograder.results import ExerciseResult, Verdict

__all__ = ["mark_local", "table"]


def mark_local(exercise_id: str, objects: Sequence[Any]) -> float:
    """Mark objects, given in the order of the key's functions; print the table; return the points."""
    course = Course.find()
    key = load_key(course.solutions, exercise_id)
    if len(objects) != len(key.functions):
        names = ", ".join(key.functions)
        raise UsageError(f'mark("{exercise_id}", ...): got {len(objects)} objects, expected {names}.')
    answers = LocalAnswers(dict(zip(key.functions, objects, strict=True)))
    result = mark_exercise(key, answers, course.secret())
    print(table(result))
    return result.points


def table(result: ExerciseResult) -> str:
    """One line for the exercise, one for each part, then what is known about the mistake."""
    lines = [f"{result.exercise}: {result.points:g} of {result.max_points:g} points"]
    wide = max((len(p.name) for p in result.parts), default=0)
    for p in result.parts:
        earned = p.weight if p.verdict is Verdict.PASS else 0
        lines.append(f"  {p.verdict:<8}{p.name:<{wide}}  {earned:g}/{p.weight:g}  {p.message}".rstrip())
        if p.got or p.expected:
            lines.append(f"          got {p.got}, expected {p.expected}")
    lines += [f"  {text}" for text in (result.message, result.diagnosis) if text]
    return "\n".join(lines)
