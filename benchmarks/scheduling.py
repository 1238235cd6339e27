"""What a task costs Dask's scheduler: messages of a submission's size, through a scheduler of their own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["Scheduled", "schedule"]

AHEAD = 32  # tasks that are under way at a time


@dataclass(frozen=True)
class Scheduled:
    """What one task took.

    Args:
        cpu_seconds: of the scheduler's core.
        batch_seconds: of the core of the process that sends tasks and takes results.
        seconds: from end to end, where nothing is computed.
    """

    cpu_seconds: float
    batch_seconds: float
    seconds: float


def answer(data: bytes, size: int) -> bytes:
    """The task: take a submission, give back a result."""
    return bytes(size)


def schedule(folder: Path, tasks: int, sent: int, returned: int) -> Scheduled:
    """Send tasks of so many bytes each and take results of so many bytes each."""
    from dask.distributed import Client, as_completed

    with _cluster(folder) as (file, scheduler), Client(scheduler_file=str(file), timeout=60) as client:
        client.wait_for_workers(1, timeout=60)
        data = bytes(sent)

        def submit() -> object:
            return client.submit(answer, data, returned, pure=False)

        client.gather([submit() for _ in range(AHEAD)])  # not counted: first use of everything
        cpu, ours, began = _cpu(scheduler), time.process_time(), time.perf_counter()
        running = as_completed([submit() for _ in range(AHEAD)], with_results=True)
        left = tasks - AHEAD
        for future, _ in running:
            future.release()
            if left > 0:
                left -= 1
                running.add(submit())
        spent = (_cpu(scheduler) - cpu, time.process_time() - ours, time.perf_counter() - began)
        return Scheduled(*(seconds / tasks for seconds in spent))


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _cluster(folder: Path) -> Iterator[tuple[Path, psutil.Process]]:
    """A scheduler and one worker as processes of their own; the scheduler's file and process."""
    file = folder / "scheduler.json"
    python = [sys.executable, "-m"]
    words = ["--scheduler-file", str(file), "--no-dashboard"]
    here = {"cwd": str(Path(__file__).parent), "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen(
        [*python, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *words], **here
    )
    alone = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
    worker = subprocess.Popen([*python, "distributed.cli.dask_worker", *alone, *words], **here)
    try:
        while not file.exists():
            time.sleep(0.05)
            if scheduler.poll() is not None:
                raise RuntimeError("the scheduler ended before it could be used")
        yield file, psutil.Process(scheduler.pid)
    finally:
        for process in (worker, scheduler):
            process.terminate()
            process.wait(30)
