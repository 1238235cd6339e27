"""Never two writers: a lock that the system lifts when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from autograder.course import Course
from autograder.errors import AutograderError

__all__ = ["single_writer"]


@contextmanager
def single_writer(course: Course) -> Iterator[None]:
    """Hold the course's writing lock, or refuse and name who holds it."""
    course.private.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(course.private / "grade.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise AutograderError(
                f"{course.work}: this course is being graded already (process {holder}). Wait until it has ended."
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)
