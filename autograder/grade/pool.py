"""Worker processes: each has one job at a time; a job whose worker died is tried once more on a fresh one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait

import msgspec

from autograder.errors import AutograderError, SandboxError
from autograder.grade.line import Worker
from autograder.grade.messages import Died, Job, Ready, Setup
from autograder.record import Graded
from autograder.watch import Hand, worker_name

__all__ = ["Pool"]

TRIES = 2
TICK_SECONDS = 0.5


class Pool:
    """Workers on a list of jobs.

    Args:
        setup: what each worker is told first.
        workers: how many.
        job_seconds: after this time a worker counts as dead.
    """

    def __init__(self, setup: Setup, workers: int, job_seconds: float) -> None:
        self.setup, self.size, self.job_seconds = setup, workers, job_seconds
        self.isolation = self.dashboard = ""
        self.stopping = False  # no new jobs: what is in hand is finished
        self._workers: list[Worker] = []
        self._lost = 0  # workers that ended before they were ready, since one was

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *what: object) -> None:
        for worker in self._workers:
            worker.line.close()
        for worker in self._workers:
            worker.end(kill=worker.job is not None or not worker.ready)

    def hands(self) -> tuple[Hand, ...]:
        """The workers, and what each has in hand at this moment."""
        return tuple(
            Hand(
                worker=worker_name(w.process.pid),
                unit=w.job.unit if w.job else "",
                student=w.job.student if w.job else "",
                seconds=time.monotonic() - w.since if w.job else 0.0,
            )
            for w in self._workers
        )

    def run(self, jobs: Sequence[Job]) -> Iterator[Graded | Died | None]:
        """Results as they come; None when nothing came for a moment."""
        queue = deque((job, 1) for job in jobs)
        tries: dict[Job, int] = {}
        while True:
            if not self.stopping:
                self._fill(queue, tries)
            busy = [w for w in self._workers if w.job is not None]
            if not busy and (self.stopping or not queue):
                return
            yield from self._collect(queue, tries)

    def _fill(self, queue: deque[tuple[Job, int]], tries: dict[Job, int]) -> None:
        """Start workers as there are jobs for them and room, and give jobs to those that are free."""
        wanted = min(self.size, len(queue) + sum(w.job is not None for w in self._workers))
        while len(self._workers) < wanted and self._lost <= TRIES:
            self._workers.append(Worker(msgspec.msgpack.encode(self.setup)))
        for worker in self._workers:
            if queue and worker.ready and worker.job is None:
                job, tries[job] = queue.popleft()
                try:
                    worker.give(job)
                except OSError:  # it died while idle: found out when its line is read
                    continue

    def _collect(self, queue: deque[tuple[Job, int]], tries: dict[Job, int]) -> Iterator[Graded | Died | None]:
        """What came; whoever is free is given the next job before the batch writes what came."""
        lines = {w.line: w for w in self._workers}
        readable = wait(list(lines), TICK_SECONDS)
        came: list[Graded | Died | None] = []
        for line in readable:
            worker = lines[line]  # type: ignore[index]
            try:
                message = worker.line.recv_bytes()
            except (EOFError, OSError):
                came += self._bury(worker, queue, tries, "ended")
                continue
            if worker.ready:
                worker.job = None
                came.append(msgspec.msgpack.decode(message, type=Graded))
            else:
                self._greet(worker, msgspec.msgpack.decode(message, type=Ready))
        for worker in list(self._workers):
            if worker.job is not None and time.monotonic() - worker.since > self.job_seconds:
                came += self._bury(worker, queue, tries, f"gave no answer in {self.job_seconds:.0f} s and was ended")
        if not self.stopping:
            self._fill(queue, tries)
        yield from came if readable or came else [None]

    def _greet(self, worker: Worker, ready: Ready) -> None:
        if ready.refusal:
            refusal = SandboxError(ready.refusal)
            refusal.exit_code = ready.exit_code
            raise refusal
        worker.ready, self.isolation, self._lost = True, ready.isolation, 0

    def _bury(self, worker: Worker, queue: deque[tuple[Job, int]], tries: dict[Job, int], why: str) -> Iterator[Died]:
        """Take a dead worker away; its job goes to a fresh one, or is given up."""
        self._workers.remove(worker)
        status = worker.end(kill=True)
        self._lost = 0 if worker.ready else self._lost + 1
        if not worker.ready:
            if self._lost > TRIES and not any(w.ready for w in self._workers):
                raise AutograderError(
                    f"worker: ended with status {status} before its first job. Run: autograder sandbox"
                )
        if worker.job is None:
            return
        if tries[worker.job] < TRIES:
            queue.appendleft((worker.job, tries[worker.job] + 1))
        else:
            yield Died(job=worker.job, why=f"the worker process {why} (status {status}), {TRIES} times")
