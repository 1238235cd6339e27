"""Never two who write a course's marks: a lock that the system lifts when its holder dies.

A holder that ends as it should empties the file. Who finds a process id in it knows that its holder was killed, and
clears away what that one was writing.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from autograder.course import Course
from autograder.errors import AutograderError
from autograder.files import remove_unfinished

__all__ = ["lock_file", "lock_holder", "single_writer"]

GRADED = "{work}: this course is being graded already (process {holder}). Wait until it has ended."
TRIES, TRY_SECONDS = 50, 0.01


def lock_file(course: Course) -> Path:
    """The file that is locked; it holds its holder's process id, and its time says since when."""
    return course.private / "grade.lock"


def lock_holder(course: Course) -> str:
    """The process that grades the course at this moment; "" when none does."""
    try:
        fd = os.open(lock_file(course), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        return "" if _take(fd, fcntl.LOCK_SH) else _holder(fd)  # shared: two who ask do not see each other
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
        if not _take_soon(fd):
            raise AutograderError(refusal.format(work=course.work, holder=_holder(fd)))
        if _text(fd):
            for place in (course.private, course.autograded):
                remove_unfinished(place)
        _write(fd, f"{os.getpid()}\n", lock_file(course))
        try:
            yield
        finally:
            with suppress(OSError):  # a disk that failed meanwhile is told by what failed first
                os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _take_soon(fd: int) -> bool:
    """Take the lock, also when someone asks at this moment who holds it: that takes microseconds."""
    for _ in range(TRIES):
        if _take(fd, fcntl.LOCK_EX):
            return True
        time.sleep(TRY_SECONDS)
    return False


def _take(fd: int, kind: int) -> bool:
    """Take the lock, until the descriptor is closed; False when someone else has it."""
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(fd: int) -> str:
    return _text(fd) or "unknown"


def _text(fd: int) -> str:
    return os.pread(fd, 20, 0).decode("ascii", "replace").strip()


def _write(fd: int, text: str, path: Path) -> None:
    os.ftruncate(fd, 0)
    try:
        os.pwrite(fd, text.encode(), 0)
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(path)) from fault
