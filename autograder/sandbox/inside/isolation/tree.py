"""A process and all that came from it: list, measure, kill."""

from __future__ import annotations

import os
import signal
import sys
import time

from . import syscalls

__all__ = ["descendants", "die_with_parent", "kill_descendants", "memory", "processor_seconds"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


def die_with_parent() -> None:
    """SIGKILL for this process when its parent dies."""
    if sys.platform == "linux":
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)


def _children(pid: int) -> list[int]:
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
        front = [child for parent in front for child in _children(parent)]
        found += front
    return found


def kill_descendants(patience: float = 10.0) -> None:
    """SIGKILL everything below this process and wait until it is gone.

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
            return
        time.sleep(0.001)


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
    total = 0
    try:
        with open(f"/proc/{pid}/status") as f:
            for line in f:
                if line.startswith(("RssAnon:", "RssShmem:")):
                    total += int(line.split()[1]) * 1024
    except OSError:
        pass
    return total


def proportional_bytes(pid: int) -> int:
    """The same with shared pages divided among those who share them; slower to read."""
    total = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            for line in f:
                if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                    total += int(line.split()[1]) * 1024
    except OSError:
        pass
    return total


def memory(pids: list[int], most: int) -> int:
    """Bytes held by these processes: an upper bound while below `most`, exact above."""
    bound = sum(map(private_bytes, pids))
    return bound if bound <= most else sum(map(proportional_bytes, pids))


def processor_seconds(pids: list[int]) -> float:
    """Processor time used by these processes and their ended children."""
    ticks = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS
