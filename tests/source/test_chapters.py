"""The units' notebooks are whole: four cells an exercise, they run when solved, and only checks fail when not."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import types
from pathlib import Path
from typing import Any

import jupytext
import matplotlib
import matplotlib.pyplot as plt
import pytest

from autograder.cells import Role, grade_id, points, role

matplotlib.use("Agg")
SOURCE = Path(__file__).parents[2] / "source"
NOTEBOOKS = sorted(SOURCE.glob("unit*/*.py"))
UNITS = sorted({path.parent for path in NOTEBOOKS})
SOLUTION = re.compile(r"(?m)^( *)### BEGIN SOLUTION$.*?^ *### END SOLUTION$", flags=re.S)

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: f"{p.parent.name}/{p.stem}")


def cells_of(path: Path) -> list[Any]:
    return jupytext.read(path).cells


@each_notebook
def test_saving_from_jupyter_changes_nothing(path: Path) -> None:
    """The text survives the way to a notebook and back, so that a lecturer's save shows only the lecturer's changes."""
    text = path.read_text()
    assert jupytext.writes(jupytext.reads(text, fmt="py:percent"), fmt="py:percent") == text


@each_notebook
def test_an_exercise_is_four_cells(path: Path) -> None:
    """Statement, solution, visible check, test: in this order, nothing between them."""
    cells = cells_of(path)
    for k, cell in enumerate(cells):
        if role(cell) is Role.SOLUTION:
            name = grade_id(cell)
            assert grade_id(cells[k - 1]) == f"about_{name}" and role(cells[k - 1]) is Role.LOCKED
            assert grade_id(cells[k + 1]) == f"check_{name}" and role(cells[k + 1]) is Role.LOCKED
            assert grade_id(cells[k + 2]) == f"test_{name}" and role(cells[k + 2]) is Role.TEST
            assert f'mark("{path.parent.name}/{name}", ' in cells[k + 2].source


@pytest.mark.parametrize("unit", UNITS, ids=lambda p: p.name)
def test_a_unit_is_worth_a_hundred_points(unit: Path) -> None:
    """90 points for code, 10 for writing, and no id occurs twice in a unit."""
    cells = [cell for path in sorted(unit.glob("*.py")) for cell in cells_of(path)]
    assert sum(points(c) for c in cells if role(c) is Role.TEST) == 90
    assert sum(points(c) for c in cells if role(c) is Role.MANUAL) == 10
    names = [grade_id(c) for c in cells if grade_id(c)]
    assert len(names) == len(set(names))


def run(cells: list[Any]) -> dict[int, str]:
    """Executes the code cells in one namespace; gives the error's name for each cell that raised."""
    marker = types.ModuleType("autograder")
    marker.mark = lambda exercise, *functions: 0.0  # type: ignore[attr-defined]
    namespace: dict[str, Any] = {"__name__": "__main__"}
    errors = {}
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setitem(sys.modules, "autograder", marker)
        patch.setattr(plt, "show", lambda: plt.close("all"))
        for k, cell in enumerate(cells):
            if cell.cell_type == "code":
                try:
                    exec(compile(cell.source, grade_id(cell) or f"cell {k}", "exec"), namespace)
                except Exception as fault:
                    errors[k] = f"{type(fault).__name__}: {fault}"
    return errors


@each_notebook
def test_the_solved_chapter_runs(path: Path) -> None:
    """Every cell runs from top to bottom, the visible checks included."""
    assert run(cells_of(path)) == {}


@each_notebook
def test_an_untouched_chapter_fails_in_its_checks(path: Path) -> None:
    """With stubs every visible check fails as not implemented, and no other locked cell does."""
    cells = cells_of(path)
    for cell in cells:
        cell.source = SOLUTION.sub(r"\1raise NotImplementedError()", cell.source)
    errors = run(cells)
    locked = {grade_id(cells[k]): error for k, error in errors.items() if role(cells[k]) is not Role.FREE}
    checks = [grade_id(c) for c in cells if grade_id(c).startswith("check_")]
    assert sorted(locked) == sorted(checks)
    assert all(error.startswith("NotImplementedError") for error in locked.values())
