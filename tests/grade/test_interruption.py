"""A batch may be stopped or killed at any moment: run again, it ends in the same state."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from multiprocessing.connection import Connection

import psutil
import pytest

from autograder.course import Course
from autograder.grade import batch
from autograder.record import load
from tests.build.small_course import UNIT
from tests.grade.classroom import LIMITS, scores, submit

KILLS = 10
STUDENTS = 12


class Started:
    """A batch in a process of its own, forked from this one: what it imports is there already."""

    def __init__(self, course: Course, workers: int = 2) -> None:
        self._lines, theirs = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.get_context("fork").Process(target=run, args=(course, workers, theirs))
        self._process.start()
        theirs.close()
        self.pid = self._process.pid

    def line(self) -> int | None:
        """The next number that it says; None when it has ended."""
        try:
            return self._lines.recv()
        except EOFError:
            return None

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int | None:
        self._process.join(600)
        return self._process.exitcode


def run(course: Course, workers: int, line: Connection) -> None:
    """Say how many submissions are done after each, and at last how many are left."""
    batch.CHUNK = 2
    done = batch.grade_units(
        course, [UNIT], workers=workers, limits=LIMITS, progress=lambda done, total, label: line.send(done)
    )
    line.send(len(done.due))
    sys.exit(done.exit_code)


def hand_in(course: Course) -> None:
    for i in range(STUDENTS):
        submit(course, f"s{i:02d}", mean_of=f"def mean_of(x):\n    return {'sum(x) / len(x)' if i % 2 else 'x'}")


def end_state(course: Course):
    """What must not depend on interruptions: gradebook, autograded notebooks, stored results."""
    files = {str(p.relative_to(course.work)): p.read_bytes() for p in course.autograded.rglob("*") if p.is_file()}
    stored = {}
    for i in range(STUDENTS):
        result = load(course, UNIT, f"s{i:02d}").result
        stored[result.student] = [(e.cell, e.points, e.verdict) for n in result.notebooks for e in n.exercises]
    return scores(course), files, stored


@pytest.mark.slow  # each start imports torch twice
def test_killed_ten_times(course, tmp_path):
    """SIGKILL at random moments, then one run to the end: all as if it had never been killed."""
    undisturbed = Course.at(tmp_path / "undisturbed")
    hand_in(course)
    shutil.copytree(course.home, undisturbed.home)
    assert Started(undisturbed).wait() == 0
    moments = random.Random(7)
    for _ in range(KILLS):
        process = Started(course, workers=1)  # a second worker would double the time that a start takes
        for _ in range(moments.randrange(3)):
            if process.line() is None:
                break
        time.sleep(moments.random() * 0.3)
        process.send(signal.SIGKILL)
        process.wait()
    assert Started(course).wait() == 0
    assert end_state(course) == end_state(undisturbed)
    assert not list(course.work.rglob("*.part"))


@pytest.mark.slow  # each start imports torch twice
def test_interrupt_finishes_what_is_in_hand(course):
    """After Ctrl-C the batch records what it has, says what is left, and exits 130; the next run does the rest."""
    hand_in(course)
    process = Started(course)
    process.line()
    process.send(signal.SIGINT)
    said = [*iter(process.line, None)]
    assert process.wait() == 130
    left = said[-1]
    assert 0 < left < STUDENTS
    assert len(scores(course)) == STUDENTS - left
    assert Started(course).wait() == 0
    assert len(scores(course)) == STUDENTS


@pytest.mark.slow  # each start imports torch twice
def test_a_dead_worker_is_replaced(course):
    """A worker that is killed costs nothing: its submission is graded by another."""
    hand_in(course)
    process = Started(course)
    process.line()
    workers = [p for p in psutil.Process(process.pid).children() if "grade.worker" in " ".join(p.cmdline())]
    workers[0].kill()
    assert process.wait() == 0
    assert len(scores(course)) == STUDENTS
