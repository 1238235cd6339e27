"""Clocks that jump and machines that sleep: nothing is ordered or timed by the wall clock."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from autograder.record import results
from tests.build.small_course import UNIT
from tests.faults.engine import LIMIT_WORDS, Command, grade, in_use, run, until
from tests.faults.state import STUDENTS, stored
from tests.grade.classroom import LIMITS

pytestmark = pytest.mark.faults

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


@pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed: no process can be given another clock")
def test_the_wall_clock_jumps(course, tmp_path, tried, ends_as_undisturbed) -> None:
    """A month back, a year ahead, in the middle of a batch and between two; pages follow the marks all the same."""
    clock = tmp_path / "clock"
    clock.write_text("+0d")
    # The monotonic clock is left alone, as a clock that is set leaves it.
    words = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    words |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    command = Command(course, "grade", *LIMIT_WORDS, "--workers=1", "--json", environment=words)
    try:
        for recorded, jump in ((2, "-30d"), (4, "+365d")):
            until(lambda n=recorded: not command.running or len(stored(course)) >= n, "submissions")
            clock.write_text(jump)
            tried("wall clock jumped")
        done = command.wait()
    finally:
        command.stop()
    assert done.code == 0 and len(done.document["graded"]) == len(STUDENTS), done.err
    assert 0 < done.document["seconds"] < 3600
    times = [datetime.fromisoformat(entry.graded).timestamp() for entry in results(course, UNIT)]
    assert max(times) - min(times) > 86400, "the clock did jump"
    assert grade(course).document["graded"] == []
    clock.write_text("-400d")
    tried("wall clock jumped")
    assert len(run(course, "feedback", "--json", environment=words).document["written"]) == len(STUDENTS)
    assert run(course, "feedback", "--json").document["written"] == []
    ends_as_undisturbed(course)


def test_the_machine_sleeps(course, tried, ends_as_undisturbed) -> None:
    """All of a batch stands still for longer than a part may take, in the middle of a part: nobody pays for it."""
    command = Command(course, "grade", *LIMIT_WORDS, "--workers=1", "--json")
    try:
        until(lambda: in_use(command), "a submission in hand")
        tried("machine asleep")
        stopped = stop_all(command)
        time.sleep(2 * LIMITS.part_seconds + 5)
        for process in stopped:
            os.kill(process.pid, signal.SIGCONT)
        done = command.wait()
    finally:
        command.stop()
    assert done.code == 0 and len(done.document["graded"]) == len(STUDENTS), done.err
    ends_as_undisturbed(course)


def stop_all(command: Command) -> list[psutil.Process]:
    """Stop the command and all that came from it, parents first."""
    stopped: list[psutil.Process] = []
    while more := [p for p in command.processes() if p not in stopped]:
        for process in more:
            os.kill(process.pid, signal.SIGSTOP)
        stopped += more
    return stopped
