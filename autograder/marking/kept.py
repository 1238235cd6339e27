"""What an executed notebook keeps for formgrader and stock feedback: harmless outputs, results, notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from autograder.cells import Role, grade_id, role
from autograder.results import ExerciseResult, NotebookResult, Verdict

__all__ = ["PLACE", "add_notes", "keep", "notes_of", "sentences", "stored_result"]

PLACE = "autograder"  # the metadata of a cell and of the notebook
PICTURES = ("image/png", "image/jpeg")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")


def keep(executed: dict[str, Any], result: NotebookResult) -> None:
    """Leave text and pictures as the only outputs, and put each result beside its test cell.

    An output that could run in a browser (HTML, SVG, JavaScript, widgets) would run with the rights of the lecturer
    who opens the notebook in the formgrader.
    """
    results = {exercise.cell: exercise for exercise in result.exercises}
    for cell in executed["cells"]:
        cell["metadata"].pop(PLACE, None)
        if cell.get("outputs"):
            outputs = [_harmless(output) for output in cell["outputs"]]
            cell["outputs"] = [output for output in outputs if output.get("data") != {}]
        if role(cell) is Role.TEST and grade_id(cell) in results:
            _store(cell, results[grade_id(cell)])
    add_notes(executed, result.notes)


def _harmless(output: dict[str, Any]) -> dict[str, Any]:
    if "data" not in output:
        return output
    data = output["data"]
    shown = {k: data[k] for k in PICTURES if isinstance(data.get(k), str) and _BASE64.fullmatch(data[k])}
    if isinstance(data.get("text/plain"), str):
        shown["text/plain"] = data["text/plain"]
    return {**output, "data": shown, "metadata": {}}


def _store(cell: dict[str, Any], result: ExerciseResult) -> None:
    """In the metadata for the feedback, without the time it took; in words for who looks at the notebook."""
    cell["metadata"][PLACE] = msgspec.to_builtins(msgspec.structs.replace(result, seconds=0.0))
    told = "\n".join(sentences(result)) + "\n"
    cell["outputs"] = [*cell.get("outputs", []), {"output_type": "stream", "name": "stdout", "text": told}]


def stored_result(cell: dict[str, Any]) -> ExerciseResult | None:
    """The result that was kept with the cell; None when there is none or it cannot be read."""
    try:
        return msgspec.convert(cell["metadata"].get(PLACE), ExerciseResult)
    except msgspec.ValidationError:
        return None


def add_notes(notebook: dict[str, Any], notes: Sequence[str]) -> None:
    """Keep what was mended or left out, for the student, after what is kept already."""
    if notes:
        notebook["metadata"][PLACE] = {"notes": [*notes_of(notebook), *notes]}


def notes_of(notebook: dict[str, Any]) -> list[str]:
    """The notes that were kept."""
    return [str(note) for note in notebook["metadata"].get(PLACE, {}).get("notes", [])]


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
