"""Syntax trees are kept for the cells that come with every submission, and let go with the others."""

from __future__ import annotations

import weakref

from autograder.key import Bans
from autograder.marking import cellcode
from autograder.marking.cellcode import TREES, parse
from autograder.marking.notebook import run_notebook
from autograder.marking.reach import CodeCell, violations
from autograder.sandbox import CellOutcome
from tests.marking.notebooks import cell, notebook


class Idle:
    """A session in which nothing happens."""

    def run_cell(self, source, place, keep):
        return CellOutcome(status="ok")

    def begin_questions(self):
        pass


def submission(source):
    run_notebook(notebook(cell(source)), Idle(), unit="unit", name="n", secret=b"s", keys={}.__getitem__)


def test_a_notebook_s_trees_go_when_they_are_many():
    """A cell of 1 MiB can take 300 MB as a tree: a worker that kept a thousand of them would not last a class."""
    parse.cache_clear()
    long = "def f(x): return np.linalg.inv(x)\n" * (TREES // 30)
    node = weakref.ref(parse(long)[0])
    violations([CodeCell("f", long, True)], ["f"], Bans(calls=frozenset({"numpy.linalg.solve"})))
    submission("x = 1")
    assert node() is None


def test_the_lecturer_s_cells_are_read_once(monkeypatch):
    """Their trees stay, from one ordinary submission to the next."""
    monkeypatch.setattr(cellcode, "_characters", 0)
    submission("a = 1")
    [imports, *_] = parse("import numpy as np\nTOLERANCE = 1e-6")
    submission("b = 2")
    assert parse("import numpy as np\nTOLERANCE = 1e-6")[0] is imports
