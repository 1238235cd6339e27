"""A worker's end: a warm sandbox, keys loaded once, one submission after the other until the line closes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from autograder.course import Course
from autograder.errors import AutograderError
from autograder.grade.guest import STUDENT, handed_in, visiting_course
from autograder.grade.messages import Job, Material, Parcel, Ready, Setup
from autograder.grade.submission import grade_submission
from autograder.grade.unit import Unit
from autograder.grade.versions import recorded
from autograder.record import Graded
from autograder.results import Environment
from autograder.sandbox import Sandbox

__all__ = ["serve"]


def serve(fd: int) -> None:
    """Answer jobs with graded submissions. Ctrl-C is the batch's business, not ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(fd) as line, suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the batch has ended
        setup = msgspec.msgpack.decode(line.recv_bytes(), type=Setup)
        with _course(setup, line) as course:
            _serve(setup, line, course)


@contextmanager
def _course(setup: Setup, line: Connection) -> Iterator[Course]:
    """The course where it lies, or, on another machine, what of it comes over the line."""
    if setup.home:
        yield Course(Path(setup.home), Path(setup.work), setup.database)
        return
    with visiting_course(msgspec.msgpack.decode(line.recv_bytes(), type=Material)) as course:
        yield course


def _serve(setup: Setup, line: Connection, course: Course) -> None:
    with Sandbox(setup.isolation, setup.floor, setup.limits, course.library(), heavy=setup.heavy) as box:
        try:
            ready = Ready(isolation=box.level)
        except AutograderError as refusal:
            ready = Ready(refusal=str(refusal), exit_code=refusal.exit_code)
        line.send_bytes(msgspec.msgpack.encode(ready))
        if ready.refusal:
            return
        bench = _Bench(course, box)
        grade = bench.job if setup.home else bench.parcel
        while True:
            line.send_bytes(msgspec.msgpack.encode(grade(line.recv_bytes())))


class _Bench:
    """What a worker keeps from one submission to the next."""

    def __init__(self, course: Course, box: Sandbox) -> None:
        self.course, self.box = course, box
        self.units: dict[str, Unit] = {}
        self.environment = Environment(
            isolation=box.level, limits=msgspec.to_builtins(box.limits), versions={**recorded(), **box.versions}
        )

    def job(self, message: bytes) -> Graded:
        """A submission that lies in the course."""
        job = msgspec.msgpack.decode(message, type=Job)
        unit = self.unit(job.unit)
        return grade_submission(self.course, unit, job.student, self.box, self.environment, job.submission_hash)

    def parcel(self, message: bytes) -> Graded:
        """A submission that came with the message."""
        parcel = msgspec.msgpack.decode(message, type=Parcel)
        unit = self.unit(parcel.unit)
        with handed_in(self.course, parcel):
            return grade_submission(
                self.course,
                unit,
                STUDENT,
                self.box,
                self.environment,
                parcel.submission_hash,
                refused=parcel.refused,
                aside=self.course.work,
            )

    def unit(self, name: str) -> Unit:
        return self.units.get(name) or self.units.setdefault(name, Unit(self.course, name))
