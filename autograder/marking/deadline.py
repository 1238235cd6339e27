"""A limit for trusted Python code of this thread."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Overtime", "deadline"]

WALL_FACTOR = 4.0  # on a busy machine code waits for others


class Overtime(BaseException):
    """The code took longer than allowed."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise Overtime in the block when it computes longer, or takes four times as long by the clock on the wall.

    Works in any thread, between two bytecodes.
    """
    thread = threading.get_ident()
    lock = threading.Lock()
    over = threading.Event()

    def watch() -> None:
        begun, computed = time.monotonic(), _computed(thread)
        left = seconds
        while not over.wait(left):
            used = max(_computed(thread) - computed, (time.monotonic() - begun) / WALL_FACTOR)
            left = seconds - used
            if left <= 0:
                break
        with lock:
            if not over.is_set():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Overtime))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            over.set()


def _computed(thread: int) -> float:
    """Seconds of processor time that a thread has used; where nobody counts them, those on the wall."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic()
    return time.clock_gettime(time.pthread_getcpuclockid(thread))
