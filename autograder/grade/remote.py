"""What a Dask worker does for us: it keeps worker processes of ours warm and passes submissions on to them.

A task runs in a thread, and what grades needs a process of its own, with signals, timers and a sandbox that is warm.
So each thread has one, the same as on the course's own machine. It lives as long as its run: until the batch says
that the run is over, until nobody asked it for a while, or until this process ends.
"""

from __future__ import annotations

import asyncio
import atexit
import subprocess
import threading
import time

import msgspec

from autograder.errors import AutograderError
from autograder.files import temporary_folder
from autograder.grade.line import Worker
from autograder.grade.messages import Ready, Told

__all__ = ["end", "grade", "welcome"]

IDLE_SECONDS = 300.0  # a run that nobody asks for anything is over: its batch was killed or cut off
LEAVE_SECONDS = 10.0  # for a worker process to clear up
START_SECONDS = 300.0  # for a worker process until it is ready

_runs: dict[str, _Run] = {}
_guard = threading.Lock()


def welcome(name: str, setup: bytes, material: bytes, job_seconds: float) -> bytes:
    """Begin a run; the Ready of its first worker process."""
    with _guard:
        run = _runs.get(name) or _runs.setdefault(name, _Run(name, setup, material, job_seconds))
    try:
        worker = run.take()
    except (OSError, EOFError) as fault:
        end_run(name)
        return msgspec.msgpack.encode(Ready(refusal=f"the worker process did not start: {fault!r}", exit_code=3))
    except AutograderError as refusal:
        end_run(name)
        return msgspec.msgpack.encode(Ready(refusal=str(refusal), exit_code=refusal.exit_code))
    run.give_back(worker)
    return msgspec.msgpack.encode(Ready(isolation=run.isolation))


def grade(name: str, parcel: bytes) -> bytes:
    """One submission, as a Told."""
    with _guard:
        run = _runs.get(name)
    return msgspec.msgpack.encode(run.grade(parcel) if run else Told(stranger=True))


async def end(name: str) -> None:
    """The run is over: nothing of it stays here."""
    await asyncio.to_thread(end_run, name)


def end_run(name: str) -> None:
    with _guard:
        run = _runs.pop(name, None)
    if run:
        run.close()


def end_all() -> None:
    for name in list(_runs):
        end_run(name)


atexit.register(end_all)


class _Run:
    """The worker processes of one run on this machine.

    Args:
        setup, material: what each is told first.
        job_seconds: after this time one counts as dead.

    Attributes:
        isolation: what they reached.
    """

    def __init__(self, name: str, setup: bytes, material: bytes, job_seconds: float) -> None:
        self.name, self.first, self.job_seconds = name, (setup, material), job_seconds
        self.isolation = ""
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: list[Worker] = []
        self._closed = False
        self._asked = time.monotonic()
        threading.Thread(target=self._watch, name=f"run {name}", daemon=True).start()

    def grade(self, parcel: bytes) -> Told:
        try:
            worker = self.take()
        except (OSError, EOFError, AutograderError) as fault:
            return Told(unable=f"no worker process started: {fault or type(fault).__name__}")
        try:
            worker.line.send_bytes(parcel)
            if not worker.line.poll(self.job_seconds):
                return Told(died=self._bury(worker, f"gave no answer in {self.job_seconds:.0f} s and was ended"))
            graded = worker.line.recv_bytes()
        except (EOFError, OSError):
            return Told(died=self._bury(worker, "ended"))
        self.give_back(worker)
        return Told(graded=graded)

    def take(self) -> Worker:
        """A worker process that is ready, a new one if need be.

        Raises:
            AutograderError: it refuses to work here.
            EOFError, OSError: it did not start.
        """
        with self._lock:
            self._require_open()
            self._asked = time.monotonic()
            if self._idle:
                self._busy.append(self._idle.pop())
                return self._busy[-1]
        worker = Worker(*self.first)
        with self._lock:
            self._busy.append(worker)
        try:
            if not worker.line.poll(START_SECONDS):
                raise EOFError(f"no word in {START_SECONDS:.0f} s")
            ready = msgspec.msgpack.decode(worker.line.recv_bytes(), type=Ready)
        except (EOFError, OSError):
            self._bury(worker, "")
            raise
        if ready.refusal:
            self._bury(worker, "")
            refusal = AutograderError(ready.refusal)
            refusal.exit_code = ready.exit_code
            raise refusal
        self.isolation = ready.isolation
        return worker

    def give_back(self, worker: Worker) -> None:
        with self._lock:
            self._asked = time.monotonic()
            self._busy.remove(worker)
            if not self._closed:
                self._idle.append(worker)
                return
        worker.end()

    def close(self) -> None:
        """End all processes, those at work too, and remove what they leave."""
        with self._lock:
            self._closed = True
            idle, busy = self._idle, list(self._busy)
            self._idle = []
        for worker in busy:  # its line is in the hands of the thread that waits for it
            worker.process.terminate()
        for worker in idle:
            worker.line.close()
        for worker in idle:
            worker.end()
        for worker in busy:
            _leave(worker)
        _sweep()

    def _bury(self, worker: Worker, why: str) -> str:
        with self._lock:
            self._busy.remove(worker)
        status = worker.end(kill=True)
        _sweep()
        return f"{why} (status {status})"

    def _require_open(self) -> None:
        if self._closed:
            raise EOFError("the run is over")

    def _watch(self) -> None:
        while not self._closed:
            time.sleep(min(IDLE_SECONDS / 10, 10.0))
            with self._lock:
                idle = not self._busy and time.monotonic() - self._asked > IDLE_SECONDS
            if idle:
                end_run(self.name)


def _leave(worker: Worker) -> None:
    """Wait until it has cleared up, as it was told; if it does not, it is killed."""
    try:
        worker.process.wait(LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        worker.process.wait()


def _sweep() -> None:
    """Remove the folders of worker processes that were killed: making one looks for them."""
    with temporary_folder():
        pass
