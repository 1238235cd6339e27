"""The solved notebooks: executed from top to bottom by a real kernel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from autograder.build import solve
from autograder.errors import BuildError
from tests.build.small_course import TEXT, UNIT, make_course


def test_solved_notebook_has_outputs_and_full_marks(tmp_path: Path) -> None:
    """The source solution runs, beside the unit's data files, and earns every point; progress is told."""
    course = make_course(tmp_path, TEXT.replace("import numpy as np", 'import numpy as np\nopen("data.csv").read(3)'))
    told: list[tuple[int, int, str]] = []
    (solved,) = solve(course, progress=lambda *what: told.append(what))
    assert told == [(0, 1, f"{UNIT}/basics")] and solved.path == f"solutions/{UNIT}/basics.ipynb"
    cells = {cell.id: cell for cell in nbformat.read(tmp_path / solved.path, as_version=4).cells}
    assert "sum(x) / len(x)" in cells["mean_of"].source
    shown = "".join(o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in cells["test_mean_of"].outputs)
    assert "40 of 40 points" in shown and "40.0" in shown
    assert any("x,y" in str(o) for cell in cells.values() for o in cell.get("outputs", []))
    assert not list(course.solutions.glob(".solving-*"))


def test_failing_cell_is_named(tmp_path: Path) -> None:
    """A notebook that does not run is not written; the message names the cell and its error."""
    course = make_course(tmp_path, TEXT.replace("assert callable(doubled)", "assert not callable(doubled)"))
    with pytest.raises(
        BuildError, match=r"basics.py, cell check_doubled: got AssertionError: doubled must be a function"
    ):
        solve(course)
    assert not list(course.solutions.rglob("*.ipynb"))
