"""Stock nbgrader after our batch: the same gradebook, the same autograded folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from autograder.build import build, release
from autograder.grade import grade_units
from tests.build.small_course import UNIT, make_course
from tests.grade.classroom import LIMITS, NOTEBOOK, submit
from tests.nbgrader.conftest import CONFIGURATION, StockCourse


def test_stock_feedback_tells_the_diagnosis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `autograder grade`, `nbgrader generate_feedback` names the mistake, tells the parts and shows no test."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    course = make_course(tmp_path)
    build(course)
    release(course)
    submit(course, "ada", doubled="def doubled(x):\n    return x", extra="while True:\n    pass")
    grade_units(course, [UNIT], limits=LIMITS, workers=1)
    (tmp_path / "nbgrader_config.py").write_text(CONFIGURATION)
    StockCourse(tmp_path).nbgrader("generate_feedback", UNIT, "--CourseDirectory.db_url", course.database)
    page = (course.feedback / "ada" / UNIT / f"{NOTEBOOK}.html").read_text()
    assert "0 of 50 points" in page and "40 of 40 points" in page
    assert "You returned the input." in page
    assert "FAIL: agrees with the reference (0 of 49)" in page
    assert "took too long and was stopped" in page
    assert "HIDDEN" not in page and "import mark" not in page
