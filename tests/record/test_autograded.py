"""The folder that nbgrader and the formgrader read: what comes along, and what gives way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.intake import IntakeError
from autograder.record import write_autograded


@pytest.fixture
def files(tmp_path: Path):
    """Writes `autograded/` for what was handed in beside the lecturer's files; what is there then, by name."""
    course = Course.at(tmp_path)

    def go(handed_in: str, lecturers: str = "") -> dict[str, str]:
        shutil.rmtree(course.submitted, ignore_errors=True)
        for path in (course.submitted / "ada" / "unit" / handed_in, lecturers and course.source / "unit" / lecturers):
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(path.relative_to(tmp_path).parts[0])
        target = write_autograded(course, "unit", "ada", {"notebook": b"{}"})
        found = {str(p.relative_to(target)): p.read_text() if p.is_file() else "folder" for p in target.rglob("*")}
        assert found.pop("notebook.ipynb") == "{}"
        return found

    return go


@pytest.mark.parametrize(
    ("handed_in", "lecturers"), [("data", "data/train.csv"), ("data/train.csv/x", "data/train.csv")]
)
def test_a_file_where_the_lecturer_has_a_folder_gives_way(files, handed_in, lecturers):
    """And so does a folder where the lecturer has a file: one student's names stop nobody's grading."""
    assert files(handed_in, lecturers) == {"data": "folder", "data/train.csv": "source"}


def test_a_folder_that_was_handed_in_may_be_a_file_next_time(files):
    """Folders of an earlier submission go with their files."""
    assert files("data/x") == {"data": "folder", "data/x": "submitted"}
    assert files("data") == {"data": "submitted"}
    assert files("data/x") == {"data": "folder", "data/x": "submitted"}


def test_a_submission_that_is_gone_is_refused(tmp_path):
    course = Course.at(tmp_path)
    with pytest.raises(IntakeError, match="no such folder"):
        write_autograded(course, "unit", "ada", {"notebook": b"{}"})
    assert not course.autograded.exists()
