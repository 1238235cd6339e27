"""Never two who write a course's marks: a lock that the system lifts when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.course import Course
from autograder.errors import AutograderError

__all__ = ["lock_file", "lock_holder", "single_writer"]

GRADED = "{work}: this course is being graded already (process {holder}). Wait until it has ended."


def lock_file(course: Course) -> Path:
    """The file that is locked; it holds its last holder's process id, and its time says since when."""
    return course.private / "grade.lock"


def lock_holder(course: Course) -> str:
    """The process that grades the course at this moment; "" when none does."""
    try:
        fd = os.open(lock_file(course), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        return "" if _take(fd) else _holder(fd)
    finally:
        os.close(fd)


@contextmanager
def single_writer(course: Course, refusal: str = GRADED) -> Iterator[None]:
    """Hold the course's writing lock, or refuse and name who holds it.

    Args:
        refusal: what to say then; may name {work}, the course's folder, and {holder}, the process.
    """
    course.private.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(lock_file(course), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _take(fd):
            raise AutograderError(refusal.format(work=course.work, holder=_holder(fd)))
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


def _take(fd: int) -> bool:
    """Take the lock, until the descriptor is closed; False when someone else has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(fd: int) -> str:
    return os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
