"""A course released by nbgrader itself, and what it says after its own autograde."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.course import Course
from tests.record.course_of_two import UNIT, make_course


def api_of(course: Course) -> NbGraderAPI:
    """Stock nbgrader on the course."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    config = Config()
    config.CourseDirectory.root = str(course.work)
    config.CourseDirectory.db_url = course.database
    config.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py"]
    return NbGraderAPI(CourseDirectory(config=config), config=config)


@pytest.fixture(scope="session")
def released_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The small course, released once by nbgrader."""
    made = make_course(tmp_path_factory.mktemp("released") / "course")
    assert api_of(made).generate_assignment(UNIT)["success"]
    return made


@pytest.fixture
def course(released_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A copy of the released course of one's own."""
    monkeypatch.setenv("PATH", os.environ["PATH"])
    shutil.copytree(released_course.home, tmp_path / "course")
    return Course.at(tmp_path / "course")
