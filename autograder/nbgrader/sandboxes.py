"""One warm sandbox for all notebooks of a process."""

from __future__ import annotations

import atexit
import threading
from pathlib import Path

from autograder.sandbox import Limits, Sandbox

__all__ = ["FOREVER", "limits_for", "warm_sandbox"]

FOREVER = 24 * 3600.0  # nbgrader's "no timeout"; nothing runs without any limit
_warm: dict[tuple[str, str, Limits, tuple[Path, ...], tuple[str, ...]], Sandbox] = {}
_lock = threading.Lock()


def limits_for(timeout: int | None) -> Limits:
    """nbgrader's limit for each cell as ours; None and negative numbers mean no limit."""
    cell = FOREVER if timeout is None or timeout < 0 else float(timeout)
    usual = Limits()
    return Limits(cell_seconds=cell, part_seconds=cell, submission_seconds=max(cell, usual.submission_seconds))


def warm_sandbox(
    isolation: str, floor: str, limits: Limits, library: tuple[Path, ...], heavy: tuple[str, ...]
) -> Sandbox:
    """The sandbox with these settings, started at the first use and ended with the process."""
    wanted = (isolation, floor, limits, library, heavy)
    with _lock:
        if wanted not in _warm:
            _warm[wanted] = Sandbox(isolation=isolation, floor=floor, limits=limits, library=library, heavy=heavy)
            atexit.register(_warm[wanted].close)
        return _warm[wanted]
