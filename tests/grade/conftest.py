"""A course that is built and released once."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from autograder.build import build, release
from autograder.course import Course
from tests.build.small_course import UNIT, make_course


@pytest.fixture(scope="session")
def released_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # nbgrader starts alembic by name
    course = make_course(tmp_path_factory.mktemp("course"))
    build(course)
    release(course)
    assert (course.release / UNIT / "basics.ipynb").is_file()
    return course


@pytest.fixture
def course(released_course: Course, tmp_path: Path) -> Course:
    """A copy of one's own."""
    shutil.copytree(released_course.home, tmp_path / "course")
    return Course.at(tmp_path / "course")
