"""Each thing that can be wrong with a hub is found, and says what to do next."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from autograder.course import Course
from autograder.hub.backup import back_up
from autograder.hub.backup_parts import Places
from autograder.hub.health import Check, Target, check_health
from autograder.lock import lock_file, single_writer
from autograder.watch.state import RunState, state_file
from dlmath_kit.hub.gpu.leases import Leases


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A course on a machine where no hub runs."""
    home = tmp_path / "course"
    for folder in ("source", "solutions", ".hub/leases", "exchange/dlmath/inbound"):
        (home / folder).mkdir(parents=True)
    course = Course.at(home)
    with sqlite3.connect(home / "gradebook.db") as db:
        db.executescript("CREATE TABLE student (id); INSERT INTO student VALUES ('ana')")
    places = Places(course, home / ".hub", f"sqlite:///{home}/.hub/jupyterhub.sqlite", home / "exchange")
    return Target(places, "http://127.0.0.1:1", "", "dlmath")


def find(target: Target, name: str) -> Check:
    (check,) = (check for check in check_health(target) if check.name == name)
    return check


def test_a_hub_that_does_not_run_says_how_to_start_it(target: Target) -> None:
    """The proxy is asked first; without it nothing is said about the hub behind it."""
    checks = {check.name: check for check in check_health(target)}
    assert not checks["proxy"].ok and "autograder hub start" in checks["proxy"].next
    assert checks["formgrader"].found == "not reached without the proxy" and "hub" not in checks
    assert all(check.ok or check.next for check in checks.values())


def test_another_server_at_the_address_is_no_hub(target: Target) -> None:
    """Something answers, and it is not JupyterHub."""
    program = "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler)\n"
    program += "print(s.server_port, flush=True); s.serve_forever()"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, "-c", program], text=True, cwd=target.places.exchange, **pipes)
    assert server.stdout is not None
    try:
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        hub = find(Target(target.places, url, "", "dlmath"), "hub")
        assert not hub.ok and hub.found == "this is no hub"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def test_a_gradebook_that_cannot_be_read_leads_to_the_backups(target: Target) -> None:
    """A file that is no database; without a file there is nothing wrong yet."""
    assert find(target, "gradebook").found == f"1 student in {target.places.course.work / 'gradebook.db'}"
    path = target.places.course.work / "gradebook.db"
    path.write_bytes(b"not a database" * 100)
    broken = find(target, "gradebook")
    assert not broken.ok and "hub restore" in broken.next
    path.unlink()
    assert find(target, "gradebook").ok and not path.exists()


def test_an_old_backup_or_none_is_a_fault(target: Target) -> None:
    """Two days are too old."""
    assert find(target, "backup").next == "autograder hub backup"
    archive = Path(back_up(target.places).archive)
    assert find(target, "backup").ok
    archive.rename(archive.with_name("dlmath-20200101T000000.000Z.tar.gz"))
    assert not find(target, "backup").ok


def test_an_exchange_that_is_missing_or_full_is_a_fault(target: Target) -> None:
    """A folder that lets nobody write, also not root: a file system that keeps nothing."""
    assert "0 submissions" in find(target, "exchange").found
    gone = Places(target.places.course, target.places.state, "sqlite:///x", target.places.exchange / "gone")
    assert not find(Target(gone, target.url, "", "dlmath"), "exchange").ok
    unwritable = Places(target.places.course, target.places.state, "sqlite:///x", Path("/proc/self"))
    assert "cannot be written" in find(Target(unwritable, target.url, "", "dlmath"), "exchange").found


def test_a_grading_run_is_named_and_too_long_a_one_is_a_fault(target: Target) -> None:
    """By its process; the lock's time says since when."""
    assert find(target, "grading").found == "nobody grades"
    with single_writer(target.places.course):
        assert find(target, "grading").ok and str(os.getpid()) in find(target, "grading").found
        os.utime(lock_file(target.places.course), (0, 0))
        assert "end it" in find(target, "grading").next


def test_a_grading_run_that_was_killed_is_a_fault(target: Target) -> None:
    """It says of itself that it works, and nobody holds the lock."""
    lost = RunState(run="lost", command="grade", units=(), total=9, done=4)
    target.places.course.private.mkdir()
    state_file(target.places.course).write_bytes(msgspec.json.encode(lost))
    check = find(target, "grading")
    assert not check.ok and "after 4 of 9 submissions" in check.found


def test_leases_are_counted(target: Target) -> None:
    """Nobody holds a share of a machine where no kernel runs."""
    leases = Leases(target.places.state / "leases", ("0", "1"), 2)
    leases.prepare()
    lent = Target(target.places, target.url, "", "dlmath", leases)
    assert find(lent, "gpus").found == "0 of 4 leased, 0 waiting"
