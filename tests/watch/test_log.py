"""The log of a run: one JSON object a line, whatever is told."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.errors import ConfigurationError, UsageError
from autograder.watch.log import KEPT, log_folder, open_log, run_id

FORGED = 'ada\n{"event": "graded", "student": "eve"}\r\u2028\x1b[2J\u202e\udcff'


@pytest.fixture
def empty(tmp_path: Path) -> Course:
    return Course.at(tmp_path)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def only_log(course: Course) -> Path:
    [path] = log_folder(course).glob("*.jsonl")
    return path


def test_a_name_cannot_forge_a_line(empty: Course) -> None:
    """Line ends of every kind, escapes of terminals and broken text stay inside their string."""
    with open_log(empty, "grade") as log:
        log.tell("graded", student=FORGED, faults=[FORGED])
    content = only_log(empty).read_bytes()
    assert len(content.decode("ascii").splitlines()) == content.count(b"\n") == 2
    assert b"\x1b" not in content
    told = lines(only_log(empty))[1]
    assert (told["event"], told["student"], told["faults"]) == ("graded", FORGED, [FORGED])


def test_each_line_says_when_and_in_which_run(empty: Course) -> None:
    """Time in UTC, and the seconds of a clock that only goes forward."""
    with open_log(empty, "grade", run="a", units=["one"]) as log:
        log.tell("graded", student="ada")
    began, graded = lines(only_log(empty))
    assert (began["event"], began["command"], began["units"], began["level"]) == ("began", "grade", ["one"], "INFO")
    assert began["run"] == graded["run"] == "a"
    assert began["time"].endswith("+00:00")
    assert 0 <= began["seconds_in"] <= graded["seconds_in"]


def test_only_the_owner_reads_it(empty: Course) -> None:
    with open_log(empty, "grade"):
        pass
    path = only_log(empty)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path, path.parent, empty.private)] == [0o600, 0o700, 0o700]


def test_the_last_runs_are_kept_and_strangers_are_left_alone(empty: Course) -> None:
    folder = log_folder(empty)
    folder.mkdir(parents=True)
    old = [f"20200101T0000{number:02d}.000000Z-7.jsonl" for number in range(KEPT + 3)]
    for name in (*old, "notes.jsonl"):
        (folder / name).touch()
    with open_log(empty, "grade", run=run_id()) as log:
        pass
    kept = sorted(p.name for p in folder.iterdir())
    assert kept == sorted([*old[-(KEPT - 1) :], f"{log.run}.jsonl", "notes.jsonl"])


def test_a_failure_is_told_without_what_it_holds(empty: Course) -> None:
    """Of a foreign error only the first line, no login of a database; the error itself goes on."""
    error = RuntimeError("cannot reach postgresql://anna:geheim@host/db\n[parameters: ('hidden input',)]")
    with pytest.raises(RuntimeError), open_log(empty, "grade"):
        raise error
    text = only_log(empty).read_text()
    assert lines(only_log(empty))[-1]["why"] == "RuntimeError: cannot reach postgresql://***@host/db"
    assert "geheim" not in text and "hidden" not in text and "Traceback" not in text


def test_our_own_errors_are_told_whole(empty: Course) -> None:
    with pytest.raises(ConfigurationError), open_log(empty, "grade"):
        raise ConfigurationError("a: got b.\nNext line")
    assert lines(only_log(empty))[-1]["why"] == "ConfigurationError: a: got b.\nNext line"


def test_a_file_of_ones_own_is_added_to(empty: Course, tmp_path: Path) -> None:
    """`--log FILE` takes the place of the folder; two runs share the file."""
    for run in "ab":
        with open_log(empty, "grade", str(tmp_path / "all.jsonl"), run):
            pass
    assert [line["run"] for line in lines(tmp_path / "all.jsonl")] == ["a", "b"]
    assert not log_folder(empty).exists()


def test_stderr(empty: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """`--log -`: results alone are on stdout."""
    with open_log(empty, "grade", "-"):
        pass
    said = capsys.readouterr()
    assert json.loads(said.err)["event"] == "began" and said.out == ""


def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(empty: Course, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a file that can be written"):
        with open_log(empty, "grade", str(tmp_path / "nowhere" / "log")):
            pytest.fail("it ran")


def test_a_full_disk_is_told_once_and_stops_nobody(empty: Course, capsys: pytest.CaptureFixture[str]) -> None:
    with open_log(empty, "grade", "/dev/full") as log:
        log.tell("graded")
    assert capsys.readouterr().err.count("grading goes on without") == 1


def test_a_folder_that_cannot_be_made_stops_nobody(empty: Course, capsys: pytest.CaptureFixture[str]) -> None:
    empty.private.mkdir()
    log_folder(empty).write_text("in the way")
    with open_log(empty, "grade") as log:
        log.tell("graded")
    assert "grading goes on without" in capsys.readouterr().err
