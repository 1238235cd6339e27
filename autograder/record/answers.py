"""Fingerprints of a student's answers: a lecturer's mark is kept while the text under it stays the same."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from autograder.cells import Role, grade_id, role

__all__ = ["NO_RESPONSE", "NotebookAnswers", "fingerprint"]

NO_RESPONSE = "No response."  # nbgrader's own words for an answer that was left as released
ANSWERS = (Role.SOLUTION, Role.MANUAL)


class NotebookAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """What a student wrote in one notebook, as digests."""

    cells: dict[str, str] = {}  # answer cells: grade_id to digest of the text
    untouched: tuple[str, ...] = ()  # answer cells that are still as they were released
    whole: str = ""  # digest of all the student's cells together


def fingerprint(notebook: dict[str, Any], released: dict[str, Any]) -> NotebookAnswers:
    """The answers in a notebook, beside the notebook as students received it."""
    stubs = {grade_id(c): text(c) for c in released["cells"] if role(c) in ANSWERS}
    cells: dict[str, str] = {}
    untouched = []
    whole = hashlib.sha256()
    for cell in notebook["cells"]:
        part = role(cell)
        if part not in (*ANSWERS, Role.FREE):
            continue
        content = text(cell).encode("utf-8", "replace")
        whole.update(content + b"\0")
        if part in ANSWERS and (name := grade_id(cell)):
            cells[name] = hashlib.sha256(content).hexdigest()
            if stubs.get(name) == text(cell):
                untouched.append(name)
    return NotebookAnswers(cells=cells, untouched=tuple(untouched), whole=whole.hexdigest())


def text(cell: dict[str, Any]) -> str:
    """A cell's source, which the format keeps as a string or as a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)
