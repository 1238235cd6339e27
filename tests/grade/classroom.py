"""A released course of two exercises and a derivation, and submissions to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.sandbox import Limits
from tests.build.small_course import UNIT

NOTEBOOK = "basics"
LIMITS = Limits(cell_seconds=3, part_seconds=3, submission_seconds=20)
RIGHT = {"doubled": "def doubled(x):\n    return x * 2", "mean_of": "def mean_of(x):\n    return sum(x) / len(x)"}
ON_BOTH = pytest.mark.parametrize("course", ["sqlite", "postgresql"], indirect=True)  # where the gradebook is
COLUMNS = ("auto_score", "manual_score", "extra_credit", "needs_manual_grade")


def submit(course: Course, student: str, extra: str = "", **answers: str) -> Path:
    """Hand in the notebook with these answers, the right ones elsewhere; `extra` goes into a cell at the top."""
    notebook = json.loads((course.release / UNIT / f"{NOTEBOOK}.ipynb").read_text())
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in RIGHT:
            cell["source"] = answers.get(name, RIGHT[name])
        elif name == "derive_mean":
            cell["source"] = answers.get(name, "Set the derivative to zero.")
    if extra:
        cell = {
            "cell_type": "code",
            "id": "extra",
            "metadata": {},
            "source": extra,
            "outputs": [],
            "execution_count": None,
        }
        notebook["cells"].insert(1, cell)
    folder = course.submitted / student / UNIT
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NOTEBOOK}.ipynb").write_text(json.dumps(notebook))
    (folder / "timestamp.txt").write_text("2030-02-01 12:00:00 UTC")
    return folder


def scores(course: Course) -> dict[str, dict[str, Any]]:
    """Everything that the gradebook holds of the unit, without its random ids."""
    found = {}
    with Gradebook(course.database) as gb:
        for submission in gb.assignment_submissions(UNIT):
            for notebook in submission.notebooks:
                cells = {g.name: tuple(getattr(g, c) for c in COLUMNS) for g in notebook.grades}
                comments = {c.name: (c.auto_comment, c.manual_comment) for c in notebook.comments}
                found[submission.student.id] = {"cells": cells, "comments": comments, "time": submission.timestamp}
    return found


def points(course: Course) -> dict[str, float]:
    """Machine-given points of each student."""
    return {
        student: sum(cell[0] or 0.0 for cell in known["cells"].values()) for student, known in scores(course).items()
    }
