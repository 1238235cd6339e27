"""Times, names, notebooks and errors, said to a student."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dlmath_kit.hub.cells import Unreadable, exercises, heading, program, read_cells
from dlmath_kit.hub.course import score
from dlmath_kit.hub.errors import Refusal, explain
from dlmath_kit.hub.place import read_place
from dlmath_kit.hub.stops import stopped_words
from dlmath_kit.hub.times import distance, lateness, say, say_with_distance
from tests.hub.student.server import COURSE, UNIT

BRUSSELS = ZoneInfo("Europe/Brussels")
NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


def test_a_due_date_in_words() -> None:
    """Weekday, day, month and clock of the course's zone, and how far it is."""
    due = datetime(2026, 12, 1, 22, 59, tzinfo=UTC)
    assert say_with_distance(due, BRUSSELS, NOW) == "Tuesday 1 December, 23:59 (in 10 days)"
    assert say(due.replace(year=2027), BRUSSELS, NOW) == "Wednesday 1 December 2027, 23:59"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (30, "in less than a minute"),
        (-30, "just now"),
        (60, "in 1 minute"),
        (-7200, "2 hours ago"),
        (47 * 3600, "in 47 hours"),
        (-10 * 86400, "10 days ago"),
    ],
)
def test_distances(seconds: int, words: str) -> None:
    """The unit of a distance fits its size."""
    assert distance(NOW + timedelta(seconds=seconds), BRUSSELS, NOW) == words


def test_days_are_those_of_the_calendar_also_when_clocks_change() -> None:
    """From Saturday noon to Monday midnight over the end of summer time are two days."""
    saturday = datetime(2026, 10, 24, 9, 0, tzinfo=BRUSSELS)
    assert distance(datetime(2026, 10, 26, 23, 0, tzinfo=BRUSSELS), BRUSSELS, saturday) == "in 2 days"
    assert lateness(NOW + timedelta(hours=3), BRUSSELS, NOW) == "3 hours late"


def test_headings_become_plain_text() -> None:
    """Formulas of one letter are shown as that letter."""
    title = heading("text\n## 1 The activation: $\\sigma$ without *accidents*\n")
    assert title == "1 The activation: σ without accidents"
    assert heading("no heading") == ""


def cell(kind: str, source: str, **flags: object) -> dict[str, object]:
    metadata = {"nbgrader": flags} if flags else {}
    return {"cell_type": kind, "source": source, "metadata": metadata}


SETUP = cell("code", "import numpy", grade_id="setup", locked=True, solution=False)
ANSWER = cell("code", "raise NotImplementedError()", grade_id="f", locked=False, solution=True)
CHECK = cell("code", "assert f() == 1", grade_id="check_f", locked=True, solution=False)
TEST = cell("code", "# 3 points", grade_id="test_f", locked=True, solution=False, grade=True, points=3)


def test_exercises_of_any_nbgrader_notebook() -> None:
    """Locked assertions after an answer are its checks; a test cell of comments is none."""
    [exercise] = exercises([SETUP, cell("markdown", "# One"), ANSWER, CHECK, TEST])
    assert (exercise.name, exercise.title, exercise.checks, exercise.written) == ("f", "One", ("check_f",), False)


def test_locked_cells_are_run_as_released_at_their_place() -> None:
    """A changed locked cell runs as released, a deleted one comes back behind what it followed."""
    released = [SETUP, ANSWER, CHECK, TEST]
    mine = cell("code", "def f(): return 1", grade_id="f", locked=False, solution=True)
    own = cell("code", "print(f())")
    steps = program(released, [mine, own, {**TEST, "source": "1/0"}])
    assert [(s.grade_id, s.restored) for s in steps] == [
        ("setup", True),
        ("f", False),
        ("check_f", True),
        ("", False),
        ("test_f", True),
    ]
    assert [s.source for s in steps][-1] == "# 3 points"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', "null", "[" * 100_000])
def test_damaged_notebooks_are_a_sentence(tmp_path: Path, text: str) -> None:
    """A file that is no notebook is told as such, whatever it holds."""
    path = tmp_path / "lab.ipynb"
    path.write_text(text)
    with pytest.raises(Unreadable, match=r"lab\.ipynb cannot be read as a notebook"):
        read_cells(path)


@pytest.mark.parametrize(
    ("head", "points"),
    [("7.5/10", (7.5, 10.0)), (" 0 / 4 ", (0.0, 4.0)), ("a/b", None), ("1.2.3/4", None), ("", None)],
)
def test_the_score_is_read_from_the_head_alone(tmp_path: Path, head: str, points: tuple[float, float] | None) -> None:
    """A meta element that stands in the body was written by somebody else."""
    page = tmp_path / "page.html"
    page.write_text(f'<head><meta name="dlmath-score" content="{head}"></head><meta name="dlmath-score" content="9/9">')
    assert score(page) == points or (not head and points is None)
    page.write_text('<head></head><body><meta name="dlmath-score" content="9/9">')
    assert score(page) is None


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OSError(errno.ENOSPC, "x"), 507, "disk is full"),
        (OSError(errno.EDQUOT, "x"), 507, "disk is full"),
        (shutil.Error([("a", "b", "[Errno 28] No space left on device")]), 507, "disk is full"),
        (PermissionError(errno.EACCES, "x"), 503, "exchange folder cannot be used"),
        (KeyError("x"), 500, "on our side"),
        (Refusal("A sentence.", 404), 404, "A sentence."),
    ],
)
def test_every_fault_is_a_sentence(error: Exception, status: int, words: str) -> None:
    """No traceback and no path reaches a student."""
    refusal = explain(error)
    assert refusal.status == status and words in refusal.sentence


def test_a_due_date_that_cannot_be_read_keeps_nobody_from_handing_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Odd environment variables are logged and left out; what can be read is kept."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    due = json.dumps({"a": "2026-12-01T23:59:00+01:00", "b": "soon", "c": "2026-12-01T23:59:00"})
    odd = {"DLMATH_DUE": due, "DLMATH_TIMEZONE": "Mars/Olympus", "DLMATH_CULLING": "[", "JUPYTERHUB_USER": "s"}
    place = read_place(tmp_path, {"DLMATH_COURSE": COURSE, "DLMATH_EXCHANGE": str(tmp_path), **odd})
    assert list(place.due) == ["a"] and str(place.zone) == "UTC" and place.idle_minutes == 0
    assert {"'soon'", "Mars/Olympus"} <= {w for w in ("'soon'", "Mars/Olympus") if w in caplog.text}


@pytest.mark.parametrize(
    ("moment", "reason", "minutes", "words"),
    [
        ("2026-11-21T09:05:00+00:00", "idle", 60.0, "at 10:05 because nobody used it for 60 minutes."),
        ("2026-11-20T23:30:00+00:00", "idle", 1.2, "at 00:30 because nobody used it for 1 minute."),
        ("2026-11-20T10:00:00+00:00", "age", 1440, "on Friday 20 November, 11:00 because it had run for 24 hours."),
    ],
)
def test_why_the_last_server_was_stopped(moment: str, reason: str, minutes: float, words: str) -> None:
    """The time is the course's; the day is named where it is not today."""
    told = stopped_words(json.dumps({"time": moment, "reason": reason, "minutes": minutes}), BRUSSELS, NOW)
    assert told["words"] == f"Your server was stopped {words} Your saved work is here."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[]",
        "{}",
        "null",
        '{"time": 3, "reason": "idle", "minutes": 1}',
        '{"time": "2026-11-21", "reason": "war", "minutes": 1}',
        '{"time": "2026-11-21", "reason": [], "minutes": 1}',
        '{"time": "2026-11-21", "reason": "age", "minutes": NaN}',
        '{"time": "2026-11-21", "reason": "age", "minutes": 1e999}',
    ],
)
def test_an_odd_word_about_the_last_server_is_left_out(text: str) -> None:
    """The page is shown all the same."""
    assert stopped_words(text, BRUSSELS, NOW) == {}


def test_a_full_disk_leaves_nothing_half_done(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home and an exchange of 64 kB: neither half a unit nor half a submission appears."""
    from dlmath_kit.hub.actions import fetch, submit
    from dlmath_kit.hub.transfer import Submit  # noqa: F401 - imported while there is room

    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    small, exchange, home = tmp_path / "small", tmp_path / "exchange", tmp_path / "home"
    for folder in (small, home):
        folder.mkdir()
    shutil.copytree(released, exchange, copy_function=shutil.copy)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs"]
    environment = {"DLMATH_COURSE": COURSE, "DLMATH_EXCHANGE": str(exchange), "JUPYTERHUB_USER": "s"}
    if subprocess.run([*mount, str(small)], capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here: it takes root")
    try:
        with pytest.raises(OSError, match=r"No space left|Errno 28") as full:
            fetch(read_place(small, environment), UNIT, False)
        assert explain(full.value).status == 507 and not [p for p in small.rglob("*") if p.is_file()]
        place = read_place(home, environment)
        fetch(place, UNIT, False)
        inbound = exchange / COURSE / "inbound"
        subprocess.run([*mount, str(inbound)], check=True)
        try:
            with pytest.raises(OSError, match=r"No space left|Errno 28") as full:
                submit(place, UNIT)
            assert explain(full.value).status == 507 and not list(inbound.iterdir())
            assert not list((tmp_path / "data" / "nbgrader_cache" / COURSE).glob("*"))
        finally:
            subprocess.run(["umount", str(inbound)], check=True)
        assert submit(place, UNIT)["count"] == 1
    finally:
        subprocess.run(["umount", str(small)], check=True)
