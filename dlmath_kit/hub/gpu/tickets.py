"""The queue of those who wait: numbered files, each held by the one who waits."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from pathlib import Path

from dlmath_kit.hub.gpu.locks import is_held, open_file, try_lock, unlock, write_note
from dlmath_kit.hub.gpu.slots import Holder

__all__ = ["Ticket", "draw", "waiting"]

DIGITS = 12


class Ticket:
    """A place in the queue; gone when its holder dies."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.number = int(path.name)
        self.descriptor: int | None = descriptor

    def tear(self) -> None:
        """Leave the queue."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
            unlock(descriptor)


def draw(folder: Path, counter: int, holder: Holder, number: int = 0) -> Ticket:
    """The next ticket, or the one with a number that was kept (within the mutex; `counter` is its descriptor)."""
    last = int(os.pread(counter, DIGITS, 0) or b"0")
    last = max([last, *(int(path.name) for path in ticket_files(folder))])  # a lost counter repeats no number
    if not number:
        number = last + 1
        os.pwrite(counter, f"{number:0{DIGITS}d}".encode(), 0)
    path = folder / f"{number:0{DIGITS}d}"
    descriptor = open_file(path)
    if not try_lock(descriptor):  # two starts with one kept number: the second goes to the end
        os.close(descriptor)
        return draw(folder, counter, holder)
    write_note(descriptor, replace(holder, since=holder.since or time.time()).as_note())
    return Ticket(path, descriptor)


def waiting(folder: Path) -> list[Path]:
    """The tickets of those alive, first come first; others are thrown away (within the mutex)."""
    alive = []
    for path in ticket_files(folder):
        if is_held(path):
            alive.append(path)
        else:
            with contextlib.suppress(OSError):  # another account's: not ours to delete, but it does not count
                path.unlink()
    return alive


def ticket_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.isdigit() and len(path.name) == DIGITS)
