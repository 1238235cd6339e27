"""Marks as CSV, for a registry or a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from nbgrader.api import Student
from sqlalchemy import select

from autograder.course import Course
from autograder.record.gradebook import open_gradebook
from autograder.report.statistics import class_report

__all__ = ["COLUMNS", "cell", "export_marks"]

COLUMNS = (
    "student",
    "last_name",
    "first_name",
    "email",
    "unit",
    "score",
    "max_score",
    "late_penalty",
    "waiting_for_a_person",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def export_marks(course: Course, units: Sequence[str], students: Sequence[str] = ()) -> str:
    """The marks of the units as CSV text: a row for each student and unit, in order.

    `score` is the gradebook's: with a lecturer's marks and extra credit, less the late penalty.
    """
    with open_gradebook(course.database) as gradebook:
        query = select(Student.id, Student.last_name, Student.first_name, Student.email)
        people = {row.id: row for row in gradebook.db.execute(query)}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for unit in class_report(course, units).units:
        for row in unit.students:
            if students and row.student not in students:
                continue
            known = people.get(row.student)
            names = (known.last_name, known.first_name, known.email) if known else ("", "", "")
            marks = (f"{row.score:g}", f"{row.max_score:g}", f"{row.penalty:g}", str(row.waiting))
            writer.writerow([*(cell(x or "") for x in (row.student, *names, unit.unit)), *marks])
    return out.getvalue()


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula and that stays on one line."""
    text = "".join(" " if c in "\r\n\t\x0b\x0c\x85\u2028\u2029" else c for c in text if c >= " " or c in "\r\n\t")
    return "'" + text if text.lstrip().startswith(FORMULA) else text
