"""A worker process and the line to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection

import msgspec

from autograder.grade.messages import Job

__all__ = ["Worker"]

# Not multiprocessing's own start: that would run the caller's main module again in each worker.
_START = "import sys; sys.path[:] = {path!r}; from autograder.grade.worker import serve; serve({fd})"


# One thread for each library: workers share the cores among them, and sums come out the same on every machine.
_ONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")


class Worker:
    """A worker process and the line to it.

    Args:
        first: what it is told before its first job, each as msgpack.

    Attributes:
        ready: it has said which isolation it reached.
        job: what it works on.
        since: when it was given that.
    """

    def __init__(self, *first: bytes) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            start = _START.format(path=[p or "." for p in sys.path], fd=theirs.fileno())
            self.process = subprocess.Popen(
                [sys.executable, "-c", start],
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env={**os.environ, **_ONE},
                stdin=subprocess.DEVNULL,
            )
        self.line = Connection(ours.detach())
        with suppress(OSError):  # it died already: found out when its line is read
            for message in first:
                self.line.send_bytes(message)
        self.ready = False
        self.job: Job | None = None
        self.since = time.monotonic()

    def give(self, job: Job) -> None:
        self.job, self.since = job, time.monotonic()
        self.line.send_bytes(msgspec.msgpack.encode(job))

    def end(self, kill: bool = False) -> int:
        """Close the line, which ends an idle worker; a busy one is told to leave, at last killed. Its exit status."""
        self.line.close()
        if kill:
            self.process.terminate()
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
