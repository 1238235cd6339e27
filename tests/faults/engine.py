"""The `autograder` command as a lecturer starts it, in a process of its own, with what it leaves behind in sight."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from autograder.course import Course
from tests.grade.classroom import LIMITS

__all__ = ["LAYERS", "LIMIT_WORDS", "Command", "Done", "grade", "in_use", "layer", "run", "until"]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # no test waits longer for anything
# Two submissions are recorded at a time, so that a batch of few has many moments to be struck in.
START = """
import sys
try:
    import autograder.grade.batch as batch
    from autograder.cli import main
except KeyboardInterrupt:  # the command itself imports these where it expects that
    sys.exit(130)
batch.CHUNK = 2
main()
"""
LIMIT_WORDS = [
    f"--limit={name}={getattr(LIMITS, name)}" for name in ("cell_seconds", "part_seconds", "submission_seconds")
]

LAYERS = ("command", "worker", "launcher", "zygote", "keeper", "session")  # each the parent of the next


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def message(self) -> str:
        """What it said about its failure, without the progress before it."""
        lines = [line for line in self.err.splitlines() if not line.startswith(('{"progress"', "Warning"))]
        return "\n".join(lines)


class Command:
    """A command at work.

    Args:
        course: whose home, work and database it is given.
        words: the command and its options.
        prefix: what starts it, for another place or person.
        environment: on top of this process's own.
        aside: a folder for what it says: two at once need two.
    """

    def __init__(
        self,
        course: Course,
        *words: str,
        prefix: Sequence[str] = (),
        environment: dict[str, str] | None = None,
        aside: str = "said",
    ) -> None:
        self.course = course
        where = ["--course", str(course.home), "--work", str(course.work), "--database", course.database]
        self.aside = course.home.parent / aside
        self.aside.mkdir(exist_ok=True)
        temporary = course.home.parent / "tmp"
        temporary.mkdir(exist_ok=True)
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TMPDIR": str(temporary)}
        self._files = [(self.aside / name).open("w+") for name in ("out", "err")]
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-c", START, *where, "--progress", "json", *words],
            stdin=subprocess.DEVNULL,
            stdout=self._files[0],
            stderr=self._files[1],
            env={**variables, **(environment or {})},
            start_new_session=True,
            cwd=ROOT,
        )
        self.pid = self._process.pid
        self.seen: set[psutil.Process] = set()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def processes(self) -> list[psutil.Process]:
        """The command and all that came from it, parents first."""
        try:
            found = [psutil.Process(self.pid)]
            found += found[0].children(recursive=True)
        except psutil.NoSuchProcess:
            found = []
        self.seen |= set(found)
        return found

    def opened(self, path: Path) -> bool:
        """Whether the command has the file open."""
        assert self.running, self.wait().err
        return any(Path(f.path) == path for f in psutil.Process(self.pid).open_files())

    def wait(self) -> Done:
        """Its end, and the end of everything that came from it."""
        code = self._process.wait(PATIENCE)
        until(lambda: not [p for p in self.seen if p.is_running() and p.status() != psutil.STATUS_ZOMBIE], "the end")
        said = [(self.aside / name).read_text() for name in ("out", "err")]
        for file in self._files:
            file.close()
        return Done(code, *said)

    def stop(self) -> None:
        """End it for good, after a test that failed."""
        if self.running:
            self.send(signal.SIGKILL)
            self._process.wait(PATIENCE)


def layer(command: Command, name: str) -> list[psutil.Process]:
    """The processes of a kind that are there now, the oldest first."""
    command.processes()  # those that will have to be gone
    found = [psutil.Process(command.pid)]
    for _ in range(LAYERS.index(name)):
        found = [child for parent in found for child in children(parent)]
    return sorted(found, key=lambda p: p.create_time())


def children(parent: psutil.Process) -> list[psutil.Process]:
    try:
        return parent.children()
    except psutil.NoSuchProcess:
        return []


def in_use(command: Command) -> psutil.Process | None:
    """A session in which student code is being called: it has a fork."""
    assert command.running
    return next((session for session in layer(command, "session") if children(session)), None)


def until(holds: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait for a value that counts as true; it."""
    ends = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < ends, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.01)
    return found


def run(course: Course, *words: str, **how: Any) -> Done:
    """A command from start to end."""
    return Command(course, *words, **how).wait()


def grade(course: Course, *words: str, **how: Any) -> Done:
    """`autograder grade` from start to end, by one worker."""
    return run(course, "grade", *LIMIT_WORDS, "--workers=1", "--json", *words, **how)
