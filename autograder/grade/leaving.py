"""A worker ends with its batch, also in the middle of a submission, and clears away what it has on the disk."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from multiprocessing.connection import Connection
from types import FrameType
from typing import NoReturn

__all__ = ["end_with"]

GRACE_SECONDS = 1.0  # in which an idle worker leaves by itself
ENDED = select.POLLHUP | select.POLLERR | select.POLLNVAL


def end_with(line: Connection) -> None:
    """From now on this process ends soon after the line's other end is closed."""
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_wait_for_the_end, args=(line.fileno(),), daemon=True).start()


def _wait_for_the_end(fd: int) -> None:
    poll = select.poll()
    poll.register(fd, 0)  # that the other end is closed is told in any case
    while not any(event & ENDED for _, event in poll.poll()):
        continue
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Unwind the main thread, once: what is open is closed on the way."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + number)
