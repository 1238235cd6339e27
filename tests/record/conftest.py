"""A course released by nbgrader itself, and what it says after its own autograde."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.course import UNNAMED, Course
from tests.postgresql import copied_course, database, prepared
from tests.record.course_of_two import UNIT, make_course


def api_of(course: Course) -> NbGraderAPI:
    """Stock nbgrader on the course."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    config = Config()
    config.CourseDirectory.root = str(course.work)
    config.CourseDirectory.db_url = course.database
    config.CourseDirectory.course_id = UNNAMED  # for an empty one nbgrader makes no row, which PostgreSQL insists on
    config.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py"]
    return NbGraderAPI(CourseDirectory(config=config), config=config)


@pytest.fixture(scope="session")
def released_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The small course, released once by nbgrader."""
    made = make_course(tmp_path_factory.mktemp("released") / "course")
    assert api_of(made).generate_assignment(UNIT)["success"]
    return made


@pytest.fixture(scope="session")
def released_database(released_course: Course, postgresql: str) -> Iterator[str]:
    """The same gradebook in an empty PostgreSQL database, made from the built source."""
    with prepared(postgresql, released_course.home, UNIT) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def course(
    request: pytest.FixtureRequest, released_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Course]:
    """A copy of the released course of one's own, with its gradebook on SQLite and on PostgreSQL."""
    monkeypatch.setenv("PATH", os.environ["PATH"])
    with copied_course(request, released_course, tmp_path / "course", request.param) as course:
        yield course


@pytest.fixture
def empty_database(course: Course, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Another gradebook of the same kind that knows nothing."""
    if course.database.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'fresh.db'}"
        return
    with database(request.getfixturevalue("postgresql")) as url:
        yield url
