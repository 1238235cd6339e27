"""Rows 29-30 of docs/threat_model.md: what was wrong before, and what is slow but right, costs a right answer nothing."""

from __future__ import annotations

import ast
import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.cells import Role, grade_id, role
from autograder.course import Course
from autograder.key import load_key
from autograder.marking import mark_exercise
from autograder.marking.reach import CodeCell
from autograder.marking.sandboxed import SandboxAnswers
from autograder.results import ExerciseResult, Verdict
from autograder.sandbox import Limits, Sandbox
from autograder.verify.answers import context_cells, solution_cell, source_of

COURSE = Course.at(Path(__file__).resolve().parents[2])
LATE = [  # of each unit an exercise that comes after others, and two whose solution calls an earlier answer
    "unit01_machine_learning/kmeans_step",
    "unit02_logistic/softmax_sgd",
    "unit03_optimization/adam",
    "unit03_optimization/newton_logistic",
    "unit04_feedforward/mlp_forward",
    "unit04_feedforward/mlp_backward",
    "unit05_convolution/conv2d_backward",
    "unit09_reinforcement/policy_iteration",
]


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    limits = Limits(cell_seconds=20, part_seconds=20, submission_seconds=200)
    with Sandbox(limits=limits, library=COURSE.library(), heavy=("torch",)) as opened:
        yield opened


def raises_when_called(source: str) -> str:
    """Every function and method is there, and fails."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = ast.parse("raise RuntimeError('a mistake')").body
    return ast.unparse(tree)


def raises_at_once(source: str) -> str:
    """The cell defines nothing."""
    return "1 / 0\n" + source


def ends_the_process(source: str) -> str:
    """The cell takes the notebook's process with it."""
    return source + "\nimport os\nos._exit(1)"


def returns_nonsense(source: str) -> str:
    """Every function gives something else."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.body = ast.parse("return 'nonsense'").body
    return ast.unparse(tree)


WRONG = [raises_when_called, raises_at_once, ends_the_process, returns_nonsense]


def marked(box: Sandbox, exercise: str, wrong: object) -> ExerciseResult:
    """The right answer, after all earlier exercises of its notebook went wrong."""
    key, notebook = load_key(COURSE.solutions, exercise), source_of(COURSE, exercise)
    answers = {cell.id for cell in notebook.cells if role(cell) is Role.SOLUTION}
    name = exercise.split("/")[1]
    code = []
    with box.session() as session:
        for cell_id, source in context_cells(notebook, exercise):
            text = wrong(source) if cell_id in answers else source  # type: ignore[operator]
            session.run_cell(text, cell_id)
            code.append(CodeCell(cell_id, text))
        code.append(CodeCell(name, solution_cell(notebook, exercise)))
        assert session.run_cell(code[-1].text, name).status == "ok"
        return mark_exercise(key, SandboxAnswers(session, key.bans), b"secret", cells=code)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: w.__name__)
@pytest.mark.parametrize("exercise", LATE)
def test_what_came_before_costs_nothing(box: Sandbox, exercise: str, wrong: object) -> None:
    """Full marks; or the exercise is BLOCKED and its message says by what."""
    result = marked(box, exercise, wrong)
    if result.verdict is Verdict.BLOCKED:
        earlier = [grade_id(c) for c in source_of(COURSE, exercise).cells if role(c) is Role.SOLUTION]
        assert any(name in result.message for name in earlier), result.message
        return
    assert result.points == result.max_points, [(p.name, p.message) for p in result.parts if p.message]


def burn(seconds: float) -> None:
    """Keep one processor busy."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@pytest.fixture
def busy() -> Iterator[None]:
    """Twice as many programs at work as there are processors."""
    programs = [
        multiprocessing.get_context("fork").Process(target=burn, args=(300.0,), daemon=True)
        for _ in range(2 * len(os.sched_getaffinity(0)))
    ]
    for program in programs:
        program.start()
    yield
    for program in programs:
        program.kill()
        program.join()


def test_a_busy_machine_stops_nobody(busy: None) -> None:
    """Limits count processor time: with half of them used, and the machine shared by others, nothing times out."""
    with (
        Sandbox(limits=Limits(cell_seconds=2, part_seconds=2, submission_seconds=120), heavy=()) as box,
        box.session() as s,
    ):
        work = "import time\nend = time.process_time() + 0.7\nwhile time.process_time() < end: pass\n"
        assert s.run_cell(work).status == "ok"
        s.run_cell("def f():\n" + "".join(f"    {line}\n" for line in work.splitlines()) + "    return 7")
        with s.fork() as branch:
            assert branch.get("f")() == 7
