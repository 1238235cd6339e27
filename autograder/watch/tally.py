"""The numbers of a run, counted as its submissions come."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from autograder.record import Entry, Graded
from autograder.results import Verdict
from autograder.watch.phases import Phase
from autograder.watch.state import Counters

__all__ = ["TEXT", "Tally"]

FAULTS = 10  # that the state holds; the log has all
TEXT = 1000  # characters of a fault


class Tally:
    """Counts submissions.

    Args:
        due: the unit of each that is to be graded.
    """

    def __init__(self, due: Iterable[str]) -> None:
        self.left = Counter(due)
        self.total = self.left.total()
        self.done = self.recorded = 0
        self.graded: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.verdicts: dict[str, Counter[str]] = {}
        self.faults: deque[str] = deque(maxlen=FAULTS)
        self.phases: dict[str, Phase] = {}
        self._first = 0.0  # when the first submission came: what went before was starting up

    def took(self, graded: Graded) -> dict[str, Any]:
        """Count one that came; what there is to tell of it."""
        result = graded.result
        verdicts = Counter(str(e.verdict) for n in result.notebooks for e in n.exercises)
        broken = bool(result.staff) or Verdict.BROKEN in verdicts
        self._first = self._first or time.monotonic()
        self.done += 1
        self.graded[result.unit] += 1
        self.broken[result.unit] += broken
        self.verdicts.setdefault(result.unit, Counter()).update(verdicts)
        self.faults += (f"{result.unit}/{result.student}: {fault[:TEXT]}" for fault in result.staff)
        for name, seconds in graded.phases.items():
            self.spent(name, seconds)
        return {
            "unit": result.unit,
            "student": result.student,
            "verdicts": verdicts,
            "broken": broken,
            "seconds": round(result.seconds, 6),
            "phases": {name: round(seconds, 6) for name, seconds in graded.phases.items()},
            "worker": graded.worker,
            "faults": [fault[:TEXT] for fault in result.staff],
        }

    def wrote(self, chunk: list[Graded], seconds: Mapping[str, float]) -> None:
        """These are recorded. One with a fault of ours stays due: it is graded again."""
        self.recorded += len(chunk)
        self.left.subtract(g.result.unit for g in chunk if not Entry(result=g.result).broken)
        for name, spent in seconds.items():
            self.spent(name, spent, 1 if name == "gradebook" else len(chunk))

    def spent(self, name: str, seconds: float, count: int = 1) -> None:
        """Time of a phase."""
        known = self.phases.get(name, Phase())
        self.phases[name] = Phase(seconds=known.seconds + seconds, count=known.count + count)

    def rate(self) -> float:
        """Submissions a second."""
        since = time.monotonic() - self._first
        return (self.done - 1) / since if self.done > 1 and since > 0 else 0.0

    def counts(self, ended: str = "") -> Counters:
        """As they are kept.

        Args:
            ended: how the run ended, if it did.
        """
        return Counters(
            graded=dict(self.graded),
            verdicts={unit: dict(verdicts) for unit, verdicts in self.verdicts.items()},
            broken=dict(+self.broken),
            runs={ended: 1} if ended else {},
            phases=dict(self.phases),
        )
