"""Files held by flock: the kernel of the operating system lets go of them when their holder dies.

A lock belongs to the open file, not to the process: a child that inherits the descriptor holds it too, and it is
free when the last copy is closed or when any holder unlocks it. That is why a lease outlives the server that took
it exactly as long as the kernel process does. The folder must be on a local disk: NFS treats flock differently.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["is_held", "mutex", "open_file", "read_note", "try_lock", "unlock", "write_note"]

NOTE_BYTES = 4096  # a note is written and read in one piece, so that no reader sees half of one
MUTEX_SECONDS = 10.0


def open_file(path: Path) -> int:
    """A descriptor for reading and writing; the file is made when it is not there, for everyone to lock."""
    try:
        # Without O_CREAT first: Linux refuses it for files of others in a folder with the sticky bit.
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        with contextlib.suppress(PermissionError):
            os.fchmod(descriptor, 0o666)  # whatever the umask: students' servers may run under their own accounts
        return descriptor


def try_lock(descriptor: int) -> bool:
    """Take the lock if nobody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Let go for all who share the open file, and close our copy."""
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether somebody holds the file. Only within the mutex: looking takes the lock for a moment."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextlib.contextmanager
def mutex(path: Path) -> Iterator[int]:
    """One at a time; held for milliseconds, so a lock that stays held is a fault and is reported."""
    descriptor = open_file(path)
    deadline = time.monotonic() + MUTEX_SECONDS
    try:
        while not try_lock(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path}: got a lock held for {MUTEX_SECONDS:.0f} s, expected milliseconds.")
            time.sleep(0.005)
        yield descriptor
    finally:
        unlock(descriptor)


def write_note(descriptor: int, note: dict[str, Any]) -> None:
    """Say in a held file who holds it."""
    data = json.dumps(note, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > NOTE_BYTES:
        raise ValueError(f"note: got {len(data)} bytes, expected at most {NOTE_BYTES}.")
    os.pwrite(descriptor, data.ljust(NOTE_BYTES), 0)


def read_note(path: Path) -> dict[str, Any]:
    """What a file says about its holder; empty when it says nothing that can be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return {}
    try:
        note = json.loads(os.pread(descriptor, NOTE_BYTES, 0) or b"{}")
    except ValueError:
        return {}
    finally:
        os.close(descriptor)
    return note if isinstance(note, dict) else {}
