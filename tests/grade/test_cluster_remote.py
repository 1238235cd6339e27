"""What a Dask worker does for a run, without Dask: processes that die, that nobody asks, that are told to end."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from autograder.course import Course
from autograder.grade import remote
from autograder.grade.messages import Job, Ready, Setup, Told
from autograder.grade.offer import Offer
from autograder.grade.unit import Unit
from tests.build.small_course import UNIT
from tests.grade.classroom import LIMITS, submit
from tests.grade.dask_cluster import wait_until

pytestmark = pytest.mark.cluster


@pytest.fixture
def offer(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """A run of the course; what workers of ours leave lies in `tmp_path / "tmp"`."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    setup = Setup(home="", work="", database="", isolation="strongest", floor="rlimits", limits=LIMITS, heavy=())
    offer = Offer("tcp://127.0.0.1:1", course, {UNIT: Unit(course, UNIT)}, setup, 60.0)
    yield offer
    asyncio.run(remote.end(offer.run))
    assert not list((tmp_path / "tmp").iterdir())


def welcome(offer: Offer) -> Ready:
    answer = remote.welcome(offer.run, offer.setup, offer.material, offer.job_seconds)
    return msgspec.msgpack.decode(answer, type=Ready)


def told(offer: Offer, student: str) -> Told:
    parcel = offer.parcel(Job(unit=UNIT, student=student, submission_hash=""))
    return msgspec.msgpack.decode(remote.grade(offer.run, parcel), type=Told)


def test_a_killed_worker_process_is_told_and_replaced(offer: Offer) -> None:
    """The submission goes back to the batch with the reason; the next one is graded by a fresh process."""
    submit(offer.course, "ada")
    assert told(offer, "ada").stranger  # nobody began this run here
    assert welcome(offer).isolation
    [worker] = remote._runs[offer.run]._idle
    worker.process.kill()
    assert told(offer, "ada").died == "ended (status -9)"
    graded = offer.received(told(offer, "ada").graded, Job(unit=UNIT, student="ada", submission_hash=""))
    assert (graded.result.student, graded.result.points) == ("ada", 90.0)


def test_a_run_that_nobody_asks_ends(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the batch was killed, its processes and the course's material do not stay."""
    monkeypatch.setattr(remote, "IDLE_SECONDS", 1.0)
    assert welcome(offer).isolation
    [worker] = remote._runs[offer.run]._idle
    wait_until(lambda: offer.run not in remote._runs, "the run does not end")
    assert worker.process.wait(30) == 0


def test_what_it_cannot_reach_is_refused(offer: Offer) -> None:
    """The floor holds where the work is done."""
    weak = msgspec.structs.replace(
        msgspec.msgpack.decode(offer.setup, type=Setup), isolation="rlimits", floor="namespaces"
    )
    offer.setup = msgspec.msgpack.encode(weak)
    assert "isolation: got none, expected namespaces" in welcome(offer).refusal
    assert offer.run not in remote._runs
