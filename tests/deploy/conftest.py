"""A course with one submission, and what a cluster made of its marks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import Course
from tests.build.small_course import UNIT
from tests.grade.classroom import points, submit
from tests.grade.conftest import course, released_course, released_database  # noqa: F401  fixtures

HOME = Path(__file__).resolve().parents[2]
DEPLOY = HOME / "deploy"
# No machine-wide settings of Dask, and no proxy between processes of this machine.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("DASK_")},
    "PYTHONPATH": str(HOME),
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "no_proxy": "*",
}
WAIT_SECONDS = 300


@pytest.fixture
def handed_in(course: Course) -> Course:  # noqa: F811
    """One right submission that is to be graded."""
    submit(course, "ada")
    return course


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are ended with the test, the last first."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        process.wait(60)


def grade_on(course: Course, address: str, environment: dict[str, str]) -> None:  # noqa: F811
    """The batch on a cluster gives the one submission its marks."""
    words = ["--course", str(course.home), "-q", "grade", "--scheduler", address, "--json"]
    command = [sys.executable, "-m", "autograder", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=WAIT_SECONDS)
    assert done.returncode == 0, done.stderr
    assert_graded(course, done.stdout)


def assert_graded(course: Course, said: str) -> None:  # noqa: F811
    (row,) = json.loads(said)["graded"]
    assert (row["unit"], row["student"], row["points"]) == (UNIT, "ada", 90.0)
    assert points(course) == {"ada": 90.0}
