"""The numbers of grading as Prometheus reads them; docs/observability.md lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest

from autograder.course import Course
from autograder.results import Verdict
from autograder.watch.state import Counters, RunState, total

__all__ = ["exposition"]


def exposition(course: Course, run: RunState | None, due: Mapping[str, int] | None = None) -> bytes:
    """All metrics in Prometheus' text format.

    Args:
        run: in progress, or the last one; None when there was none.
        due: unit -> submissions to be graded; what the run has left, if left out.
    """
    return generate_latest(_Metrics(course, run, due))


class _Metrics:
    """What `generate_latest` collects. Every series carries the course: several may be collected on one machine."""

    def __init__(self, course: Course, run: RunState | None, due: Mapping[str, int] | None) -> None:
        self.course, self.run = str(course.work), run
        self.due = run.left if due is None and run and run.command == "grade" else due
        self.sums = total(run.before, run.counts) if run else Counters()

    def collect(self) -> Iterator[Metric]:
        if self.due is not None:
            yield self._gauge("submissions_due", "Submissions that wait to be graded.", self.due, "unit")
        yield from self._counters()
        running = self.run is not None and self.run.state == "running"
        yield self._one("run_in_progress", "1 while a run of grading works.", running)
        if self.run:
            yield from self._now(self.run)
            yield from self._last(self.run)

    def _counters(self) -> Iterator[Metric]:
        sums = self.sums
        units = dict.fromkeys([*(self.run.units if self.run else ()), *sums.graded], 0)
        yield self._counter("graded", "Submissions that were graded.", {**units, **sums.graded}, "unit")
        yield self._counter(
            "broken", "Submissions in which something of ours failed.", {**units, **sums.broken}, "unit"
        )
        verdicts = CounterMetricFamily(
            "dlmath_verdicts", "Exercises by how they ended.", labels=["course", "unit", "verdict"]
        )
        for unit in units:
            for verdict in Verdict:
                number = sums.verdicts.get(unit, {}).get(verdict, 0)
                verdicts.add_metric([self.course, unit, str(verdict)], number)
        yield verdicts
        spent = {name: phase.seconds for name, phase in sums.phases.items()}
        yield self._counter("phase_seconds", "Where the time of grading went.", spent, "phase")
        ended = {**dict.fromkeys(("done", "interrupted", "failed", "killed"), 0), **sums.runs}
        yield self._counter("runs", "Runs of grading by how they ended.", ended, "outcome")

    def _now(self, run: RunState) -> Iterator[Metric]:
        yield self._one("run_submissions", "Submissions of the last run, or the one in progress.", run.total)
        yield self._one("run_submissions_done", "Those of them that have come back.", run.done)
        yield self._one("run_duration_seconds", "How long it has taken.", run.seconds)
        yield self._one("run_heartbeat_timestamp_seconds", "When it last told of itself.", _seconds(run.updated))
        working = run.state == "running"
        yield self._one("workers", "Worker processes of the run in progress.", run.workers if working else 0)
        busy = sum(bool(hand.student) for hand in run.hands) if working else 0
        yield self._one("workers_busy", "Those of them that have a submission in hand.", busy)

    def _last(self, run: RunState) -> Iterator[Metric]:
        working = run.state == "running"
        ended = run.earlier_ended if working else run.ended or run.updated
        if ended:
            state = run.earlier_state if working else run.state
            yield self._one("last_run_timestamp_seconds", "When the last run ended.", _seconds(ended))
            yield self._one("last_run_success", "1 when the last run came to its end.", state == "done")

    def _one(self, name: str, what: str, value: float) -> Metric:
        family = GaugeMetricFamily(f"dlmath_{name}", what, labels=["course"])
        family.add_metric([self.course], value)
        return family

    def _gauge(self, name: str, what: str, values: Mapping[str, float], label: str) -> Metric:
        family = GaugeMetricFamily(f"dlmath_{name}", what, labels=["course", label])
        for key, value in values.items():
            family.add_metric([self.course, key], value)
        return family

    def _counter(self, name: str, what: str, values: Mapping[str, float], label: str) -> Metric:
        family = CounterMetricFamily(f"dlmath_{name}", what, labels=["course", label])
        for key, value in values.items():
            family.add_metric([self.course, key], value)
        return family


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
