"""What a notebook's cells are for, read from nbgrader's metadata."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

__all__ = ["GIVEN", "PICTURE", "Role", "grade_id", "is_given", "is_picture", "points", "role", "tags"]

PICTURE = "picture"  # a lecturer's tag: the cell only shows something, grading does not run it
GIVEN = "given"  # intake's tag: a lecturer's free cell that the student left alone


class Role(StrEnum):
    """The part that a cell plays in grading."""

    TEST = "test"  # graded by machine: locked, has points
    SOLUTION = "solution"  # the student's answer
    MANUAL = "manual"  # the student's answer, graded by a person
    TASK = "task"  # nbgrader's task cell, graded by a person
    LOCKED = "locked"  # the lecturer's: statement, import, visible check
    FREE = "free"  # everything else


def _flags(cell: dict[str, Any]) -> dict[str, Any]:
    flags = cell.get("metadata", {}).get("nbgrader", {})
    return flags if isinstance(flags, dict) else {}


def grade_id(cell: dict[str, Any]) -> str:
    """nbgrader's id of the cell, "" when it has none."""
    return str(_flags(cell).get("grade_id", "") or "")


def points(cell: dict[str, Any]) -> float:
    """Points of a graded cell, 0 for the others."""
    return float(_flags(cell).get("points", 0) or 0)


def tags(cell: dict[str, Any]) -> list[str]:
    """The cell's tags."""
    found = cell.get("metadata", {}).get("tags", [])
    return [str(tag) for tag in found] if isinstance(found, list) else []


def is_picture(cell: dict[str, Any]) -> bool:
    """Is this a free cell that only shows something?"""
    return PICTURE in tags(cell) and role(cell) is Role.FREE


def is_given(cell: dict[str, Any]) -> bool:
    """Is this a lecturer's free cell that the student left alone, in a notebook from intake?"""
    return GIVEN in tags(cell) and role(cell) is Role.FREE


def role(cell: dict[str, Any]) -> Role:
    flags = _flags(cell)
    if flags.get("task"):
        return Role.TASK
    if flags.get("grade"):
        return Role.MANUAL if flags.get("solution") else Role.TEST
    if flags.get("solution"):
        return Role.SOLUTION
    return Role.LOCKED if flags.get("locked") else Role.FREE
