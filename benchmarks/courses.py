"""Courses and submissions that every grader gets alike.

The light course is plain nbgrader: a torch notebook with hidden asserts, which stock nbgrader, otter and we all grade.
"""

from __future__ import annotations

import copy
import json
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from measure import run
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pages import HOME

from autograder.build.text import read_notebook
from autograder.cells import Role, grade_id, role
from autograder.course import Course

__all__ = ["LIGHT", "Class", "Size", "prepare"]

LIGHT = "light"
CONFIG = "c = get_config()\nc.CourseDirectory.ignore = ['*.py', '.ipynb_checkpoints']\n"
SOLUTION = '''def mlp(x, W1, b1, W2, b2):
    """Two layers: x (n, d), W1 (m, d), b1 (m,), W2 (k, m), b2 (k,); returns (n, k)."""
    ### BEGIN SOLUTION
    return torch.relu(x @ W1.T + b1) @ W2.T + b2
    ### END SOLUTION'''
ANSWER = "\n".join(line for line in SOLUTION.splitlines() if "###" not in line)
TESTS = {
    "test_shape": "g = torch.Generator().manual_seed(0)\n"
    "args = [torch.randn(s, generator=g) for s in [(5, 3), (4, 3), (4,), (2, 4), (2,)]]\n"
    "assert mlp(*args).shape == (5, 2)",
    "test_values": "x, W1, b1, W2, b2 = args\n"
    "expected = torch.clamp(x @ W1.T + b1, min=0) @ W2.T + b2\n"
    "assert torch.allclose(mlp(*args), expected)",
    "test_zero": "assert not mlp(*[torch.zeros_like(a) for a in args]).any()",
}


def _graded(source: str, name: str, **flags: Any) -> Any:
    flags = {"grade": False, "locked": False, "solution": False, "task": False, **flags}
    cell = new_code_cell(source, metadata={"nbgrader": {"grade_id": name, "schema_version": 3, **flags}})
    cell.id = name
    return cell


def _light_course(folder: Path) -> None:
    """A plain nbgrader course with one small torch notebook."""
    cells = [
        new_markdown_cell("# A small network", id="title"),
        _graded("import torch", "setup", locked=True),
        _graded(SOLUTION, "mlp", solution=True),
    ]
    for name, test in TESTS.items():
        hidden = f"### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS"
        cells.append(_graded(hidden, name, grade=True, locked=True, points=1))
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "source" / LIGHT / "light.ipynb"
    path.parent.mkdir(parents=True)
    (folder / "solutions").mkdir()
    nbformat.write(notebook, path)


@dataclass(frozen=True)
class Size:
    """What a submission consists of."""

    notebooks: int
    exercises: int

    @property
    def allowance(self) -> float:
        """Seconds that the design lets grading add to the answers' own compute."""
        return 0.025 * self.notebooks + 0.008 * self.exercises


@dataclass(frozen=True)
class Class:
    """A released unit, and the answers that everybody gives.

    Args:
        folder: the course.
        answers: text of each solution cell by grade_id.
    """

    folder: Path
    unit: str
    answers: dict[str, str]

    @property
    def course(self) -> Course:
        return Course.at(self.folder)

    @property
    def size(self) -> Size:
        """Of the released unit."""
        paths = sorted((self.folder / "release" / self.unit).glob("*.ipynb"))
        cells = [cell for path in paths for cell in json.loads(path.read_bytes())["cells"]]
        return Size(len(paths), sum(role(cell) is Role.TEST for cell in cells))

    def submit(self, numbers: Iterable[int]) -> None:
        """Submissions of numbered students in which each solution cell holds its answer."""
        _submit_copies(self.folder, self.unit, self.answers, numbers)

    def copy(self, folder: Path) -> Class:
        """The same in another place."""
        return Class(Path(shutil.copytree(self.folder, folder)), self.unit, self.answers)


def prepare(folder: Path, unit: str) -> Class:
    """A course of its own with one released unit: the light one, or one of this repository's."""
    if unit == LIGHT:
        _light_course(folder)
        answers, command = {"mlp": ANSWER}, ["nbgrader", "generate_assignment", unit]
    else:
        _unit_course(folder, unit)
        answers, command = _solutions(folder, unit), ["autograder", "release", unit]
    (folder / "nbgrader_config.py").write_text(CONFIG)
    run([sys.executable, "-m", *command], folder)
    return Class(folder, unit, answers)


def _unit_course(folder: Path, unit: str) -> None:
    """A copy of one unit of the course, text and keys, without anything that a class left behind."""
    for part in ("source", "solutions"):
        shutil.copytree(HOME / part / unit, folder / part / unit, ignore=shutil.ignore_patterns("*.ipynb"))


def _solutions(home: Path, unit: str) -> dict[str, str]:
    """The source's own answers by grade_id, without markers."""
    notebooks = [read_notebook(p, home) for p in sorted((home / "source" / unit).glob("*.py"))]
    cells = [cell for notebook in notebooks for cell in notebook.cells if role(cell) is Role.SOLUTION]
    return {grade_id(c): "\n".join(line for line in c.source.splitlines() if "###" not in line) for c in cells}


def _submit_copies(course: Path, unit: str, answers: dict[str, str], numbers: Iterable[int]) -> None:
    numbers = list(numbers)
    for released in sorted((course / "release" / unit).glob("*.ipynb")):
        notebook = json.loads(released.read_bytes())
        for number in numbers:
            mine = copy.deepcopy(notebook)
            for cell in mine["cells"]:
                if role(cell) is Role.SOLUTION and grade_id(cell) in answers:
                    cell["source"] = f"{answers[grade_id(cell)]}\n# student {number}"
            target = course / "submitted" / f"student{number:04d}" / unit / released.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(mine))
