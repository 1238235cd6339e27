"""Clocks that jump and machines that sleep: nothing is ordered or timed by the wall clock."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
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

# libfaketime cannot leave the monotonic clock alone, as setting a clock does: Python's time.sleep fails under it.
ANOTHER_CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long offset(void) {
    long seconds = 0;
    FILE *file = fopen(getenv("CLOCK_OFFSET"), "r");
    if (file) {
        if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
        fclose(file);
    }
    return seconds;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(id, now);
    if (!status && id == CLOCK_REALTIME) now->tv_sec += offset();
    return status;
}

int gettimeofday(struct timeval *now, void *zone) {
    int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int status = real(now, zone);
    if (!status) now->tv_sec += offset();
    return status;
}

time_t time(time_t *now) {
    time_t (*real)(time_t *) = dlsym(RTLD_NEXT, "time");
    time_t found = real(NULL) + offset();
    if (now) *now = found;
    return found;
}
"""
DAY = 86400


@pytest.fixture
def clock(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A file that says how many seconds the wall clock is ahead, and the environment in which it is believed."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler: no process can be given another clock")
    library, ahead = tmp_path / "clock.so", tmp_path / "ahead"
    (tmp_path / "clock.c").write_text(ANOTHER_CLOCK)
    words = ["cc", "-shared", "-fPIC", "-o", str(library), str(tmp_path / "clock.c"), "-ldl"]
    subprocess.run(words, check=True, capture_output=True)
    ahead.write_text("0")
    return ahead, {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(ahead)}


def test_the_wall_clock_jumps(course, clock, tried, ends_as_undisturbed) -> None:
    """A month back, a year ahead, in the middle of a batch and between two; pages follow the marks all the same."""
    ahead, words = clock
    command = Command(course, "grade", *LIMIT_WORDS, "--workers=1", "--json", environment=words)
    try:
        for recorded, jump in ((2, -30), (4, 365)):
            until(lambda n=recorded: not command.running or len(stored(course)) >= n, "submissions")
            ahead.write_text(str(jump * DAY))
            tried("wall clock jumped")
        done = command.wait()
    finally:
        command.stop()
    assert done.code == 0 and len(done.document["graded"]) == len(STUDENTS), done.err
    assert 0 < done.document["seconds"] < 3600
    times = [datetime.fromisoformat(entry.graded).timestamp() for entry in results(course, UNIT)]
    assert max(times) - min(times) > DAY, "the clock did jump"
    assert grade(course).document["graded"] == []
    ahead.write_text(str(-400 * DAY))
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
