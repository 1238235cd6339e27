"""Workers of this machine that end before they can begin."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from autograder.errors import AutograderError
from autograder.grade.messages import Job, Ready, Setup
from autograder.grade.pool import Pool
from autograder.record import Graded
from autograder.results import Environment, SubmissionResult
from autograder.sandbox.limits import Limits

SETUP = Setup(home="", work="", database="", isolation="", floor="", limits=Limits(), heavy=())
JOBS = [Job(unit="unit", student=f"s{number}", submission_hash="") for number in range(9)]
RESULT = SubmissionResult(
    student="",
    unit="unit",
    notebooks=(),
    submission_hash="",
    course_hash="",
    environment=Environment(isolation="", limits={}, versions={}),
)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two workers; of those that are started, each one ends at once of which `lives` says no."""

    def made(lives: Iterator[bool]) -> Pool:
        class Scripted:
            def __init__(self, *first: bytes) -> None:
                self.line, self.far = multiprocessing.Pipe()
                self.process, self.ready, self.job, self.since = SimpleNamespace(pid=0), False, None, time.monotonic()
                self.far.send_bytes(msgspec.msgpack.encode(Ready())) if next(lives) else self.far.close()

            def give(self, job: Job) -> None:
                self.job, self.since = job, time.monotonic()
                result = msgspec.structs.replace(RESULT, student=job.student)
                self.far.send_bytes(msgspec.msgpack.encode(Graded(result=result)))

            def end(self, kill: bool = False) -> int:
                self.line.close()
                return -9

        monkeypatch.setattr("autograder.grade.pool.Worker", Scripted)
        return Pool(SETUP, 2, 60.0)

    return made


def test_one_that_works_goes_on_alone(pool: Any) -> None:
    """A machine with memory for one worker grades with one: that others cannot start ends no run."""
    workers = iter([True, *[False] * 20])
    with pool(workers) as started:
        done = [graded.result.student for graded in started.run(JOBS) if graded]
    assert done == [job.student for job in JOBS]
    assert len(list(workers)) == 17  # three were tried beside it, no more


def test_when_none_can_start_it_is_said(pool: Any) -> None:
    with pool(iter([False] * 20)) as started, pytest.raises(AutograderError, match="before its first job"):
        list(started.run(JOBS))
