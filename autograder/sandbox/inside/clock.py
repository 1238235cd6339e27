"""Interrupts student code that takes too long: CPU time first, wall time for code that sleeps."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` wraps in enumerations that take longer than a call
import signal
from types import FrameType

__all__ = ["WALL_FACTOR", "Clock"]

WALL_FACTOR = 2.0  # a busy machine may take this much longer than the CPU time allowed
_REPEAT = 1.0  # seconds until code that swallowed the interrupt is interrupted again
_SLICE = 1.0  # seconds of wall time that are counted at a time: no more are lost while the process stands still
_set, _handle = _signal.setitimer, _signal.signal
_PROF, _REAL = int(signal.ITIMER_PROF), int(signal.ITIMER_REAL)
_SIGPROF, _SIGALRM = int(signal.SIGPROF), int(signal.SIGALRM)


class Clock:
    """Raises KeyboardInterrupt in the main thread when the time is up, again and again until it is stopped.

    Time in which the process is stopped, with all that grades it, is nobody's.

    Attributes:
        left: CPU and wall time that were left when it was stopped last.
    """

    def __init__(self) -> None:
        self.expired = False
        self.left = (0.0, 0.0)
        self._later = 0.0  # wall time after the slice that runs

    def start(self, seconds: float) -> None:
        """Give so much CPU time, or what was left when `seconds` is 0."""
        self.expired = False
        _handle(_SIGPROF, self._ring)
        _handle(_SIGALRM, self._ring)
        self.resume((seconds, WALL_FACTOR * seconds) if seconds else self.left)

    def stop(self) -> tuple[float, float]:
        """Stop, and return what was left of CPU and wall time."""
        self.left = _set(_PROF, 0)[0], _set(_REAL, 0)[0] + self._later
        self._later = 0.0
        _set(_REAL, 0)  # a slice that was begun between the two
        return self.left

    def resume(self, left: tuple[float, float]) -> None:
        self._slice(max(left[1], 0.001))
        _set(_PROF, max(left[0], 0.001), _REPEAT)

    def _slice(self, left: float) -> None:
        """Let the wall's clock run for a slice of what is left."""
        now = min(left, _SLICE)
        self._later = left - now
        _set(_REAL, now, _REPEAT)

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        if signum == _SIGALRM and self._later > 0:
            self._slice(self._later)
            return
        self.expired = True
        raise KeyboardInterrupt("the time is up")
