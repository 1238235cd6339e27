"""A new gradebook says which version of nbgrader's tables it has, as nbgrader itself would say."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from autograder.course import Course
from autograder.record.gradebook import open_gradebook
from autograder.schema import stamp_schema


def versions(url: str) -> list[str]:
    with create_engine(url).connect() as connection:
        return list(connection.scalars(text("SELECT version_num FROM alembic_version")))


def test_a_new_gradebook_has_nbgraders_version(
    released_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of a gradebook which nbgrader has made; no program on PATH is needed for it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with open_gradebook(url) as gradebook:
        assert gradebook.students == []
    assert versions(url) == versions(released_course.database)


def test_another_version_is_left_as_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    stamp_schema(url)
    with create_engine(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    stamp_schema(url)
    assert versions(url) == ["older"]
