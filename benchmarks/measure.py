"""Run a command on one core; measure its time and the memory of its whole process tree."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["Cost", "copied_page_seconds", "machine", "run"]

SAMPLE_SECONDS = 0.2
PROGRAMS = Path(sys.executable).parent  # nbgrader calls alembic by name


@dataclass(frozen=True)
class Cost:
    """What a command used.

    Args:
        seconds: wall-clock, on one core.
        peak_bytes: largest sum of the proportional set sizes (shared pages counted once) of its processes.
        faults: page faults of the whole machine meanwhile (Linux, otherwise 0); most are pages that a fork copies.
    """

    seconds: float
    peak_bytes: int
    faults: int


def run(command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run to the end on core 0; RuntimeError with the output when it fails."""
    start, faults = time.perf_counter(), _faults()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_one_core,
    )
    peak = _Peak(process.pid)
    output, _ = process.communicate()
    seconds = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output[-3000:]}")
    return Cost(seconds, peak.stop(), _faults() - faults)


def copied_page_seconds(pages: int = 4096) -> float:
    """What a process pays on this machine for the first write to a page that it shares with its parent."""
    memory = mmap.mmap(-1, pages * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    _write_to_each(memory)
    receive, send = os.pipe()
    if os.fork() == 0:
        shared, own = _write_to_each(memory), _write_to_each(memory)
        os.write(send, struct.pack("d", (shared - own) / pages))
        os._exit(0)
    os.wait()
    return float(struct.unpack("d", os.read(receive, 8))[0])


def _write_to_each(memory: mmap.mmap) -> float:
    start = time.perf_counter()
    for place in range(0, len(memory), mmap.PAGESIZE):
        memory[place] = 1
    return time.perf_counter() - start


def _faults() -> int:
    counters = Path("/proc/vmstat")
    lines = counters.read_text().splitlines() if counters.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("pgfault "))


def _one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


class _Peak:
    """Samples the memory of a process tree in a thread."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(psutil.Process(pid),))
        self._thread.start()

    def _watch(self, root: psutil.Process) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            try:
                tree = [root, *root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.bytes = max(self.bytes, sum(map(_proportional, tree)))

    def stop(self) -> int:
        self._done.set()
        self._thread.join()
        return self.bytes


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError, ProcessLookupError):
        return 0


def machine(read: Callable[[str], str] = lambda path: Path(path).read_text()) -> str:
    """Processor, cores and memory, in words."""
    model = next(
        (line.split(":")[1].strip() for line in read("/proc/cpuinfo").splitlines() if "model name" in line), "?"
    )
    return f"{model}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"
