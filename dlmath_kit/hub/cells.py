"""Notebooks as lists of cells: reading them, the exercises in them, what is run when a student validates."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Exercise", "Step", "Unreadable", "exercises", "heading", "program", "read_cells", "text_of"]

Cell = dict[str, Any]
LARGEST = 64 * 2**20
PICTURE = "picture"  # a lecturer's tag: the cell only shows something, so no check needs it


class Unreadable(Exception):
    """A file that is no notebook; the text is a sentence."""


@dataclass(frozen=True)
class Exercise:
    """An exercise of a notebook.

    Args:
        name: grade_id of its solution cell.
        title: the heading above it, "" where there is none.
        checks: grade_ids of its visible checks, in order.
        written: a person marks it.
    """

    name: str
    title: str
    checks: tuple[str, ...]
    written: bool


@dataclass(frozen=True)
class Step:
    """One cell to run: its grade_id ("" for the student's own cells), its text, and where the text comes from."""

    grade_id: str
    source: str
    restored: bool = False


def read_cells(path: Path) -> list[Cell]:
    """The cells of a notebook; metadata and source are of the types that the rest relies on."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            raise Unreadable(f"{path.name} is not a plain file, or far too large.")
        document = json.loads(path.read_bytes())
        cells = document["cells"]
        good = [c for c in cells if isinstance(c, dict)]
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise Unreadable(
            f"{path.name} cannot be read as a notebook: it is damaged or was cut off. If JupyterLab cannot open it "
            "either, rename it and restore the notebook."
        ) from error
    return good


def text_of(cell: Cell) -> str:
    """A cell's text."""
    source = cell.get("source", "")
    return "".join(str(line) for line in source) if isinstance(source, list) else str(source)


def _flags(cell: Cell) -> dict[str, Any]:
    metadata = cell.get("metadata")
    flags = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return flags if isinstance(flags, dict) else {}


def grade_id(cell: Cell) -> str:
    """nbgrader's id of a cell, "" for the student's own."""
    return str(_flags(cell).get("grade_id") or "")


def _is_code(cell: Cell) -> bool:
    return cell.get("cell_type") == "code"


def _is_locked(cell: Cell) -> bool:
    flags = _flags(cell)
    return bool(flags) and not flags.get("solution") and not flags.get("task")


def _is_picture(cell: Cell) -> bool:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return not _flags(cell) and isinstance(tags, list) and PICTURE in tags


def _checks_something(cell: Cell) -> bool:
    """A locked cell of code with an assertion, or a test cell that is more than comments."""
    if not (_is_code(cell) and _is_locked(cell)):
        return False
    try:
        tree = ast.parse(text_of(cell))
    except SyntaxError:  # magics: it is run like any other
        return bool(_flags(cell).get("grade"))
    return bool(tree.body) and (
        bool(_flags(cell).get("grade")) or any(isinstance(n, ast.Assert) for n in ast.walk(tree))
    )


def exercises(released: list[Cell]) -> list[Exercise]:
    """The exercises of a released notebook: each solution cell with the checks that follow it."""
    found: list[Exercise] = []
    title = ""
    for cell in released:
        flags = _flags(cell)
        if flags.get("solution"):
            found.append(Exercise(grade_id(cell), title, (), bool(flags.get("grade"))))
        elif _checks_something(cell) and found:
            last = found[-1]
            found[-1] = Exercise(last.name, last.title, (*last.checks, grade_id(cell)), last.written)
        elif cell.get("cell_type") == "markdown":
            title = heading(text_of(cell)) or title
    return found


def heading(markdown: str) -> str:
    """The first heading of a text, with its formulas as plain letters; "" where there is none."""
    line = re.search(r"^#{1,4}\s+(.+)$", markdown, re.MULTILINE)
    if line is None:
        return ""
    letters = re.sub(r"\\([A-Za-z]+)", _letter, line.group(1).replace("$", ""))
    return re.sub(r"[*_`{}]", "", letters).strip()


def _letter(command: re.Match[str]) -> str:
    name = command.group(1)
    kind = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {kind} LETTER {name.upper()}")
    except KeyError:
        return name


def program(released: list[Cell], student: list[Cell]) -> list[Step]:
    """The cells of code to run: the student's in their order, locked ones as they were released.

    A locked cell that was changed is run as it was released, one that was deleted is put back behind the
    cell that it followed: so grading does it too.
    """
    locked = {grade_id(c): text_of(c) for c in released if _is_code(c) and _is_locked(c) and grade_id(c)}
    present = {grade_id(c) for c in student if _is_code(c)}
    missing = _missing_after(released, present & {grade_id(c) for c in released}, locked)
    steps = list(missing.pop("", ()))
    for cell in student:
        name = grade_id(cell)
        if _is_code(cell) and not _is_picture(cell):
            text = text_of(cell)
            original = locked.get(name, text)
            steps.append(Step(name, original, restored=original != text))
        steps += missing.pop(name, ()) if _is_code(cell) else ()
    return steps


def _missing_after(released: list[Cell], anchors: set[str], locked: dict[str, str]) -> dict[str, list[Step]]:
    """For each code cell that is there (or "": the start), the missing locked cells that followed it."""
    after: dict[str, list[Step]] = {}
    anchor = ""
    for cell in released:
        name = grade_id(cell)
        if not _is_code(cell) or not name:
            continue
        if name in anchors:
            anchor = name
        elif name in locked:
            after.setdefault(anchor, []).append(Step(name, locked[name], restored=True))
    return after


def answers(cells: list[Cell]) -> Iterator[tuple[str, Cell]]:
    """The cells that hold answers, by grade_id."""
    return ((grade_id(c), c) for c in cells if _flags(c).get("solution") and grade_id(c))
