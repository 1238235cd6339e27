"""Grading again: whose marks move and why is shown, and only that is written."""

from __future__ import annotations

import hashlib

import pytest
from msgspec.structs import replace
from nbgrader.api import Gradebook
from sqlalchemy import MetaData, create_engine, select

from autograder.cli.regrading import last_line
from autograder.course import Course
from autograder.errors import AutograderError
from autograder.grade import grade_units, regrade_units
from autograder.lock import single_writer
from autograder.record import load, save
from tests.build.small_course import UNIT
from tests.grade.classroom import LIMITS, ON_BOTH, points, scores, submit

EXERCISE = f"{UNIT}/mean_of"
GONE = "the exercise is gone"
HALF_UP = "def mean_of(x):\n    return np.mean(x) + 1e-5 * (len(x) == 5)"  # wrong for the five hidden numbers


def again(course: Course, **settings):
    return regrade_units(course, [UNIT], limits=LIMITS, workers=1, **settings)


def everything(course: Course) -> dict[str, str]:
    """Digests of all files of the class, and every row of the gradebook."""
    places = (course.private / "results", course.autograded, course.work / "gradebook.db")
    files = [f for place in places for f in (place.rglob("*") if place.is_dir() else [place]) if f.is_file()]
    return {**{str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}, **rows(course.database)}


def rows(database: str) -> dict[str, str]:
    """The rows of each table, sorted."""
    known, engine = MetaData(), create_engine(database)
    with engine.connect() as db:
        known.reflect(db)
        found = {name: str(sorted(map(str, db.execute(select(t))))) for name, t in known.tables.items()}
    engine.dispose()
    assert "grade" in found
    return found


@pytest.fixture
def graded(course: Course) -> Course:
    """Two submissions; then the key forgives what cost one of them marks."""
    submit(course, "ada")
    submit(course, "bob", mean_of=HALF_UP)
    grade_units(course, [UNIT], limits=LIMITS, workers=1)
    assert points(course) == {"ada": 90.0, "bob": 51.0}
    key = course.solutions / UNIT / "mean_of.py"
    key.write_text(key.read_text().replace("rng.normal(size=5)", "rng.normal(size=6)"))
    return course


def test_nothing_moves_when_nothing_changed(course: Course) -> None:
    submit(course, "ada")
    grade_units(course, [UNIT], limits=LIMITS, workers=1)
    done = again(course)
    assert (done.compared, done.moved, done.reworded, done.written) == (1, (), 0, False)


@ON_BOTH
def test_a_look_says_who_gains_and_why_and_writes_nothing(graded: Course) -> None:
    before = everything(graded)
    done = again(graded)
    assert everything(graded) == before
    [moved] = done.moved
    assert (moved.student, moved.exercise, moved.before, moved.after) == ("bob", EXERCISE, 1.0, 40.0)
    assert moved.parts == ("agrees_with_the_reference: FAIL, now PASS",)
    assert moved.because == ("the answer key",)
    assert not done.written


@ON_BOTH
def test_exactly_what_was_shown_is_written(graded: Course) -> None:
    """Nothing when nobody agrees; otherwise gradebook and record, and marks that were given by hand stay."""
    with Gradebook(graded.database) as gb:
        grade = gb.find_grade("derive_mean", "basics", UNIT, "bob")
        grade.manual_score, grade.needs_manual_grade = 7.0, False
        gb.db.commit()
    shown = []
    assert not again(graded, confirm=lambda found: shown.append(found) or False).written
    assert points(graded)["bob"] == 51.0 and len(shown[0].moved) == 1
    assert again(graded, confirm=lambda found: True).written
    assert points(graded) == {"ada": 90.0, "bob": 90.0}
    assert scores(graded)["bob"]["cells"]["derive_mean"][1] == 7.0
    assert load(graded, UNIT, "bob").result.points == 90.0
    assert not grade_units(graded, [UNIT], limits=LIMITS, workers=1).due


def test_who_was_never_graded_is_named(graded: Course) -> None:
    submit(graded, "cyd")
    done = again(graded)
    assert done.ungraded == (f"{UNIT}/cyd",) and done.compared == 2


@ON_BOTH
def test_faults_of_ours_are_told_and_never_written(graded: Course) -> None:
    key = graded.solutions / UNIT / "mean_of.py"
    key.write_text(key.read_text().replace("close(answer(x), mean_of(x))", "1 / 0"))
    done = again(graded, confirm=lambda found: True)
    assert len(done.broken) == 2 and "ZeroDivisionError" in done.broken[0] and not done.moved
    assert points(graded) == {"ada": 90.0, "bob": 51.0}


def test_what_is_never_written_moves_nothing(graded: Course) -> None:
    """A fault of ours in one exercise keeps the whole submission as it is: its other marks do not count as moved."""
    key = graded.solutions / UNIT / "doubled.py"
    key.write_text(key.read_text().replace("close(answer(x), doubled(x))", "1 / 0"))
    done = again(graded, confirm=lambda found: True)
    assert len(done.broken) == 2 and (done.moved, done.reworded) == ((), 0)
    assert "0 marks of 0 submissions moved (0 up, 0 down); 2 with a fault of ours: never written" in last_line(done)
    assert points(graded) == {"ada": 90.0, "bob": 51.0}


def test_an_exercise_that_is_gone_moves_its_points(graded: Course) -> None:
    """Its points are taken from the gradebook with it: that is shown before anything is written."""
    entry = load(graded, UNIT, "ada")
    [notebook] = entry.result.notebooks
    gone = replace(notebook.exercises[0], exercise=f"{UNIT}/gone", points=5.0)
    result = replace(entry.result, notebooks=(replace(notebook, exercises=(*notebook.exercises, gone)),))
    save(graded, replace(entry, result=result))
    [moved] = [m for m in again(graded).moved if m.student == "ada"]
    assert (moved.exercise, moved.before, moved.after, moved.because) == (gone.exercise, 5.0, 0.0, (GONE,))


def test_nobody_else_grades_meanwhile(graded: Course) -> None:
    with single_writer(graded), pytest.raises(AutograderError, match="graded already"):
        again(graded, confirm=lambda found: True)
