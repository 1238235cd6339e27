"""A released unit in an exchange, and servers of students who share it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.course import Course
from tests.hub.student.server import COURSE, UNIT, Server


@pytest.fixture(scope="session")
def released(unit_two: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exchange into which nbgrader's own command released unit 2."""
    root = tmp_path_factory.mktemp("released") / "exchange"
    root.mkdir()
    root.chmod(0o777)
    command = [sys.executable, "-m", "nbgrader", "release_assignment", UNIT, "--course", COURSE]
    options = [f"--CourseDirectory.root={unit_two.home}", f"--Exchange.root={root}"]
    subprocess.run([*command, *options], check=True, capture_output=True, cwd=unit_two.home)
    return root


@pytest.fixture(scope="module")
def exchange(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exchange of this module's own."""
    root = tmp_path_factory.mktemp("shared") / "exchange"
    shutil.copytree(released, root, copy_function=shutil.copy)
    return root


@pytest.fixture(scope="module")
def start(exchange: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts a student's server; all are stopped at the end of the module."""
    running: list[Server] = []

    def begin(student: str, **options: object) -> Server:
        server = Server(student, tmp_path_factory.mktemp(student), exchange, **options)  # type: ignore[arg-type]
        running.append(server)
        return server.start()

    yield begin
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def student(start: Callable[..., Server]) -> Server:
    """The module's student; the unit is due far in the future."""
    return start("student1", due={UNIT: "2099-12-01T23:59:00+01:00"})
