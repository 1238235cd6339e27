"""A class that has handed in, and what grading it comes to when nothing goes wrong."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from tests.build.small_course import released_course
from tests.faults.engine import grade
from tests.faults.state import STUDENTS, end_state, hand_in, leftovers


@pytest.fixture(scope="session")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Released, with submissions, not graded."""
    course = released_course(tmp_path_factory.mktemp("handed_in") / "course")
    hand_in(course)
    return course


@pytest.fixture(scope="session")
def undisturbed(handed_in: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The same class, graded without a fault."""
    home = tmp_path_factory.mktemp("undisturbed") / "course"
    shutil.copytree(handed_in.home, home)
    course = Course.at(home)
    done = grade(course)
    assert done.code == 0 and len(done.document["graded"]) == len(STUDENTS), done.err
    assert not leftovers(course)
    return course


@pytest.fixture
def course(handed_in: Course, tmp_path: Path) -> Course:
    """A class of one's own, to be graded."""
    shutil.copytree(handed_in.home, tmp_path / "course")
    return Course.at(tmp_path / "course")


@pytest.fixture
def graded(undisturbed: Course, tmp_path: Path) -> Course:
    """A class of one's own that was graded."""
    shutil.copytree(undisturbed.home, tmp_path / "course")
    return Course.at(tmp_path / "course")


@pytest.fixture
def ends_as_undisturbed(undisturbed: Course) -> Callable[[Course], None]:
    """A plain `autograder grade` leads to the undisturbed state and leaves nothing behind."""
    expected = end_state(undisturbed)

    def check(course: Course, look: Callable[[], Course] = lambda: None, **how: Any) -> None:
        done = grade(course, **how)
        assert done.code == 0, done.err
        seen = look() or course
        found = end_state(seen)
        for what, value in expected.items():
            assert found[what] == value, what
        assert not leftovers(seen)

    return check


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Count a fault of this kind: the run ends with the sums."""
    return lambda kind: record_property("fault", kind)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many faults of each kind were tried."""
    reports = [r for how in ("passed", "failed") for r in terminalreporter.stats.get(how, [])]
    kinds = Counter(kind for r in reports if r.when == "call" for name, kind in r.user_properties if name == "fault")
    for kind, number in sorted(kinds.items()):
        terminalreporter.write_line(f"{number:4} {kind}")
    if kinds:
        terminalreporter.write_line(f"{sum(kinds.values())} faults of {len(kinds)} kinds tried")
