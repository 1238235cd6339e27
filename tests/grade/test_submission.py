"""One submission, graded in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.errors import SandboxError
from autograder.grade.submission import grade_submission
from autograder.grade.unit import Unit
from autograder.key import Key
from autograder.marking import notebook
from autograder.results import Environment
from autograder.sandbox import Sandbox
from tests.build.small_course import UNIT
from tests.grade.classroom import LIMITS, submit


@pytest.mark.parametrize(("faults", "points"), [(1, 90.0), (2, 50.0)])
def test_a_fault_of_the_sandbox_at_an_exercise_is_tried_again(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: int, points: float
) -> None:
    """It costs no marks when it does not come twice; when it does, it costs its own exercise until the next run."""
    submit(course, "ada")
    mark, left = notebook.mark_exercise, [SandboxError("sandbox: a new process did not get ready.")] * faults

    def failing(key: Key, *args: Any, **settings: Any) -> Any:
        if left and key.id.endswith("/mean_of"):
            raise left.pop()
        return mark(key, *args, **settings)

    monkeypatch.setattr(notebook, "mark_exercise", failing)
    environment = Environment(isolation="", limits={}, versions={})
    with Sandbox(limits=LIMITS, heavy=()) as box:
        graded = grade_submission(course, Unit(course, UNIT), "ada", box, environment, "", aside=tmp_path)
    assert graded.result.points == points and not left
    assert len(graded.result.staff) == faults - 1
