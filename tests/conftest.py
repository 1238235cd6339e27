"""What several folders of tests share: the real course in a folder of its own."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import Course
from tests.postgresql import server

HOME = Path(__file__).resolve().parents[1]
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background start programs that hear it


@pytest.fixture(scope="session")
def unit_two(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Unit 2 of the course, built and released outside the repository."""
    from autograder.build import release

    home = tmp_path_factory.mktemp("unit_two")
    for part in ("source", "solutions"):
        shutil.copytree(
            HOME / part / "unit02_logistic", home / part / "unit02_logistic", ignore=shutil.ignore_patterns("*.ipynb")
        )
    course = Course.at(home)
    release(course)
    return course


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a running PostgreSQL server, for `tests.postgresql.database`; skips where none is installed."""
    with server(tmp_path_factory.mktemp("postgresql") / "server") as url:
        yield url


LONG = ("hub", "redteam", "demo", "grade", "verify", "cli", "nbgrader", "sandbox")  # folders, the longest first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first: they wait for hubs and browsers while other workers compute, and none ends alone."""
    items.sort(key=lambda item: next((n for n, name in enumerate(LONG) if name in item.path.parts), len(LONG)))
