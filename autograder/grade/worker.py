"""A worker's end: a warm sandbox, keys loaded once, one submission after the other until the line closes."""

from __future__ import annotations

import signal
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from autograder.course import Course
from autograder.errors import AutograderError
from autograder.grade.messages import Job, Ready, Setup
from autograder.grade.submission import grade_submission
from autograder.grade.unit import Unit
from autograder.results import Environment
from autograder.sandbox import Sandbox
from autograder.sandbox.installation import needed

__all__ = ["serve"]

PACKAGES = ("dlmath", "numpy", "torch", "scipy", "ipython")


def serve(fd: int) -> None:
    """Answer jobs with graded submissions. Ctrl-C is the batch's business, not ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(fd) as line, suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the batch has ended
        setup = msgspec.msgpack.decode(line.recv_bytes(), type=Setup)
        course = Course(Path(setup.home), Path(setup.work), setup.database)
        heavy = needed(course.texts(setup.units))
        with Sandbox(setup.isolation, setup.floor, setup.limits, course.library(), heavy=heavy) as box:
            try:
                ready = Ready(isolation=box.level)
            except AutograderError as refusal:
                ready = Ready(refusal=str(refusal), exit_code=refusal.exit_code)
            line.send_bytes(msgspec.msgpack.encode(ready))
            if not ready.refusal:
                _work(line, course, box)


def _work(line: Connection, course: Course, box: Sandbox) -> None:
    units: dict[str, Unit] = {}
    environment = Environment(
        isolation=box.level, limits=msgspec.to_builtins(box.limits), versions={**_versions(), **box.versions}
    )
    while True:
        job = msgspec.msgpack.decode(line.recv_bytes(), type=Job)
        unit = units.get(job.unit) or units.setdefault(job.unit, Unit(course, job.unit))
        graded = grade_submission(course, unit, job.student, box, environment, job.submission_hash)
        line.send_bytes(msgspec.msgpack.encode(graded))


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
