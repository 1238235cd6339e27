"""Small notebooks for the tests of marking."""

from __future__ import annotations

from typing import Any

LOCKED = {"locked": True}
SOLUTION = {"solution": True}
MARK = "### BEGIN HIDDEN TESTS\nfrom autograder import mark\nmark('unit/softmax', softmax)\n### END HIDDEN TESTS"


def cell(source: str, grade_id: str = "", kind: str = "code", **flags: Any) -> dict[str, Any]:
    """A cell; without grade_id a student's own."""
    metadata = {"nbgrader": {"grade_id": grade_id, "schema_version": 3, **flags}} if grade_id else {}
    made = {"cell_type": kind, "id": grade_id or "free", "metadata": metadata, "source": source}
    return {**made, "outputs": [], "execution_count": None} if kind == "code" else made


def test_cell(source: str, grade_id: str, points: float) -> dict[str, Any]:
    return cell(source, grade_id, grade=True, locked=True, points=points)


test_cell.__test__ = False  # type: ignore[attr-defined]


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    imports = cell("import numpy as np\nTOLERANCE = 1e-6", "imports", **LOCKED)
    return {"cells": [imports, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
