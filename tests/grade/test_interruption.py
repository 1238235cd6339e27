"""A batch may be stopped or killed at any moment: run again, it ends in the same state."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autograder.course import Course
from autograder.record import load
from tests.build.small_course import UNIT
from tests.grade.classroom import scores, submit

KILLS = 10
STUDENTS = 12
PROGRAM = """
import sys
from pathlib import Path
from autograder.course import Course
from autograder.grade import batch
from tests.grade.classroom import LIMITS

batch.CHUNK = 2
done = batch.grade_units(
    Course.at(Path(sys.argv[1])), [sys.argv[2]], workers=int(sys.argv[3]), limits=LIMITS,
    progress=lambda done, total, label: print(done, flush=True),
)
print("left", len(done.due), flush=True)
sys.exit(done.exit_code)
"""


def start(course: Course, workers: int = 2) -> subprocess.Popen[str]:
    """A batch in a process of its own that prints how many submissions it has graded."""
    root = Path(__file__).parents[2]
    arguments = [sys.executable, "-c", PROGRAM, str(course.home), UNIT, str(workers)]
    return subprocess.Popen(arguments, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


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
    assert start(undisturbed).wait(600) == 0
    moments = random.Random(7)
    for _ in range(KILLS):
        process = start(course, workers=1)  # a second would cost the time to import torch twice more
        for _ in range(moments.randrange(3)):
            if not process.stdout.readline():
                break
        time.sleep(moments.random() * 0.3)
        process.kill()
        process.wait()
    assert start(course).wait(600) == 0
    assert end_state(course) == end_state(undisturbed)
    assert not list(course.work.rglob("*.part"))


@pytest.mark.slow  # each start imports torch twice
def test_interrupt_finishes_what_is_in_hand(course):
    """After Ctrl-C the batch records what it has, says what is left, and exits 130; the next run does the rest."""
    hand_in(course)
    process = start(course)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said = process.stdout.read().split()
    assert process.wait(60) == 130
    left = int(said[-1])
    assert 0 < left < STUDENTS
    assert len(scores(course)) == STUDENTS - left
    assert start(course).wait(600) == 0
    assert len(scores(course)) == STUDENTS


@pytest.mark.slow  # each start imports torch twice
def test_a_dead_worker_is_replaced(course):
    """A worker that is killed costs nothing: its submission is graded by another."""
    hand_in(course)
    process = start(course)
    process.stdout.readline()
    workers = [p for p in psutil.Process(process.pid).children() if "grade.worker" in " ".join(p.cmdline())]
    workers[0].kill()
    assert process.wait(600) == 0
    assert len(scores(course)) == STUDENTS
