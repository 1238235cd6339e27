"""The audit log: no line lost, no password kept."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.hub import audit

WRITERS, LINES = 4, 250
WRITER = """
import sys
from pathlib import Path
from autograder.hub import audit
audit.ROTATE_BYTES = 4000
for n in range(int(sys.argv[3])):
    audit.record(Path(sys.argv[1]), sys.argv[2], "wrote", n=n, text="é" * 50)
"""


def test_processes_that_write_and_rotate_at_once_lose_no_line(tmp_path: Path) -> None:
    """Four processes write 1000 entries through about 40 rotations, and each is there once."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), f"w{number}", str(LINES)])
        for number in range(WRITERS)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * WRITERS
    found = [(entry["who"], entry["n"]) for entry in audit.read(tmp_path)]
    assert sorted(found) == sorted((f"w{number}", n) for number in range(WRITERS) for n in range(LINES))
    for number in range(WRITERS):
        assert [n for who, n in found if who == f"w{number}"] == list(range(LINES)), "a writer's own order is kept"
    assert len(list(audit.folder(tmp_path).glob("audit-*.jsonl"))) > 10


def test_passwords_are_never_kept(tmp_path: Path) -> None:
    """Names that sound like passwords lose their values, at any depth; URLs lose their passwords."""
    audit.record(
        tmp_path,
        "ana",
        "logged in",
        password="hunter2",
        request={"api_token": "hunter2", "form": [{"passwd": "hunter2"}]},
        database="postgresql://ana:hunter2@host/db",
    )
    text = (audit.folder(tmp_path) / "audit.jsonl").read_text()
    assert "hunter2" not in text
    assert json.loads(text)["database"] == "postgresql://ana:[removed]@host/db"


def test_details_cannot_take_the_place_of_who_and_when(tmp_path: Path) -> None:
    """A detail called `time` does not forge the entry's time."""
    audit.record(tmp_path, "ana", "graded", **{"time": "1970-01-01T00:00:00Z"})
    (entry,) = audit.read(tmp_path)
    assert entry["time"].startswith(str(datetime.now(UTC).year))


def test_since_leaves_out_what_is_older(tmp_path: Path) -> None:
    """`since` is a moment in any zone; a damaged line is always shown."""
    audit.record(tmp_path, "ana", "old")
    path = audit.folder(tmp_path) / "audit.jsonl"
    path.write_bytes(path.read_bytes() + b'{"time": "20')
    audit.record(tmp_path, "ana", "new")
    moment = datetime.fromisoformat(audit.read(tmp_path)[-1]["time"])
    assert [e["what"] for e in audit.read(tmp_path)] == ["old", "unreadable line", "new"]
    assert [e["what"] for e in audit.read(tmp_path, moment + timedelta(hours=1))] == ["unreadable line"]


def test_line_breaks_make_no_second_entry(tmp_path: Path) -> None:
    """What a student typed cannot look like another entry."""
    audit.record(tmp_path, 'eve\n{"who": "lecturer"}', "logged in")
    assert len(audit.read(tmp_path)) == 1


def test_the_log_is_private(tmp_path: Path) -> None:
    """Only the hub's user reads it."""
    audit.record(tmp_path, "ana", "logged in")
    assert stat.S_IMODE(audit.folder(tmp_path).stat().st_mode) == 0o700
    assert stat.S_IMODE((audit.folder(tmp_path) / "audit.jsonl").stat().st_mode) == 0o600


def test_a_full_disk_refuses_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be written goes to the process's own log and raises nothing."""
    audit.folder(tmp_path).write_text("a file where the folder should be")
    audit.record(tmp_path, "ana", "logged in", token="hunter2")
    assert "logged in" in caplog.text and "hunter2" not in caplog.text
