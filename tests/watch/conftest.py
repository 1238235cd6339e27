"""A small class, graded by the command line as a lecturer would."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from autograder.build import build, release
from autograder.course import Course
from tests.build.small_course import make_course
from tests.grade.classroom import submit

STUDENTS = tuple(f"s{i}" for i in range(6))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A released course with submissions that nobody has graded."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # nbgrader starts alembic by name
    course = make_course(tmp_path_factory.mktemp("watched"))
    build(course)
    release(course)
    for number, student in enumerate(STUDENTS):
        submit(course, student, mean_of=f"def mean_of(x):\n    return {'x' if number == 1 else 'sum(x) / len(x)'}")
    return course
