"""Right answers keep their marks however they are written: rows 27-28 of docs/threat_model.md, on all of unit 2."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable

import pytest

from autograder.cells import Role, grade_id, role
from autograder.course import Course
from autograder.grade import grade_units
from autograder.key import load_key
from autograder.key.sources import as_cell
from autograder.record import results
from autograder.results import SubmissionResult
from autograder.verify.answers import solution_cell, source_of

UNIT = "unit02_logistic"
Style = Callable[[str, str], list[str]]  # name of the cell, right text -> texts of the student's cells


def before(prelude: str) -> Style:
    """The same lines in a cell before each answer."""
    return lambda name, text: [prelude, text]


def in_front(line: str) -> Style:
    """The same line at the top of each answer's cell."""
    return lambda name, text: [f"{line}\n{text}"]


def wrong_first(name: str, text: str) -> list[str]:
    """Defined twice: the last counts."""
    return [text.replace("return", "return 7 or", 1), text]


def helper_apart(name: str, text: str) -> list[str]:
    """The answer stands in a cell of its own; the given cell only refers to it."""
    return [text, "print('done above')"]


STYLES: dict[str, Style] = {
    "as_it_is": lambda name, text: [text],
    "defined_twice": wrong_first,
    "in_a_cell_of_its_own": helper_apart,
    "prints_and_plots": before("import matplotlib.pyplot as plt\nprint('x' * 100)\nplt.plot([1, 2])\nplt.show()"),
    "inline_magic": in_front("%matplotlib inline"),
    "autoreload": before("%load_ext autoreload\n%autoreload 2"),
    "shell": in_front("!ls > /dev/null"),
    "top_level_await": before("import asyncio\nawait asyncio.sleep(0.001)"),
    "logging": before("import logging\nlogging.basicConfig(level=0)\nlogging.warning('here')"),
    "changed_directory": before("import os\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')"),
    "warnings_as_errors": before("import warnings\nwarnings.simplefilter('error')"),
    "numpy_raises": before("import numpy as np\nnp.seterr(all='raise')"),
    "torch_defaults": before("import torch\ntorch.set_default_dtype(torch.float64)\ntorch.set_num_threads(1)"),
    "stderr": before("import sys\nprint('careful', file=sys.stderr)"),
    "crash_elsewhere": before("1 / 0"),
    "timed": lambda name, text: ["%%time\nx = sum(range(1000))", text],
    "progress_bar": before("import sys\nfor i in range(50):\n    sys.stderr.write(f'\\r{i}/50')"),
    "type_checking": before("from __future__ import annotations\nfrom typing import Any\nimport numpy.typing as npt"),
}


@functools.cache  # loading a key takes a moment
def right_answers(course: Course, exercise: str) -> list[str]:
    """The solution and every accepted answer of the key, as cells."""
    key = load_key(course.solutions, exercise)
    solution = "\n".join(
        line for line in solution_cell(source_of(course, exercise), exercise).splitlines() if "###" not in line
    )
    return [solution, *(f"{solution}\n\n{as_cell(key, a)}" for a in key.accepted)]


def hand_in(course: Course, student: str, style: Style, turn: int) -> None:
    """All notebooks of the unit, each answer in this style; `turn` chooses among the right answers."""
    for path in sorted((course.release / UNIT).glob("*.ipynb")):
        notebook = json.loads(path.read_bytes())
        cells = []
        for cell in notebook["cells"]:
            if role(cell) is Role.SOLUTION:
                right = right_answers(course, f"{UNIT}/{grade_id(cell)}")
                *others, last = style(grade_id(cell), right[turn % len(right)])
                cells += [_own(text) for text in others]
                cell["source"] = last
            cells.append(cell)
        notebook["cells"] = cells
        target = course.submitted / student / UNIT / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(notebook))


def _own(source: str) -> dict[str, object]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


@pytest.fixture(scope="module")
def graded(unit_two: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, SubmissionResult]:
    course = Course.at(unit_two.home, tmp_path_factory.mktemp("fair"))
    for turn, (name, style) in enumerate(STYLES.items()):
        hand_in(course, name, style, turn)
    grade_units(course, [UNIT])
    return {entry.result.student: entry.result for entry in results(course, UNIT)}


@pytest.mark.parametrize("style", STYLES)
def test_right_answers_in_every_style(graded: dict[str, SubmissionResult], style: str) -> None:
    """All eleven exercises earn full marks, whatever stands around the answer."""
    exercises = [e for n in graded[style].notebooks for e in n.exercises]
    assert len(exercises) == 11
    lost = {
        e.exercise: (e.verdict, e.message, [p.message for p in e.parts if p.message])
        for e in exercises
        if e.points < e.max_points
    }
    assert not lost
