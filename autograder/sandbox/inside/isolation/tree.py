"""A process and all that came from it: list, measure, kill."""

from __future__ import annotations

import os
import signal
import sys
import time

from . import syscalls

__all__ = [
    "children",
    "descendants",
    "die_with_parent",
    "kill_descendants",
    "memory",
    "processor_seconds",
    "threads",
    "wipe",
]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_place = bytearray(8192)


def die_with_parent() -> None:
    """SIGKILL for this process when its parent dies."""
    if sys.platform == "linux":
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)


def _read(path: str) -> bytearray:
    """A small file of /proc, in the one place where it is read: it holds names that a student may have given."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        length = os.readv(fd, [_place])
    finally:
        os.close(fd)
    _place[length:] = bytes(len(_place) - length)
    return _place


def wipe() -> None:
    """Forget what was read last."""
    _place[:] = bytes(len(_place))


def _sum_of(path: str, *names: bytes) -> int:
    """What these lines give in kB, as bytes together; 0 when there is no such process."""
    total = 0
    try:
        text = _read(path)
        for name in names:
            start = text.index(b"\n" + name) + len(name) + 1
            total += int(text[start : text.index(b"kB", start)]) * 1024
    except (OSError, ValueError):  # it has ended: it has no such lines
        pass
    return total


def children(pid: int) -> list[int]:
    """Process ids of a process's own children."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as f:
                found += map(int, f.read().split())
    except OSError:
        pass
    return found


def descendants(pid: int | None = None) -> list[int]:
    """Process ids below `pid` (this process), parents first."""
    found: list[int] = []
    front = [pid or os.getpid()]
    while front:
        front = [child for parent in front for child in children(parent)]
        found += front
    return found


def threads(pid: int) -> int:
    """Threads of a process; 0 where that cannot be told."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def kill_descendants(patience: float = 10.0) -> bool:
    """SIGKILL everything below this process and wait until it is gone; False when something is left.

    As process 1 of a namespace one call reaches all; elsewhere this process must be the subreaper, and what
    keeps forking is stopped first, then killed.
    """
    end = time.monotonic() + patience
    first = os.getpid() == 1
    while time.monotonic() < end:
        if first:
            _signal(-1, signal.SIGKILL)
        else:
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for pid in descendants():
                    _signal(pid, number)
        if not _reap():
            return True
        time.sleep(0.001)
    return False


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _reap() -> bool:
    """Collect what has ended; False when no child is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def private_bytes(pid: int) -> int:
    """Memory that a process holds besides mapped files, pages shared by a fork counted in full."""
    return _sum_of(f"/proc/{pid}/status", b"RssAnon:", b"RssShmem:")


def proportional_bytes(pid: int) -> int:
    """The same with shared pages divided among those who share them; slower to read."""
    return _sum_of(f"/proc/{pid}/smaps_rollup", b"Pss_Anon:", b"Pss_Shmem:")


def memory(pids: list[int], most: int) -> int:
    """Bytes held by these processes: an upper bound while below `most`, exact above."""
    bound = sum(map(private_bytes, pids))
    return bound if bound <= most else sum(map(proportional_bytes, pids))


def processor_seconds(pids: list[int]) -> float:
    """Processor time used by these processes and their ended children."""
    ticks = 0
    for pid in pids:
        try:
            text = _read(f"/proc/{pid}/stat")
        except OSError:
            continue
        fields = text[text.rindex(b")") + 2 :].split(None, 15)
        ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS
