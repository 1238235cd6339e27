"""Batches of the formgrader: out of process, joined, queued, cancelled, remembered."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.hub.grading import Board, outside_environment
from autograder.hub.grading_runs import Run, remembered
from tests.build.small_course import UNIT, released_course
from tests.grade.classroom import points, submit

SLOW = "import time\ntime.sleep(1.0)\ndef doubled(x):\n    return x * 2"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return released_course(tmp_path_factory.mktemp("grading"))


@pytest.fixture
def course(released: Course, tmp_path: Path) -> Course:
    shutil.copytree(released.home, tmp_path / "course")
    return Course.at(tmp_path / "course")


@pytest.fixture
def board(course: Course, tmp_path: Path) -> Board:
    return Board(course.home, tmp_path / "progress" / "grading.json", workers=1)


def test_a_batch_reports_its_progress_and_its_verdicts(course: Course, board: Board) -> None:
    """While a batch runs the loop is free and the view tells how far it is; at the end it tells how many got what."""
    submit(course, "s1")
    submit(course, "s2", doubled="def doubled(x):\n    return x * 3")
    submit(course, "s3", doubled=SLOW)
    seen = []

    async def grade() -> Run:
        run = board.press(UNIT, who="ann")
        task = asyncio.ensure_future(board.end_of(run))
        while not task.done():
            await asyncio.sleep(0.05)
            if running := board.view()["running"]:
                seen.append((running["done"], running["total"]))
        return run

    run = asyncio.run(grade())
    assert (run.state, run.graded, run.verdicts) == ("done", 3, {"PASS": 5, "FAIL": 1}), (run.message, run.log)
    assert run.manual == 3 and not run.broken
    assert (1, 3) in seen or (2, 3) in seen, "progress was seen before the end"
    assert points(course) == {"s1": 90.0, "s2": 40.0, "s3": 90.0}


def test_a_second_press_joins(course: Course, board: Board) -> None:
    """The same press, or one for a student of the unit that is being graded, does not start another batch."""
    submit(course, "s1")

    async def press() -> tuple[Run, ...]:
        runs = (board.press(UNIT, who="ann"), board.press(UNIT, who="bob"), board.press(UNIT, ["s1"], who="carl"))
        await asyncio.sleep(0.3)
        later = board.press(UNIT, who="dora")
        await board.end_of(later)
        return (*runs, later)

    runs = asyncio.run(press())
    assert len({id(run) for run in runs}) == 1 and runs[0].who == "ann" and runs[0].state == "done"


def test_single_students_wait_together(board: Board) -> None:
    """Presses on several students while something else runs make one batch, not one each."""
    first = Run(unit="other")
    board.running = first

    async def press() -> list[Run]:
        board._task = asyncio.get_running_loop().create_task(asyncio.sleep(0))  # nothing is taken up here
        return [board.press(UNIT, [name], force=True) for name in ("s1", "s2", "s1")]

    runs = asyncio.run(press())
    assert len(board.waiting) == 1 and runs[0].students == ("s1", "s2")


def test_cancel_keeps_what_was_done(course: Course, board: Board) -> None:
    """A cancelled batch ends soon, names who cancelled, keeps its marks, and a second one does the rest."""
    for number in range(8):
        submit(course, f"s{number}", doubled=SLOW)

    async def cancelled() -> Run:
        run = board.press(UNIT, who="ann")
        while run.done < 1:
            await asyncio.sleep(0.05)
        board.cancel("bob")
        return await board.end_of(run)

    run = asyncio.run(cancelled())
    assert run.state == "cancelled" and "bob" in run.message
    assert 1 <= run.graded < 8 and run.left == 8 - run.graded
    assert len(points(course)) == run.graded

    async def rest() -> Run:
        return await board.end_of(board.press(UNIT))

    assert asyncio.run(rest()).graded == run.left


def test_broken_submissions_are_listed(course: Course, board: Board) -> None:
    """A fault of the key is BROKEN: the students concerned are named, with file and line for staff."""
    submit(course, "s1")
    key = course.solutions / UNIT / "doubled.py"
    key.write_text(
        key.read_text().replace(
            "def agrees_with_the_reference(answer, rng):", "def agrees_with_the_reference(answer, rng):\n    1 / 0"
        )
    )
    assert "1 / 0" in key.read_text()

    async def grade() -> Run:
        return await board.end_of(board.press(UNIT))

    run = asyncio.run(grade())
    assert run.state == "done" and run.verdicts["BROKEN"] == 1
    assert [b.student for b in run.broken] == ["s1"] and "doubled.py" in " ".join(run.broken[0].why)


def test_a_batch_that_cannot_start_says_why(board: Board) -> None:
    """An unknown unit, even one that looks like an option, is a sentence."""

    async def grade() -> list[Run]:
        return [await board.end_of(board.press(unit)) for unit in ("no_such_unit", "--force")]

    for run in asyncio.run(grade()):
        assert run.state == "failed" and f"expected one of {UNIT}" in run.message


def test_results_outlive_the_service(course: Course, board: Board, tmp_path: Path) -> None:
    """The last batch of each unit is read back by a new service."""
    submit(course, "s1")

    async def grade() -> Run:
        return await board.end_of(board.press(UNIT, who="ann"))

    run = asyncio.run(grade())
    assert remembered(board.memory)[UNIT] == run
    assert Board(course.home, board.memory).view()["last"][UNIT]["who"] == "ann"
    assert json.loads(board.memory.read_text())
    board.memory.write_text("{")
    assert remembered(board.memory) == {}


def test_a_batch_is_not_told_the_services_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token with which the service speaks to the hub is not in a batch's environment."""
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    assert not [name for name in outside_environment() if name.startswith("JUPYTERHUB")]
