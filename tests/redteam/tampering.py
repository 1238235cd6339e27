"""Attempts to change the notebook instead of the answers: row 8 of docs/threat_model.md."""

from __future__ import annotations

import copy
from typing import Any

from tests.redteam.attack import Attack

__all__ = ["TAMPERING"]

Cells = list[dict[str, Any]]


def _flags(cell: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = cell["metadata"].get("nbgrader", {})
    return found


def _tests(cells: Cells) -> Cells:
    return [cell for cell in cells if _flags(cell).get("grade")]


def raise_points(cells: Cells) -> None:
    for cell in _tests(cells):
        _flags(cell)["points"] = 1000


def rewrite_tests(cells: Cells) -> None:
    for cell in _tests(cells):
        cell["source"] = "100.0"


def make_tests_answers(cells: Cells) -> None:
    for cell in _tests(cells):
        _flags(cell).update(solution=True, locked=False)
        cell["source"] = "100.0"


def turn_grading_off(cells: Cells) -> None:
    for cell in _tests(cells):
        _flags(cell).update(grade=False, task=True, checksum="0" * 32)


def delete_tests(cells: Cells) -> None:
    cells[:] = [cell for cell in cells if not _flags(cell).get("grade")]


def put_tests_first(cells: Cells) -> None:
    cells.sort(key=lambda cell: not _flags(cell).get("grade"))


def duplicate_tests(cells: Cells) -> None:
    for cell in _tests(cells):
        cells.append({**copy.deepcopy(cell), "source": "100.0", "id": f"{cell['id']}-again"})


def give_all_cells_one_id(cells: Cells) -> None:
    for cell in cells:
        cell["id"] = "same"


def swap_names_of_tests(cells: Cells) -> None:
    first, _, second, *_ = _tests(cells)
    a, b = _flags(first), _flags(second)
    a["grade_id"], b["grade_id"] = b["grade_id"], a["grade_id"]


def hide_code_in_raw_cells(cells: Cells) -> None:
    source = "def double(x):\n    return 2 * np.asarray(x)"
    cells.append({"cell_type": "raw", "metadata": {}, "source": source, "id": "hidden-code"})
    cells.append({"cell_type": "markdown", "metadata": {}, "source": f"```python\n{source}\n```", "id": "fenced-code"})


TAMPERING = [
    Attack(8, change.__name__.replace("_", " "), change=change)
    for change in (
        raise_points,
        rewrite_tests,
        make_tests_answers,
        turn_grading_off,
        delete_tests,
        put_tests_first,
        duplicate_tests,
        give_all_cells_one_id,
        swap_names_of_tests,
        hide_code_in_raw_cells,
    )
]
