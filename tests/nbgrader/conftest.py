"""A small nbgrader course of plain asserts with hidden tests, graded by the stock commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from tests.intake.notebooks import cell, flags, notebook

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = """
from autograder.nbgrader import configure
c = get_config()
configure(c)
"""
SOLVED = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
HIDDEN = '### BEGIN HIDDEN TESTS\nassert f(21) == 42, "the secret is 42"\n### END HIDDEN TESTS'
TEST = f'assert f(1) == 2, "twice one"\n{HIDDEN}'
RIGHT = "def f(x):\n    return x + x"


def source() -> dict[str, Any]:
    return notebook(
        cell("code", "import math\nscale = 3", flags("setup", locked=True), "setup"),
        cell("code", SOLVED, flags("f", solution=True), "f"),
        cell("code", TEST, flags("test_f", grade=True, locked=True, points=5), "test_f"),
        cell("markdown", "Because.", flags("why", grade=True, solution=True, points=3), "why"),
        cell(
            "code", "assert scale == 3 and f(scale) == 6", flags("test_g", grade=True, locked=True, points=2), "test_g"
        ),
    )


@dataclass
class StockCourse:
    """A course folder in which nbgrader's own commands run."""

    root: Path

    def nbgrader(self, *arguments: str, code: int = 0) -> str:
        scripts = str(Path(sys.executable).parent)
        env = {
            **os.environ,
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.root),
        }
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.root, env=env, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def submit(self, student: str, document: dict[str, Any]) -> Path:
        folder = self.root / "submitted" / student / "ps1"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "p1.ipynb"
        path.write_text(json.dumps(document))
        return path

    def released(self, **answers: str) -> dict[str, Any]:
        """The released notebook with the named cells' text replaced."""
        document = json.loads((self.root / "release" / "ps1" / "p1.ipynb").read_text())
        for c in document["cells"]:
            name = c["metadata"].get("nbgrader", {}).get("grade_id")
            c["source"] = answers.get(name, c["source"])
        return document

    def autograded(self, student: str) -> nbformat.NotebookNode:
        return nbformat.read(self.root / "autograded" / student / "ps1" / "p1.ipynb", 4)

    def scores(self, student: str) -> dict[str, float]:
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            submission = gradebook.find_submission_notebook("p1", "ps1", student)
            return {grade.name: grade.auto_score for grade in submission.grades}


HALF = "def f(x):\n    return {1: 2, 3: 6}.get(x)"
STEAL = """
import numpy as np, sys, os
found = [open(os.path.join(p, n), errors="replace").read() for p, _, ns in os.walk(".") for n in ns]
stolen = [m for m in found if "secret" in m]
class Yes:
    def __eq__(self, other):
        return True
    def __bool__(self):
        return True
def f(x):
    return Yes()
scale = Yes()
print("stolen:", stolen)
"""
WRITE = f"{RIGHT}\nopen('out.txt', 'w').write(open('data.csv').read())"
PAINT = f"""{RIGHT}
from IPython.display import HTML, Javascript, SVG, display
display(HTML("<script>attack()</script><b>shown as text</b>"), Javascript("attack()"))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" onload="attack()"/>'))
display({{"image/png": '"><script>attack()</script>'}}, raw=True)
"""
WRITTEN = """It **doubles** $x < y$. <script>attack()</script><img src="x" onerror="attack()">
<a href="javascript:attack()">a</a> <a href="da&#116;a:text/html,attack()">b</a> <a href="https://example.org">c</a>"""


def forged(course: StockCourse) -> dict[str, Any]:
    """A solution cell that claims to be a test, a test with more points, and a copy of a test."""
    document = course.released(f=RIGHT, why="x")
    document["cells"][1]["metadata"]["nbgrader"] |= {"grade": True, "solution": False, "locked": True, "points": 99}
    document["cells"][2]["metadata"]["nbgrader"] |= {"points": 1000}
    copied = flags("test_f", grade=True, locked=True, points=1000)
    document["cells"].append(cell("code", "1000.0", copied, "again"))
    return document


def thin(course: StockCourse) -> dict[str, Any]:
    """A test cell was deleted."""
    document = course.released(f=RIGHT)
    del document["cells"][2]
    return document


def submit_all(course: StockCourse) -> None:
    course.submit("right", course.released(f=RIGHT, why="It doubles."))
    course.submit("wrong", course.released(f=HALF))
    course.submit("empty", course.released())
    course.submit("thief", course.released(f=STEAL))
    course.submit("forger", forged(course))
    course.submit("writer", course.released(f=WRITE))
    course.submit("painter", course.released(f=PAINT, why=WRITTEN))
    course.submit("noted", thin(course))
    path = course.submit("linker", course.released())
    path.unlink()
    path.symlink_to(course.root / "source" / "ps1" / "p1.ipynb")


@dataclass
class GradedCourse(StockCourse):
    """The course after one `nbgrader autograde` and one `nbgrader generate_feedback` for everybody."""

    said: str = ""  # by autograde

    def page(self, student: str) -> str:
        return (self.root / "feedback" / student / "ps1" / "p1.html").read_text()


@pytest.fixture(scope="session")
def stock_course(tmp_path_factory: pytest.TempPathFactory) -> GradedCourse:
    """Generated, handed in, graded and told by the stock commands, once."""
    root = tmp_path_factory.mktemp("course")
    (root / "nbgrader_config.py").write_text(CONFIGURATION)
    (root / "source" / "ps1").mkdir(parents=True)
    (root / "source" / "ps1" / "p1.ipynb").write_text(json.dumps(source()))
    (root / "source" / "ps1" / "data.csv").write_text("1,2,3\n")
    course = GradedCourse(root)
    course.nbgrader("generate_assignment", "ps1")
    submit_all(course)
    course.said = course.nbgrader("autograde", "ps1", code=1)  # for the link
    course.nbgrader("generate_feedback", "ps1")
    return course
