"""A class is graded once, whatever happens to single submissions."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from autograder.errors import AutograderError, CourseError, UsageError
from autograder.grade import grade_units
from autograder.grade.due import count_due
from autograder.grade.unit import Unit
from autograder.intake import IntakeError
from autograder.lock import single_writer
from autograder.record import load
from autograder.results import Verdict
from tests.build.small_course import UNIT
from tests.grade.classroom import LIMITS, NOTEBOOK, ON_BOTH, points, scores, submit


def grade(course, **settings):
    return grade_units(course, [UNIT], limits=LIMITS, **{"workers": 1, **settings})


def verdicts(course, student):
    return [e.verdict for n in load(course, UNIT, student).result.notebooks for e in n.exercises]


@ON_BOTH
def test_right_wrong_and_untouched(course):
    """Each answer earns what it is worth; rows come in the students' order."""
    submit(course, "bob", mean_of="def mean_of(x):\n    return x")
    submit(course, "ada")
    done = grade(course)
    assert [(r.student, r.points) for r in done.graded] == [("ada", 90.0), ("bob", 50.0)]
    assert points(course) == {"ada": 90.0, "bob": 50.0}
    [wrong] = [e for e in load(course, UNIT, "bob").result.notebooks[0].exercises if e.points == 0]
    assert wrong.diagnosis == "You returned the input."
    assert scores(course)["ada"]["cells"]["derive_mean"] == (None, None, None, True)
    assert done.exit_code == 0


@ON_BOTH
def test_only_answers_that_were_written_wait_for_a_person(course):
    """An answer left as it was released earns 0 by itself, and nobody is asked to look at it."""
    released = json.loads((course.release / UNIT / f"{NOTEBOOK}.ipynb").read_text())["cells"]
    stub = next(c["source"] for c in released if c["metadata"].get("nbgrader", {}).get("grade_id") == "derive_mean")
    submit(course, "ada")
    submit(course, "bob", derive_mean=stub)
    assert [r.manual for r in grade(course).graded] == [1, 0]
    assert scores(course)["bob"]["cells"]["derive_mean"] == (0.0, None, None, False)


@ON_BOTH
def test_unchanged_is_skipped_until_something_changes(course):
    """A second run does nothing; a changed answer, a changed key or force grades again."""
    submit(course, "ada")
    submit(course, "bob")
    assert len(grade(course).graded) == 2
    again = grade(course)
    assert (again.graded, again.unchanged) == ((), 2)
    submit(course, "ada", doubled="def doubled(x):\n    return x")
    assert [r.student for r in grade(course).graded] == ["ada"]
    assert points(course)["ada"] == 40.0
    assert [r.student for r in grade(course, students=["bob"], force=True).graded] == ["bob"]
    key = course.solutions / UNIT / "doubled.py"
    key.write_text(key.read_text() + "\n# another version\n")
    assert len(grade(course).graded) == 2


def test_dry_run_touches_nothing(course):
    """It names who would be graded."""
    submit(course, "ada")
    done = grade(course, dry_run=True)
    assert (done.due, done.graded) == ((f"{UNIT}/ada",), ())
    assert not course.autograded.exists()
    assert not (course.private / "results").exists()


@ON_BOTH
def test_accidents_stay_with_their_owner(course):
    """Missing, unreadable and foreign files and dying code cost only what they are in."""
    submit(course, "ada")
    (submit(course, "empty") / f"{NOTEBOOK}.ipynb").unlink()
    (submit(course, "noise") / f"{NOTEBOOK}.ipynb").write_bytes(b"\x00not a notebook")
    linked = submit(course, "linked") / f"{NOTEBOOK}.ipynb"
    linked.unlink()
    linked.symlink_to(course.source / UNIT / f"{NOTEBOOK}.ipynb")
    submit(course, "exits", extra="import os\nos._exit(0)")
    submit(course, "exits_inside", doubled="def doubled(x):\n    import os\n    os._exit(0)")
    os.symlink(course.submitted / "ada", course.submitted / "shadow")
    done = grade(course, workers=2)
    assert {r.student for r in done.graded} == {"ada", "empty", "noise", "linked", "exits", "exits_inside"}
    expected = {"ada": 90.0, "empty": 0.0, "noise": 0.0, "linked": 0.0, "exits": 90.0, "exits_inside": 40.0}
    assert points(course) == expected
    assert "missing" in load(course, UNIT, "empty").result.notebooks[0].exercises[0].message
    assert "link" in str(load(course, UNIT, "linked").result)
    assert Verdict.BROKEN not in verdicts(course, "noise")
    assert not any(row.staff for row in done.graded)


@ON_BOTH
def test_a_fault_of_ours_is_broken_and_graded_again(course):
    """A key that fails costs no marks, is told to staff, not to students, and mends itself on the next run."""
    submit(course, "ada")
    key = course.solutions / UNIT / "doubled.py"
    sound = key.read_text()
    key.write_text(sound.replace("close(answer(x)", "undefined_name(answer(x)"))
    done = grade(course)
    assert done.exit_code == 3
    assert load(course, UNIT, "ada").broken
    assert scores(course)["ada"]["cells"]["test_doubled"][3] is True
    assert len(grade(course).graded) == 1
    key.write_text(sound)
    grade(course)
    assert scores(course)["ada"]["cells"]["test_doubled"] == (50.0, None, None, False)


def test_two_writers_are_refused(course):
    """The second says who is at work."""
    submit(course, "ada")
    with single_writer(course), pytest.raises(AutograderError, match=f"graded already .process {os.getpid()}"):
        grade(course)


def test_unknown_student_is_refused(course):
    """A name that handed in nothing is a usage error."""
    with pytest.raises(UsageError, match="submitted/nobody"):
        grade(course, students=["nobody"])


def test_unreleased_unit_is_refused(course):
    """The refusal names the command."""
    submit(course, "ada")
    (course.release / UNIT / f"{NOTEBOOK}.ipynb").unlink()
    with pytest.raises(CourseError, match=f"Run: autograder release {UNIT}"):
        grade(course)


def test_executed_notebook_has_outputs(course):
    """autograded/ holds what the student's cells printed, the points, the data file, and nothing that could run."""
    submit(
        course,
        "ada",
        extra="from IPython.display import HTML, display\ndisplay(HTML('<script>1</script>'))\nprint('hello')",
    )
    grade(course)
    folder = course.autograded / "ada" / UNIT
    assert sorted(p.name for p in folder.iterdir()) == [f"{NOTEBOOK}.ipynb", "data.csv", "timestamp.txt"]
    notebook = json.loads((folder / f"{NOTEBOOK}.ipynb").read_text())
    outputs = [o for c in notebook["cells"] for o in c.get("outputs", [])]
    assert any(o.get("text") == "hello\n" for o in outputs)
    assert not any("text/html" in o.get("data", {}) for o in outputs)
    graded = [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "test_doubled"]
    assert graded[0]["outputs"][0]["data"] == {"text/plain": "50.0"}


def test_progress_counts_to_the_end(course):
    """The callback hears of every submission."""
    heard = []
    for student in ("ada", "bob"):
        submit(course, student)
    grade(course, progress=lambda done, total, label: heard.append((done, total, label)))
    assert heard == [(1, 2, f"{UNIT} ada"), (2, 2, f"{UNIT} bob")]


def test_a_submission_that_is_removed_before_it_is_recorded(course):
    """Others that were graded with it are recorded; of it nothing is, and it is named."""
    for student in ("ada", "bob"):
        submit(course, student)
    done = grade(course, progress=lambda *_: shutil.rmtree(course.submitted / "bob", ignore_errors=True))
    assert [r.student for r in done.graded] == ["ada"] and done.due == (f"{UNIT}/bob",)
    assert points(course) == {"ada": 90.0}


def test_a_folder_named_as_a_data_file_of_the_unit(course):
    """The lecturer's file wins in the sandbox and in autograded/; nobody is told of a fault of ours."""
    mine = submit(course, "ada", extra="assert open('data.csv').read()") / "data.csv"
    mine.mkdir()
    (mine / "x").write_text("1")
    [row] = grade(course).graded
    assert (row.points, row.staff) == (90.0, ())
    assert (course.autograded / "ada" / UNIT / "data.csv").is_file()


def test_a_cell_of_asserts_has_one_name(course):
    """The same where the notebook could be run and where it could not: results of a class are counted by it."""
    unit = Unit(course, UNIT)
    for cell in unit.source[NOTEBOOK]["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "test_doubled":
            cell["source"] = "assert doubled(1) == 2"
    zero = unit.zero(NOTEBOOK, Verdict.FAIL, "missing")
    assert [e.exercise for e in zero.exercises] == [f"{UNIT}/test_doubled", f"{UNIT}/mean_of"]


def test_submissions_that_come_and_go_while_they_are_looked_at(course, monkeypatch):
    """One is gone when its turn comes, a file of another is replaced: the first is no submission, the second is due."""
    for student in ("ada", "bob"):
        submit(course, student)

    def changing(folder):
        if "ada" in folder.parts:
            shutil.rmtree(folder)
        raise IntakeError("the file is missing from your submission.")

    monkeypatch.setattr("autograder.grade.pending.submission_hash", changing)
    assert count_due(course) == {UNIT: 1}
    monkeypatch.undo()
    submit(course, "ada")
    monkeypatch.setattr("autograder.grade.pending.submission_hash", changing)
    [row] = grade(course).graded
    assert (row.student, row.points) == ("bob", 90.0)
    monkeypatch.undo()
    assert grade(course).unchanged == 1
