"""A worker's end: a warm sandbox, keys loaded once, one submission after the other until the line closes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from autograder.course import Course
from autograder.errors import AutograderError, system_refusal
from autograder.files import temporary_folder
from autograder.grade.guest import STUDENT, handed_in, visiting_course
from autograder.grade.leaving import end_with
from autograder.grade.messages import Died, Job, Material, Parcel, Ready, Setup
from autograder.grade.submission import grade_submission
from autograder.grade.unit import Unit
from autograder.grade.versions import recorded
from autograder.intake import IntakeError, submission_hash
from autograder.marking.conversations import Conversations
from autograder.record import Graded
from autograder.results import Environment
from autograder.sandbox import Sandbox

__all__ = ["serve"]

TRIES = 3  # with a submission that is another one when it has been graded


def serve(fd: int) -> None:
    """Answer jobs with graded submissions. Ctrl-C is the batch's business, not ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(fd) as line, suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the batch has ended
        end_with(line)
        setup = msgspec.msgpack.decode(line.recv_bytes(), type=Setup)
        with _course(setup, line) as course, temporary_folder() as aside:
            _serve(setup, line, course, aside)


@contextmanager
def _course(setup: Setup, line: Connection) -> Iterator[Course]:
    """The course where it lies, or, on another machine, what of it comes over the line."""
    if setup.home:
        yield Course(Path(setup.home), Path(setup.work), setup.database)
        return
    with visiting_course(msgspec.msgpack.decode(line.recv_bytes(), type=Material)) as course:
        yield course


def _serve(setup: Setup, line: Connection, course: Course, aside: Path) -> None:
    with Sandbox(setup.isolation, setup.floor, setup.limits, course.library(), heavy=setup.heavy) as box:
        try:
            ready = Ready(isolation=box.level)
        except AutograderError as refusal:
            ready = Ready(refusal=str(refusal), exit_code=refusal.exit_code)
        except OSError as fault:
            ready = Ready(refusal=system_refusal(fault) or f"sandbox: {fault}", exit_code=AutograderError.exit_code)
        line.send_bytes(msgspec.msgpack.encode(ready))
        if ready.refusal:
            return
        bench = _Bench(course, box, aside)
        grade = bench.job if setup.home else bench.parcel
        while True:
            line.send_bytes(msgspec.msgpack.encode(grade(line.recv_bytes())))


class _Bench:
    """What a worker keeps from one submission to the next.

    Args:
        aside: for copies of data files while they are needed.
    """

    def __init__(self, course: Course, box: Sandbox, aside: Path) -> None:
        self.course, self.box, self.aside = course, box, aside
        self.units: dict[str, Unit] = {}
        self.conversations = Conversations()  # of all units: their room is the worker's
        self.environment = Environment(
            isolation=box.level, limits=msgspec.to_builtins(box.limits), versions={**recorded(), **box.versions}
        )

    def job(self, message: bytes) -> Graded:
        """A submission that lies in the course. What was replaced meanwhile is graded once more."""
        job = msgspec.msgpack.decode(message, type=Job)
        unit, hashed = self.unit(job.unit), job.submission_hash
        folder = self.course.submitted / job.student / job.unit
        for _ in range(TRIES):
            try:
                graded = self._grade(unit, job.student, hashed)
                before, hashed = hashed, submission_hash(folder)
            except (IntakeError, OSError):
                if folder.is_dir():
                    raise
                break
            if before == hashed:
                return graded
        return unit.lost(
            Died(job=job, why="the submission was changed again and again, or removed, while it was graded")
        )

    def _grade(self, unit: Unit, student: str, hashed: str) -> Graded:
        return grade_submission(self.course, unit, student, self.box, self.environment, hashed, aside=self.aside)

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
        if name not in self.units:
            self.units[name] = Unit(self.course, name)
            self.units[name].conversations = self.conversations
        return self.units[name]
