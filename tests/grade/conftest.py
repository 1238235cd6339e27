"""A course that is built and released once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import Course
from tests.build import small_course
from tests.postgresql import copied_course, prepared


@pytest.fixture(scope="session")
def released_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = small_course.released_course(tmp_path_factory.mktemp("course"))
    assert (course.release / small_course.UNIT / "basics.ipynb").is_file()
    return course


@pytest.fixture(scope="session")
def released_database(released_course: Course, postgresql: str) -> Iterator[str]:
    """The released course's gradebook, made in an empty PostgreSQL database."""
    with prepared(postgresql, released_course.home, small_course.UNIT) as url:
        yield url


@pytest.fixture
def course(request: pytest.FixtureRequest, released_course: Course, tmp_path: Path) -> Iterator[Course]:
    """A copy of one's own, with its gradebook on SQLite; one marked ON_BOTH has another go on PostgreSQL."""
    kind = getattr(request, "param", "sqlite")
    with copied_course(request, released_course, tmp_path / "course", kind) as course:
        yield course
