"""Run a command on some cores; measure its time, the memory of its whole process tree, and when it said what."""

from __future__ import annotations

import importlib.metadata
import mmap
import os
import platform
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from memory import by_role

__all__ = ["Cost", "Sample", "copied_page_seconds", "heading", "machine", "one_core", "progress", "run"]

PROGRAMS = Path(sys.executable).parent  # nbgrader calls alembic by name


@dataclass(frozen=True)
class Sample:
    """The memory of a command's processes at one moment.

    Args:
        at: seconds after the command's start.
        bytes: proportional set sizes (shared pages counted once), by the processes' role.
    """

    at: float
    bytes: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.bytes.values())


@dataclass(frozen=True)
class Cost:
    """What a command used.

    Args:
        seconds: wall-clock.
        processor: seconds that this machine's processors were busy meanwhile, whoever used them.
        faults: page faults of the whole machine meanwhile (Linux, otherwise 0); most are pages that a fork copies.
        samples: its memory in the course of time.
        lines: what it printed, each with the seconds after its start.
    """

    seconds: float
    processor: float
    faults: int
    samples: list[Sample]
    lines: list[tuple[float, str]] = field(default_factory=list)

    @property
    def peak_bytes(self) -> int:
        return max((sample.total for sample in self.samples), default=0)


def run(
    command: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    *,
    cores: int | None = 1,
    every: float = 0.2,
    told: Callable[[str], None] = lambda line: None,
    accepted: Sequence[int] = (0,),
) -> Cost:
    """Run to the end; RuntimeError with the output when it fails.

    Args:
        cores: bound to so many; None for all.
        every: seconds between two looks at its memory.
        told: hears each line of its output.
        accepted: exit statuses with which it has done its work.
    """
    start, faults, busy = time.perf_counter(), _faults(), _busy()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: one_core(cores),
    )
    lines: list[tuple[float, str]] = []
    try:
        with _Watch(process.pid, start, every) as watch:
            for line in process.stdout or ():
                lines.append((time.perf_counter() - start, line.rstrip("\n")))
                told(lines[-1][1])
            process.wait()
    except BaseException:
        process.terminate()  # it finishes what it has in hand
        process.wait()
        raise
    seconds = time.perf_counter() - start
    if process.returncode not in accepted:
        said = "\n".join(line for _, line in lines)[-3000:]
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    return Cost(seconds, _busy() - busy, _faults() - faults, watch.samples, lines)


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


def _busy() -> float:
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq")))


def one_core(cores: int | None = 1) -> None:
    """Bind this process to the first so many cores that it may use; None for all."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


class _Watch:
    """Looks at the memory of a process tree now and then, in a thread."""

    def __init__(self, pid: int, start: float, every: float) -> None:
        self.samples: list[Sample] = []
        self._start, self._every = start, every
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(psutil.Process(pid),))

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self, root: psutil.Process) -> None:
        while not self._done.wait(self._every):
            found = by_role(root)
            if found:
                self.samples.append(Sample(time.perf_counter() - self._start, found))


def progress(text: str) -> str:
    """Say on the terminal how far we are; "" takes it away. What was said before."""
    global _last
    before, _last = _last, text
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        _now_and_then(text)
    return before


_last = ""
_said = 0.0


def _now_and_then(text: str, every: float = 5.0) -> None:
    global _said
    if time.monotonic() - _said > every:
        _said = time.monotonic()
        print(text, file=sys.stderr, flush=True)


def heading(*packages: str) -> str:
    """The machine, and the versions of Python and these packages."""
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    return f"Machine: {machine()}. Python {platform.python_version()}, {versions}."


def machine(read: Callable[[str], str] = lambda path: Path(path).read_text()) -> str:
    """Processor, cores and memory, in words."""
    model = next(
        (line.split(":")[1].strip() for line in read("/proc/cpuinfo").splitlines() if "model name" in line), "?"
    )
    return f"{model}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"
