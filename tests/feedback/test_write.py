"""Pages lie where nbgrader looks for them, follow the gradebook, and are written only when something changed."""

from __future__ import annotations

import json

from nbgrader.api import Gradebook

from autograder.feedback import write_feedback
from autograder.record import Entry, GradebookWriter, Graded, fingerprint, save, write_autograded
from tests.record.conftest import course, released_course, released_database  # noqa: F401  fixtures
from tests.record.course_of_two import UNIT, released, result_of, submit


def recorded(course, student, keep=True):  # noqa: F811
    """Record a submission as the batch does; without `keep`, as one that could not be read."""
    folder = submit(course, student)
    (folder / "submission_secret.txt").write_text("secret")
    content = (folder / "small.ipynb").read_bytes()
    answers = {"small": fingerprint(json.loads(content), released(course))}
    graded = Graded(result=result_of(student), answers=answers, notebooks={"small": content} if keep else {})
    write_autograded(course, UNIT, student, graded.notebooks)
    with GradebookWriter(course) as writer:
        writer.write([graded])
    save(course, Entry(result=graded.result, answers=answers, graded="2030-02-02T08:00:00+00:00"))


def test_pages_follow_the_gradebook(course):  # noqa: F811
    """A second run writes nothing; a lecturer's mark and comment make one page new."""
    recorded(course, "ada")
    recorded(course, "bob")
    first = write_feedback(course, [UNIT])
    assert first.written == (f"ada/{UNIT}/small.html", f"bob/{UNIT}/small.html")
    assert write_feedback(course, [UNIT]).unchanged == 2
    with Gradebook(course.database) as gb:
        grade = gb.find_grade("why", "small", UNIT, "ada")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        gb.find_comment("why", "small", UNIT, "ada").manual_comment = "Name the theorem."
        gb.db.commit()
    assert write_feedback(course, [UNIT], dry_run=True).written == (f"ada/{UNIT}/small.html",)
    assert write_feedback(course, [UNIT]).written == (f"ada/{UNIT}/small.html",)
    page = (course.feedback / "ada" / UNIT / "small.html").read_text()
    assert "Name the theorem." in page
    assert "2.5 of 4 points" in page


def test_what_release_feedback_reads_is_beside_the_page(course):  # noqa: F811
    """nbgrader's release_feedback wants the time and the secret of the submission there."""
    recorded(course, "ada")
    write_feedback(course, [UNIT])
    names = sorted(p.name for p in (course.feedback / "ada" / UNIT).iterdir())
    assert names == ["small.html", "submission_secret.txt", "timestamp.txt"]


def test_an_unreadable_notebook_has_a_page_too(course):  # noqa: F811
    """Without an executed notebook the page shows the exercises and that nothing was handed in."""
    recorded(course, "ada", keep=False)
    write_feedback(course, [UNIT], ["ada"])
    assert "You handed in nothing here." in (course.feedback / "ada" / UNIT / "small.html").read_text()
