"""A wall-clock limit for trusted Python code of this thread."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Overtime", "deadline"]


class Overtime(BaseException):
    """The code took longer than allowed."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise Overtime in the block when it takes longer; works in any thread, between two bytecodes."""
    thread = threading.get_ident()
    lock = threading.Lock()
    over = False

    def stop() -> None:
        with lock:
            if not over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Overtime))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over = True
        timer.cancel()
