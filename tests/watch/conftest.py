"""A small class, graded by the command line as a lecturer would."""

from __future__ import annotations

import pytest

from autograder.course import Course
from tests.build.small_course import released_course
from tests.grade.classroom import submit

STUDENTS = tuple(f"s{i}" for i in range(6))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A released course with submissions that nobody has graded."""
    course = released_course(tmp_path_factory.mktemp("watched"))
    for number, student in enumerate(STUDENTS):
        submit(course, student, mean_of=f"def mean_of(x):\n    return {'x' if number == 1 else 'sum(x) / len(x)'}")
    return course
