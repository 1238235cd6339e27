"""From text to a class page by commands alone: what a lecturer types in a term."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import postgresql
from tests.build.small_course import UNIT, make_course
from tests.cli.test_cli import call


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released course with one submission that has one right and one wrong answer."""
    home = tmp_path_factory.mktemp("course")
    make_course(home)
    assert call("--course", str(home), "release").returncode == 0
    handed_in = home / "submitted" / "ada" / UNIT
    shutil.copytree(home / "release" / UNIT, handed_in)
    path = handed_in / "basics.ipynb"
    node = json.loads(path.read_text())
    answers = {
        "doubled": "def doubled(x):\n    return 2 * np.asarray(x, dtype=float)",
        "mean_of": "def mean_of(x):\n    return x",
    }
    for cell in node["cells"]:
        if cell["id"] in answers:
            cell["source"] = answers[cell["id"]]
    path.write_text(json.dumps(node))
    return home


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, course: Path, tmp_path: Path) -> Iterator[str]:
    """A copy of the course for each kind of gradebook: the released one, and an empty PostgreSQL database."""
    shutil.copytree(course, tmp_path / "course")
    if request.param == "sqlite":
        yield ""
        return
    (tmp_path / "course" / "gradebook.db").unlink()
    with postgresql.database(request.getfixturevalue("postgresql")) as url:
        yield url
    assert not (tmp_path / "course" / "gradebook.db").exists()


def document(home: Path, *words: str, database: str = "") -> dict[str, Any]:
    where = ["--database", database] if database else []
    done = call("--course", str(home), *where, "-q", *words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["schema"] == 1 and found["command"] == words[0]
    return found


def test_grade_feedback_report(database: str, tmp_path: Path) -> None:
    """A dry run names what is due; grading marks it and is idempotent; feedback and report follow."""
    course, told = tmp_path / "course", partial(document, tmp_path / "course", database=database)
    assert told("grade", "--dry-run")["due"] == [f"{UNIT}/ada"]
    assert not (course / "autograded").exists()
    (row,) = told("grade")["graded"]
    assert (row["points"], row["max_points"], row["manual"]) == (50, 90, 0)  # the derivation was left as released
    assert row["verdicts"] == {"PASS": 1, "FAIL": 1}
    again = told("grade")
    assert (again["graded"], again["unchanged"]) == ([], 1)
    assert told("feedback")["written"] == [f"ada/{UNIT}/basics.html"]
    assert "You returned the input." in (course / "feedback" / "ada" / UNIT / "basics.html").read_text()
    marks = course / "marks.csv"
    (unit,) = told("report", "--csv", str(marks))["units"]
    assert [s["student"] for s in unit["students"]] == ["ada"]
    assert "ada" in marks.read_text() and marks.stat().st_mode & 0o077 == 0
    assert (course / "report" / "class.html").is_file()


def test_show_marks_one_file(course: Path) -> None:
    """`show` says what a student would read and records nothing."""
    answer = course / "answer.py"
    answer.write_text("def mean_of(x):\n    return x\n")
    result = document(course, "show", f"{UNIT}/mean_of", str(answer))["result"]
    assert (result["points"], result["diagnosis"]) == (0, "You returned the input.")


def test_verify_finds_the_keys_sound(course: Path) -> None:
    """The small course's keys hold what they promise."""
    found = document(course, "verify", "--no-mutants", "--workers", "1")
    assert found["sound"] is True and found["isolation"]


def test_sandbox_names_the_levels(course: Path) -> None:
    """The probe lists each level, the strongest first."""
    found = document(course, "sandbox")
    assert list(found["levels"]) == ["namespaces", "landlock", "rlimits"]
    assert found["strongest"] in found["levels"]


def test_demo_dry_run_writes_nothing(course: Path) -> None:
    """A dry run of the demonstration names its folder and leaves it alone."""
    found = document(course, "demo", "--out", str(course / "class"), "--dry-run")
    assert found["outcome"] is None and not (course / "class").exists()
