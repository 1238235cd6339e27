"""A PostgreSQL server that dies, comes back, drops the connection or refuses it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.record import GradebookWriter
from tests.build.small_course import UNIT
from tests.faults.engine import LIMIT_WORDS, Command, grade, until
from tests.faults.state import STUDENTS, is_sound, stored
from tests.postgresql import ENCODED, as_ordinary_user, create, plain, server

pytestmark = pytest.mark.faults


class Server:
    """A server that can be killed and started again."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self._again: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """What an immediate shutdown is: no connection is ended, nothing is written any more."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        until(lambda: not (self.folder / "data" / "postmaster.pid").exists(), "the server's end")

    def start(self) -> None:
        """The same server again: it recovers."""
        words = (self.folder / "data" / "postmaster.opts").read_text().replace('"', "").split()
        with open(self.folder / "log", "ab") as log:
            self._again = subprocess.Popen([*as_ordinary_user(), *words], stdout=log, stderr=log, cwd=self.folder)
        until(self.answers, "the server's answer")

    def answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(plain(self.url), connect_timeout=2).close()
            return True
        except psycopg.OperationalError:
            return False

    def drop_connections(self) -> int:
        """End all but one's own; how many."""
        import psycopg

        ask = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gradebook'"
        with psycopg.connect(plain(self.url), autocommit=True) as db:
            return len(db.execute(ask).fetchall())

    def stop(self) -> None:
        if self._again is not None:
            self._again.terminate()
            self._again.wait(30)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path / "postgresql", durable=True) as url:
        running = Server(tmp_path / "postgresql", url)
        yield running
        running.stop()


@pytest.fixture
def there(course: Course, running: Server) -> Course:
    """The class, with its gradebook on the server."""
    (course.home / "gradebook.db").unlink()
    there = Course(course.home, course.work, create(running.url, "gradebook"))
    with GradebookWriter(there) as gradebook:
        gradebook.prepare(UNIT)
    return there


def in_the_middle(course: Course) -> Command:
    """A batch of which some submissions are recorded."""
    command = Command(course, "grade", *LIMIT_WORDS, "--workers=1", "--json")
    until(lambda: not command.running or len(stored(course)) >= 2, "the first submissions")
    return command


def test_comes_back(there, running, tried, ends_as_undisturbed) -> None:
    """Killed in the middle of a batch, then between two, then only the connection: the batch waits and goes on."""
    command = in_the_middle(there)
    try:
        tried("PostgreSQL killed and started again")
        running.kill()
        time.sleep(1.5)
        running.start()
        until(lambda: not command.running or len(stored(there)) >= 4, "submissions after the restart")
        tried("PostgreSQL connection dropped")
        running.drop_connections()
        done = command.wait()
    finally:
        command.stop()
    assert done.code == 0 and len(done.document["graded"]) == len(STUDENTS), done.err
    ends_as_undisturbed(there)


def test_stays_away(there, running, tried, ends_as_undisturbed) -> None:
    """After the time that the URL says the batch ends, says how to go on, and does."""
    short = Course(there.home, there.work, f"{there.database}?connect_timeout=2")
    command = in_the_middle(short)
    try:
        tried("PostgreSQL killed for good")
        running.kill()
        done = command.wait()
    finally:
        command.stop()
    assert done.code == 3 and "Traceback" not in done.err, done.err
    said, then = done.message.splitlines()[-2:]
    assert "got no connection" in said and "See that the server runs" in said and ENCODED not in done.err
    assert then.startswith("Next: run again: autograder")
    tried("PostgreSQL not running")
    assert "got no connection" in grade(short).message
    running.start()
    is_sound(there)
    ends_as_undisturbed(there)


WRONG = {"password": (ENCODED, "wrong"), "name": ("/gradebook", "/nowhere"), "user": ("course:", "stranger:")}


@pytest.mark.parametrize("what", WRONG)
def test_refused(there, tried, what: str) -> None:
    """A wrong password, a database and a user that are not there; no password is shown."""
    tried("PostgreSQL refuses")
    done = grade(Course(there.home, there.work, there.database.replace(*WRONG[what])))
    assert done.code == 3 and "Traceback" not in done.err, done.err
    assert "the server refused" in done.message and "Compare the URL" in done.message
    assert ENCODED not in done.err and ":wrong@" not in done.err
