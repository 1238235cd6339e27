"""Run a command on one core; measure its time and the memory of its whole process tree."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["Cost", "machine", "run"]

SAMPLE_SECONDS = 0.2
PROGRAMS = Path(sys.executable).parent  # nbgrader calls alembic by name


@dataclass(frozen=True)
class Cost:
    """What a command used.

    Args:
        seconds: wall-clock, on one core.
        peak_bytes: largest sum of the proportional set sizes (shared pages counted once) of its processes.
    """

    seconds: float
    peak_bytes: int


def run(command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run to the end on core 0; RuntimeError with the output when it fails."""
    start = time.perf_counter()
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
    return Cost(seconds, peak.stop())


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
