"""The class page and the table of marks say what the records say, and nothing in them can act."""

from __future__ import annotations

import csv
import io
import json
import re

import msgspec
import pytest
from nbgrader.api import Gradebook

from autograder.record import Entry, GradebookWriter, Graded, fingerprint, save
from autograder.report import ClassReport, class_page, class_report, export_marks, write_report
from autograder.report.export import COLUMNS, cell
from autograder.report.statistics import unit_report
from autograder.results import Verdict
from tests.feedback.samples import SUBMISSION
from tests.feedback.samples import UNIT as LOGISTIC
from tests.record.conftest import course, released_course, released_database  # noqa: F401  fixtures
from tests.record.course_of_two import UNIT, released, result_of, submit


def entries(*students: str) -> list[Entry]:
    return [Entry(result=msgspec.structs.replace(SUBMISSION, student=s)) for s in students]


def recorded(course, *students, **verdicts):  # noqa: F811
    """Record results as the batch does."""
    for student in students:
        path = submit(course, student) / "small.ipynb"
        answers = {"small": fingerprint(json.loads(path.read_bytes()), released(course))}
        graded = Graded(result=result_of(student, **verdicts), answers=answers)
        with GradebookWriter(course) as writer:
            writer.write([graded])
        save(course, Entry(result=graded.result, answers=answers))


def test_statistics_of_a_class():
    """Means, the hardest exercise, diagnoses and who needs a look are counted over the class."""
    unit = unit_report(LOGISTIC, entries("ada", "bob", "eve"), {})
    assert (unit.mean, unit.median, len(unit.students)) == (12.0, 12.0, 3)
    by_cell = {e.cell: e for e in unit.exercises}
    assert by_cell["test_softmax"].mean == 0.75
    assert by_cell["test_softmax"].parts["survives_large_logits"] == 0.0
    assert unit.exercises[-1].cell == "test_sigmoid"
    assert unit.diagnoses[0][2] == 3
    assert unit.students[0].look == ("bce: CRASH", "slow_loop: TIMEOUT", "gradient: BLOCKED", "ours: BROKEN")
    assert unit.verdicts["PASS"] == 3


def test_an_empty_class_has_a_page():
    """Before anything is graded the page says so."""
    page = class_page(ClassReport(units=(unit_report(LOGISTIC, [], {}),)))
    assert "No submission of this unit is graded yet." in page


def test_the_page_is_self_contained_and_described():
    """Pictures are part of the page and told in words; names are only text."""
    attack = "<script>alert(1)</script>"
    page = class_page(ClassReport(units=(unit_report(LOGISTIC, entries("ada", attack), {}),)))
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!data:image/svg|#)', page)
    for picture in re.findall(r"<img[^>]*>", page):
        assert len(re.search(r'alt="([^"]*)"', picture)[1]) > 40
    assert "default-src &#39;none&#39;" in page


def test_marks_are_the_gradebooks(course):  # noqa: F811
    """A lecturer's mark counts, and what waits is counted."""
    recorded(course, "ada", "bob")
    with Gradebook(course.database) as gb:
        grade = gb.find_grade("why", "small", UNIT, "ada")
        grade.manual_score, grade.needs_manual_grade = 3.5, False
        gb.db.commit()
    [unit] = class_report(course, [UNIT]).units
    assert [(s.student, s.score, s.max_score, s.waiting) for s in unit.students] == [
        ("ada", 6.5, 12.0, 1),
        ("bob", 3.0, 12.0, 2),
    ]
    rows = list(csv.DictReader(io.StringIO(export_marks(course, [UNIT]))))
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["student"], rows[0]["score"], rows[0]["waiting_for_a_person"]) == ("ada", "6.5", "1")
    assert [r["student"] for r in csv.DictReader(io.StringIO(export_marks(course, [UNIT], ["bob"])))] == ["bob"]


def test_broken_is_named_on_the_page(course, tmp_path):  # noqa: F811
    """A fault of ours is listed for a person; the page is the owner's alone."""
    recorded(course, "ada", first=Verdict.BROKEN)
    report = write_report(course, [UNIT], tmp_path / "report" / "class.html")
    assert report.units[0].students[0].look == ("f: BROKEN",)
    page = tmp_path / "report" / "class.html"
    assert "f: BROKEN" in page.read_text()
    assert page.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "|calc", "\uff1d1", "%0"])
def test_formulas_are_text(text):
    """Nothing that a spreadsheet would run survives as the start of a cell."""
    assert cell(text).startswith("'")


def test_a_name_stays_on_its_line():
    """Line breaks and control characters in names forge no rows."""
    assert cell("ada\r\nbob,unit,100\u2028\x00\x1b") == "ada  bob,unit,100 "


def test_documents_are_json():
    """The report can be printed and read back."""
    report = ClassReport(units=(unit_report(LOGISTIC, entries("ada"), {}),))
    assert msgspec.json.decode(msgspec.json.encode(report), type=ClassReport) == report
    assert report.schema == 1
