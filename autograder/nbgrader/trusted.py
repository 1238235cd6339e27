"""The lecturer's notebook as nbgrader knows it: what a submission is measured against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict
from nbgrader.api import Gradebook, Notebook
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme
from traitlets.config import Configurable

from autograder.cells import grade_id
from autograder.intake import IntakeError, parse_notebook, read_file
from autograder.intake.parse import MAX_NOTEBOOK_BYTES

__all__ = ["as_released", "gradebook_cells", "is_trusted", "lecturers_notebook", "released_order"]


def gradebook_cells(notebook: Notebook) -> dict[str, dict[str, Any]]:
    """The cells that nbgrader stored when the assignment was generated: stubs, and tests with their hidden lines."""
    graded = {c.name: float(c.max_score) for c in notebook.grade_cells}
    tasks = {c.name: float(c.max_score) for c in notebook.task_cells}
    solutions = {c.name for c in notebook.solution_cells}
    cells = {}
    for stored in notebook.source_cells:
        name = stored.name
        flags: dict[str, Any] = {
            "schema_version": 3,
            "grade_id": name,
            "cell_type": stored.cell_type,
            "checksum": stored.checksum,
            "grade": name in graded,
            "solution": name in solutions,
            "task": name in tasks,
            "locked": bool(stored.locked),
        }
        if name in graded or name in tasks:
            flags["points"] = graded.get(name, tasks.get(name, 0.0))
        cells[name] = {"cell_type": stored.cell_type, "metadata": {"nbgrader": flags}, "source": stored.source or ""}
    return cells


def lecturers_notebook(
    gradebook: Gradebook, assignment: str, name: str, order: list[str], metadata: dict[str, Any]
) -> dict[str, Any]:
    """The notebook made of the gradebook's cells.

    Args:
        order: grade_ids as they follow each other in the released notebook; cells missing there go to the end.
        metadata: of the submitted notebook, whose kernel is used where the gradebook knows none.
    """
    notebook = gradebook.find_notebook(name, assignment)
    cells = gradebook_cells(notebook)
    known = [n for n in dict.fromkeys(order) if n in cells]
    names = known + sorted(set(cells) - set(known))
    kernel = json.loads(notebook.kernelspec or "{}") or metadata.get("kernelspec")
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel} if kernel else {},
        "cells": [cells[n] for n in names],
    }


def released_order(places: list[Path], name: str) -> list[str]:
    """grade_ids in the order of the first of these folders that holds the notebook; [] when none does."""
    for folder in places:
        try:
            document = parse_notebook(read_file(folder, f"{name}.ipynb", MAX_NOTEBOOK_BYTES))
        except IntakeError:
            continue
        return [cell.grade_id for cell in document.cells if cell.grade_id]
    return []


def as_released(notebook: dict[str, Any], parent: Configurable) -> dict[str, Any]:
    """The notebook less its hidden tests and marking schemes, by nbgrader's own preprocessors and their settings."""
    node: NotebookNode = from_dict(notebook)
    for preprocessor in (ClearHiddenTests, ClearMarkScheme):
        node, _ = preprocessor(parent=parent).preprocess(node, {})
    return dict(node)


def is_trusted(cell: dict[str, Any], cells: dict[str, dict[str, Any]]) -> bool:
    """The cell is the gradebook's to the letter: text, type and flags."""
    stored = cells.get(grade_id(cell))
    if stored is None or stored["source"] != cell["source"] or stored["cell_type"] != cell["cell_type"]:
        return False
    ours, theirs = stored["metadata"]["nbgrader"], cell["metadata"]["nbgrader"]
    return all(bool(ours[flag]) == bool(theirs.get(flag)) for flag in ("grade", "solution", "task"))
