"""Where the time goes: seconds by phase, at one clock read a phase."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

__all__ = ["Laps", "Phase", "added"]


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of a run."""

    seconds: float = 0.0
    count: int = 0  # how often it was gone through


class Laps:
    """A stopwatch whose laps have names: a lap is what has passed since the last one.

    Attributes:
        seconds: name of a lap -> seconds.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.begin()

    def begin(self) -> None:
        """What has passed since the last lap belongs to none."""
        self._last = time.perf_counter()

    def lap(self, name: str, **within: float) -> None:
        """The time since the last lap is `name`'s, but for the seconds in it that belong to the phases `within`."""
        now = time.perf_counter()
        own = max(0.0, now - self._last - sum(within.values()))
        for phase, seconds in {**within, name: own}.items():
            self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds
        self._last = now


def added(phases: Mapping[str, Phase], more: Mapping[str, Phase]) -> dict[str, Phase]:
    """Both together."""
    found = dict(phases)
    for name, phase in more.items():
        known = found.get(name, Phase())
        found[name] = Phase(seconds=known.seconds + phase.seconds, count=known.count + phase.count)
    return found
