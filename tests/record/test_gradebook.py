"""The gradebook holds what nbgrader's own autograde would have written."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import msgspec
import pytest
from nbgrader.api import Gradebook

from autograder.errors import CourseError
from autograder.record import GradebookWriter, Graded, fingerprint, write_autograded
from autograder.results import Verdict
from tests.record.conftest import api_of
from tests.record.course_of_two import UNIT, make_course, released, result_of, submit

GRADE = ("auto_score", "manual_score", "extra_credit", "needs_manual_grade", "max_score", "score", "cell_type")


def graded(course, student, before=None, **verdicts):
    """A submission as the batch hands it over."""
    content = (course.submitted / student / UNIT / "small.ipynb").read_bytes()
    return Graded(
        result=result_of(student, **verdicts),
        answers={"small": fingerprint(json.loads(content), released(course))},
        before=before or {},
        notebooks={"small": content},
    )


def record(course, *what):
    with GradebookWriter(course) as writer:
        writer.write(what)
    for g in what:
        write_autograded(course, g.result.unit, g.result.student, g.notebooks)


def rows(course, student):
    """All that nbgrader knows of a submission, without its random ids."""
    with Gradebook(course.database) as gb:
        notebook = gb.find_submission_notebook("small", UNIT, student)
        submission = gb.find_submission(UNIT, student)
        return {
            "grades": {g.name: {k: getattr(g, k) for k in GRADE} for g in notebook.grades},
            "comments": {c.name: (c.auto_comment, c.manual_comment) for c in notebook.comments},
            "sums": (notebook.score, notebook.max_score, notebook.needs_manual_grade, notebook.failed_tests),
            "times": (submission.timestamp, submission.total_seconds_late, notebook.late_submission_penalty),
        }


def mark_by_hand(course, student, cell, score, comment="Well done."):
    """What a lecturer does in the formgrader."""
    with Gradebook(course.database) as gb:
        grade = gb.find_grade(cell, "small", UNIT, student)
        grade.manual_score, grade.needs_manual_grade, grade.extra_credit = score, False, 0.5
        gb.find_comment(cell, "small", UNIT, student).manual_comment = comment
        gb.db.commit()


def test_looks_like_stock_autograde(course):
    """Scores, flags, comments, times and files are those of `nbgrader autograde`."""
    submit(course, "stock")
    submit(course, "ours")
    assert api_of(course).autograde(UNIT, "stock")["success"]
    record(course, graded(course, "ours"))
    assert rows(course, "ours") == rows(course, "stock")
    stock, ours = (course.autograded / s / UNIT for s in ("stock", "ours"))
    assert sorted(p.name for p in ours.iterdir()) == sorted(p.name for p in stock.iterdir())
    for path in stock.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((ours / path.name).stat().st_mode)
        if path.suffix != ".ipynb":
            assert path.read_bytes() == (ours / path.name).read_bytes()


def test_formgrader_sees_it(course):
    """nbgrader's API counts the submission as autograded and lists its manual cells."""
    submit(course, "ada")
    record(course, graded(course, "ada"))
    [seen] = api_of(course).get_submissions(UNIT)
    assert (seen["autograded"], seen["needs_manual_grade"], seen["score"]) == (True, True, 3.0)


def test_unknown_unit_is_taken_from_the_built_source(course, empty_database):
    """An empty gradebook is given the rows that `generate_assignment` would have made."""
    submit(course, "ada")
    fresh = replace(course, database=empty_database)
    record(course, graded(course, "ada"))
    record(fresh, graded(fresh, "ada"))
    assert rows(fresh, "ada") == rows(course, "ada")
    with Gradebook(course.database) as a, Gradebook(fresh.database) as b:
        cells = [
            sorted((c.name, c.checksum, c.source, c.locked) for c in g.find_notebook("small", UNIT).source_cells)
            for g in (a, b)
        ]
    assert cells[0] == cells[1]


def test_unreleased_unit_is_refused(tmp_path):
    """The refusal names the command to run."""
    course = make_course(tmp_path / "course")
    with GradebookWriter(course) as writer, pytest.raises(CourseError, match=f"Run: autograder release {UNIT}"):
        writer.prepare(UNIT)


def test_other_points_than_released_are_refused(course):
    """A gradebook of an older release is not written to."""
    path = course.release / UNIT / "small.ipynb"
    path.chmod(0o644)
    path.write_text(path.read_text().replace('"points": 3', '"points": 5'))
    with GradebookWriter(course) as writer, pytest.raises(CourseError, match="test_f: got 3 points, expected 5 points"):
        writer.prepare(UNIT)


def test_writing_twice_changes_nothing(course):
    """Recording is idempotent."""
    submit(course, "ada")
    record(course, graded(course, "ada"))
    once = rows(course, "ada")
    record(course, graded(course, "ada"))
    assert rows(course, "ada") == once


def test_manual_mark_stays_while_the_answer_stays(course):
    """A regrade of the same text keeps mark, comment and extra credit, and asks nobody to look again."""
    submit(course, "ada")
    first = graded(course, "ada")
    record(course, first)
    mark_by_hand(course, "ada", "why", 3)
    record(course, graded(course, "ada", before=first.answers))
    grade = rows(course, "ada")["grades"]["why"]
    assert (grade["manual_score"], grade["score"], grade["needs_manual_grade"]) == (3, 3.5, False)
    assert rows(course, "ada")["comments"]["why"] == (None, "Well done.")


def test_manual_mark_of_another_text_asks_for_a_look(course):
    """When the answer changed, the mark is kept but flagged."""
    submit(course, "ada")
    first = graded(course, "ada")
    record(course, first)
    mark_by_hand(course, "ada", "why", 3)
    submit(course, "ada", why="Rewritten.")
    record(course, graded(course, "ada", before=first.answers))
    grade = rows(course, "ada")["grades"]["why"]
    assert (grade["manual_score"], grade["needs_manual_grade"]) == (3, True)


def test_broken_waits_for_a_person(course):
    """A fault of ours is no zero: the score is open and listed for a person."""
    submit(course, "ada")
    record(course, graded(course, "ada", first=Verdict.BROKEN))
    grade = rows(course, "ada")["grades"]["test_f"]
    assert (grade["auto_score"], grade["needs_manual_grade"]) == (None, True)


def test_late_plugin_is_asked(course):
    """The penalty of the configured plugin is recorded, and bounded by the score."""
    (course.home / "nbgrader_config.py").write_text(
        "from nbgrader.plugins import LateSubmissionPlugin\n"
        "class Late(LateSubmissionPlugin):\n"
        "    def late_submission_penalty(self, student, score, seconds):\n"
        "        return 100\n"
        "c = get_config()\n"
        "c.AssignLatePenalties.plugin_class = Late\n"
    )
    with Gradebook(course.database) as gb:
        gb.update_or_create_assignment(UNIT, duedate="2030-01-31 12:00:00 UTC")
    submit(course, "ada")
    record(course, graded(course, "ada"))
    assert rows(course, "ada")["times"][1:] == (86400.0, 3.0)


def test_all_or_none(course):
    """A chunk with one impossible result leaves no row behind."""
    submit(course, "ada")
    submit(course, "bob")
    bad = graded(course, "bob")
    notebook = bad.result.notebooks[0]
    exercises = tuple(msgspec.structs.replace(e, max_points=99) for e in notebook.exercises)
    notebooks = (msgspec.structs.replace(notebook, exercises=exercises),)
    bad = msgspec.structs.replace(bad, result=msgspec.structs.replace(bad.result, notebooks=notebooks))
    with pytest.raises(CourseError, match="expected 99"):
        record(course, graded(course, "ada"), bad)
    with Gradebook(course.database) as gb:
        assert gb.students == []
