"""A course that is built and released once."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.build import build, release
from autograder.course import Course
from autograder.record import GradebookWriter
from tests.build.small_course import UNIT, make_course
from tests.postgresql import database


@pytest.fixture(scope="session")
def released_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # nbgrader starts alembic by name
    course = make_course(tmp_path_factory.mktemp("course"))
    build(course)
    release(course)
    assert (course.release / UNIT / "basics.ipynb").is_file()
    return course


@pytest.fixture(scope="session")
def released_database(released_course: Course, postgresql: str) -> Iterator[str]:
    """The released course's gradebook, made in an empty PostgreSQL database."""
    with database(postgresql) as url:
        with GradebookWriter(Course.at(released_course.home, database=url)) as writer:
            writer.prepare(UNIT)
        yield url


@pytest.fixture
def course(request: pytest.FixtureRequest, released_course: Course, tmp_path: Path) -> Iterator[Course]:
    """A copy of one's own, with its gradebook on SQLite; one marked ON_BOTH has another go on PostgreSQL."""
    home = tmp_path / "course"
    shutil.copytree(released_course.home, home)
    if getattr(request, "param", "sqlite") == "sqlite":
        yield Course.at(home)
        return
    (home / "gradebook.db").unlink()
    template = request.getfixturevalue("released_database")
    with database(request.getfixturevalue("postgresql"), template) as url:
        yield Course.at(home, database=url)
    assert not (home / "gradebook.db").exists()
