"""How many submissions wait to be graded."""

from __future__ import annotations

from autograder.course import Course
from autograder.errors import CourseError
from autograder.grade.pending import jobs, students_of
from autograder.grade.unit import Unit

__all__ = ["count_due"]


def count_due(course: Course) -> dict[str, int]:
    """Unit -> submissions that `autograder grade` would grade now; units that are not released have none."""
    due = {}
    for name in course.units():
        try:
            version = Unit(course, name).version if students_of(course, name) else ""
        except (CourseError, OSError):  # not released, or just now
            continue
        due[name] = sum(must for _, _, must in jobs(course, name, version, (), force=False))
    return due
