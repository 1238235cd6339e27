"""Verdicts on their way from the executor to the feedback: stored with the test cell, told in sentences."""

from __future__ import annotations

from typing import Any

import msgspec

from autograder.results import ExerciseResult, Verdict

__all__ = ["sentences", "store_result", "stored_result"]

PLACE = "autograder"  # the cell's metadata


def store_result(cell: dict[str, Any], result: ExerciseResult) -> None:
    """Keep the result with its test cell in the autograded notebook."""
    cell["metadata"][PLACE] = msgspec.to_builtins(result)


def stored_result(cell: dict[str, Any]) -> ExerciseResult | None:
    """The result that was kept with the cell; None when there is none or it cannot be read."""
    try:
        return msgspec.convert(cell["metadata"].get(PLACE), ExerciseResult)
    except msgspec.ValidationError:
        return None


def sentences(result: ExerciseResult) -> list[str]:
    """What is told to the student: points, the mistake if it is known, and each part."""
    lines = [f"{result.points:g} of {result.max_points:g} points"]
    lines += [text for text in (result.message, result.diagnosis) if text]
    for part in result.parts:
        earned = part.weight if part.verdict is Verdict.PASS else 0.0
        line = f"{part.verdict}: {part.name.replace('_', ' ')} ({earned:g} of {part.weight:g})"
        lines.append(f"{line}. {part.message}" if part.message else line)
        if part.got or part.expected:
            lines.append(f"    got {part.got}, expected {part.expected}")
    return lines
