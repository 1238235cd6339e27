"""Interrupts student code that takes too long: CPU time first, wall time for code that sleeps."""

from __future__ import annotations

import signal
from types import FrameType

__all__ = ["WALL_FACTOR", "Clock"]

WALL_FACTOR = 2.0  # a busy machine may take this much longer than the CPU time allowed
_REPEAT = 1.0  # seconds until code that swallowed the interrupt is interrupted again
_set, _handle = signal.setitimer, signal.signal
_PROF, _REAL = signal.ITIMER_PROF, signal.ITIMER_REAL


class Clock:
    """Raises KeyboardInterrupt in the main thread when the time is up, again and again until it is stopped."""

    def __init__(self) -> None:
        self.expired = False

    def start(self, seconds: float) -> None:
        self.expired = False
        _handle(signal.SIGPROF, self._ring)
        _handle(signal.SIGALRM, self._ring)
        _set(_REAL, WALL_FACTOR * seconds, _REPEAT)
        _set(_PROF, seconds, _REPEAT)

    def stop(self) -> tuple[float, float]:
        """Stop, and return what was left of CPU and wall time."""
        return _set(_PROF, 0)[0], _set(_REAL, 0)[0]

    def resume(self, left: tuple[float, float]) -> None:
        _set(_REAL, max(left[1], 0.001), _REPEAT)
        _set(_PROF, max(left[0], 0.001), _REPEAT)

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        self.expired = True
        raise KeyboardInterrupt("the time is up")
