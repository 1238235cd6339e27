"""What lecturers and students do while a batch is at work: release again, replace, remove, break a key."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator

import pytest

from autograder.course import Course
from tests.build.small_course import UNIT
from tests.faults.engine import LIMIT_WORDS, Command, Done, grade, in_use, run, until
from tests.faults.state import STUDENTS, answer, stored
from tests.grade.classroom import points, scores, submit

pytestmark = pytest.mark.faults

LONG = "import time\ndef mean_of(x):\n    time.sleep(1)\n    return sum(x) / len(x)"  # about 2 s in all


@pytest.fixture
def at_work(course: Course) -> Iterator[Command]:
    """A batch that stands still after the first submissions, until it is told to go on."""
    command = Command(course, "grade", *LIMIT_WORDS, "--workers=1", "--json")
    until(lambda: not command.running or len(stored(course)) >= 2, "the first submissions")
    command.send(signal.SIGSTOP)
    yield command
    command.stop()


def test_unit_is_released_again(course, at_work, tried, ends_as_undisturbed) -> None:
    """Who was graded by the old one is named as due, and is graded by the new one in the next run."""
    text = course.source / UNIT / "basics.py"
    before = text.read_text()
    text.write_text(before.replace("# Basics", "# Basics, again"))
    tried("unit released again")
    released = run(course, "release", UNIT, aside="release")
    assert released.code == 0, released.err
    at_work.send(signal.SIGCONT)
    done = at_work.wait()
    assert done.code == 0, done.err
    assert len(done.document["due"]) == len(STUDENTS) and "Run autograder grade again" in done.err
    again = grade(course)
    assert again.code == 0 and len(again.document["graded"]) == len(STUDENTS) and not again.document["due"]
    text.write_text(before)
    assert run(course, "release", UNIT).code == 0
    ends_as_undisturbed(course)


def test_points_change_meanwhile(course, at_work, tried, undisturbed) -> None:
    """What does not fit the gradebook is not recorded; the next run grades by the new points."""
    text = course.source / UNIT / "basics.py"
    text.write_text(text.read_text().replace('"points": 50', '"points": 45').replace('"points": 40', '"points": 45'))
    for name in ("doubled", "mean_of"):
        key = course.solutions / UNIT / f"{name}.py"
        key.write_text(key.read_text().replace("weight=49", "weight=44").replace("weight=39", "weight=44"))
    tried("points changed meanwhile")
    released = run(course, "release", UNIT, aside="release")
    assert released.code == 0, released.err
    at_work.send(signal.SIGCONT)
    done = at_work.wait()
    assert "Traceback" not in done.err
    if done.code:
        assert done.code == 1 and "autograder release" in done.message, done.err
    again = grade(course)
    assert again.code == 0 and not again.document["due"], again.err
    assert set(points(course)) == set(STUDENTS) and max(points(course).values()) == 90


def test_key_stops_loading(course, tried, ends_as_undisturbed) -> None:
    """BROKEN, told to staff by name, no marks lost; once the key is mended those are graded again."""
    key = course.solutions / UNIT / "mean_of.py"
    before = key.read_text()
    key.write_text(before.replace("import numpy", "import nummpy"))
    tried("key that does not load")
    done = grade(course)
    assert done.code == 3 and "BROKEN" in done.err and "nummpy" in done.err and "Traceback" not in done.err
    assert all(cells["cells"]["test_mean_of"][3] for cells in scores(course).values()), "a person must look"
    key.write_text(before)
    ends_as_undisturbed(course)


def test_submission_is_replaced_and_removed(course, tried, ends_as_undisturbed) -> None:
    """One is replaced and another goes while they are graded: the new one counts, and nobody earns 0 for nothing."""
    first, second = STUDENTS[0], STUDENTS[1]
    for student in (first, second):
        submit(course, student, mean_of=LONG)
    tried("submission replaced while it is graded")
    done = graded_meanwhile(course, first, lambda: submit(course, first, mean_of=answer(first)))
    assert [row["student"] for row in done.document["graded"]] == [first] and not done.document["due"]
    tried("submission removed while it is graded")
    done = graded_meanwhile(course, second, lambda: shutil.rmtree(course.submitted / second))
    assert done.document["graded"] == []
    assert first in stored(course) and second not in stored(course) and second not in scores(course)
    assert f"{UNIT}/{second}" in done.document["due"] and "Run autograder grade again" in done.err
    submit(course, second, mean_of=answer(second))
    ends_as_undisturbed(course)


def graded_meanwhile(course: Course, student: str, change: Callable[[], object]) -> Done:
    """Grade one student's submission, and change something as soon as it is in hand."""
    command = Command(course, "grade", *LIMIT_WORDS, "--workers=1", "--student", student, "--json")
    try:
        until(lambda: in_use(command), "a submission in hand")
        change()
        done = command.wait()
    finally:
        command.stop()
    assert done.code == 0, done.err
    return done
