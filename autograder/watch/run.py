"""What a batch tells as it goes, and where that is kept: the run's state, its log, its metrics."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from autograder.course import Course
from autograder.lock import single_writer
from autograder.record import Graded
from autograder.watch.log import RunLog, brief, open_log, run_id
from autograder.watch.phases import Laps, Phase
from autograder.watch.state import Counters, Hand, RunState, now, read_state, replace, state_file, total
from autograder.watch.status import look
from autograder.watch.tally import Tally

__all__ = ["Run", "Watch"]

STATE_SECONDS = 1.0  # between two writes of the state
METRICS_SECONDS = 5.0  # ... of the metrics: they are collected more seldom


class Workers(Protocol):
    """What a run asks of a pool; `scheduler` and `dashboard` too, where it has them."""

    isolation: str
    size: int
    stopping: bool

    def hands(self) -> tuple[Hand, ...]: ...


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """How the runs of a command are watched."""

    log: str = ""  # a file, or "-" for stderr; one of its own in .autograder/log/ when empty
    metrics: Path | None = None  # a file for Prometheus' node exporter

    @contextmanager
    def run(
        self, course: Course, command: str, units: Sequence[str], due: Sequence[str], *, keep: bool = True, **facts: Any
    ) -> Iterator[Run]:
        """A run from its beginning to its end.

        Args:
            due: the unit of each submission that is to be graded.
            keep: write `run.json` and the metrics. Who does not hold the course's lock must not.
            facts: more for the log's first line.
        """
        name = run_id()
        with open_log(course, command, self.log, name, units=list(units), submissions=len(due), **facts) as log:
            state = RunState(
                run=name,
                command=command,
                units=tuple(units),
                host=socket.gethostname(),
                process=os.getpid(),
                began=now(),
                total=len(due),
                unchanged=int(facts.get("unchanged", 0)),
                log=log.path,
            )
            run = Run(course, state, Tally(due), log, self.metrics, keep)
            try:
                yield run
            except BaseException as fault:
                run.end("interrupted" if isinstance(fault, KeyboardInterrupt) else "failed", brief(fault))
                raise
            run.end("interrupted" if run.pool and run.pool.stopping else "done")

    def idle(self, course: Course, units: Sequence[str]) -> None:
        """Nothing is due in these units. That is no run, unless the last one did not come to its end: this one has."""
        if look(course).state in ("killed", "failed", "interrupted"):
            with single_writer(course), self.run(course, "grade", units, []):
                return
        if self.metrics:
            from autograder.watch.metrics import exposition

            try:
                replace(self.metrics, exposition(course, read_state(course), dict.fromkeys(units, 0)), 0o644)
            except OSError as fault:
                print(f"{self.metrics}: cannot be written ({fault.strerror}).", file=sys.stderr)


class Run:
    """A run that is watched.

    Args:
        state: as it is at the beginning.
        metrics: a file for them.
        keep: whether state and metrics are written.
    """

    def __init__(
        self, course: Course, state: RunState, tally: Tally, log: RunLog, metrics: Path | None, keep: bool
    ) -> None:
        self.course, self.tally, self.log, self.metrics, self.keep = course, tally, log, metrics, keep
        self.pool: Workers | None = None
        self._began = time.monotonic()
        self._written: dict[Path, float] = {}
        self._unwritable: set[Path] = set()
        self._state = msgspec.structs.replace(state, **self._earlier())
        self._tick()

    @property
    def phases(self) -> dict[str, Phase]:
        """Where the time went so far."""
        return dict(self.tally.phases)

    def begin(self, pool: Workers) -> None:
        """These workers do it."""
        self.pool = pool
        self._tick(at_once=True)
        first = self.state()
        self.log.tell("started", workers=first.workers, scheduler=first.scheduler, dashboard=first.dashboard)

    def step(self, name: str) -> None:
        """What is done now: "grading", "asking", "writing"."""
        self._state = msgspec.structs.replace(self._state, step=name)
        self._tick(at_once=True)

    def follow(self, results: Iterable[Graded | None]) -> Iterator[Graded | None]:
        """Pass results on as they come; waiting for them is a phase."""
        source = iter(results)
        laps = Laps()
        while True:
            laps.begin()
            try:
                result = next(source)
            except StopIteration:
                return
            finally:
                laps.lap("waiting")
                self.spent("waiting", laps.seconds.pop("waiting"), 0)
            if result is not None:
                self.spent("waiting", 0.0)
                facts = self.tally.took(result)
                self.log.tell("graded", logging.ERROR if facts["broken"] else logging.INFO, **facts)
            yield result
            self._tick()

    def recorded(self, chunk: list[Graded], seconds: Mapping[str, float]) -> None:
        """These are in the gradebook; `seconds` by phase is what that took."""
        self.tally.wrote(chunk, seconds)
        phases = {name: round(spent, 6) for name, spent in seconds.items()}
        self.log.tell("recorded", submissions=len(chunk), phases=phases)
        self._tick()

    def spent(self, name: str, seconds: float, count: int = 1) -> None:
        """Time of a phase."""
        self.tally.spent(name, seconds, count)

    def state(self) -> RunState:
        """What can be said of the run now."""
        tally, pool = self.tally, self.pool
        return msgspec.structs.replace(
            self._state,
            updated=now(),
            seconds=round(time.monotonic() - self._began, 3),
            done=tally.done,
            recorded=tally.recorded,
            left={**dict.fromkeys(self._state.units, 0), **+tally.left},
            rate=round(tally.rate(), 3),
            isolation=pool.isolation if pool else "",
            workers=pool.size if pool else 0,
            hands=pool.hands() if pool and not self._state.ended else (),
            scheduler=str(getattr(pool, "scheduler", "") or ""),
            dashboard=str(getattr(pool, "dashboard", "") or ""),
            faults=tuple(tally.faults),
            counts=tally.counts(self._state.state if self._state.ended else ""),
        )

    def end(self, how: str, error: str = "") -> None:
        """The last words: done, interrupted, or failed and why."""
        self._state = msgspec.structs.replace(self._state, state=how, error=error, ended=now())
        self._tick(at_once=True)
        if error:  # the log tells a failure by itself
            return
        last = self.state()
        self.log.tell(
            "ended" if how == "done" else how,
            logging.INFO if how == "done" else logging.WARNING,
            **{name: getattr(last, name) for name in ("command", "seconds", "done", "recorded", "left", "isolation")},
            broken=sum(last.counts.broken.values()),
            workers=last.workers,
            phases=msgspec.to_builtins(self.phases),
        )

    def _earlier(self) -> dict[str, Any]:
        """Of all runs before this one. Of one that was killed nobody has counted the end yet."""
        last = read_state(self.course) if self.keep else None
        if last is None:
            return {}
        sums = total(last.before, last.counts)
        if last.ended:
            return {"before": sums, "earlier_state": last.state, "earlier_ended": last.ended}
        self.log.tell("killed", logging.WARNING, before=last.run, done=last.done, recorded=last.recorded)
        sums = total(sums, Counters(runs={"killed": 1}))
        return {"before": sums, "earlier_state": "killed", "earlier_ended": last.updated}

    def _tick(self, at_once: bool = False) -> None:
        """Write state and metrics, if it is time."""
        if not self.keep:
            return
        if self._is_time(state_file(self.course), STATE_SECONDS, at_once):
            self._write(state_file(self.course), msgspec.json.encode(self.state()), 0o600)
        if self.metrics and self._is_time(self.metrics, METRICS_SECONDS, at_once):
            from autograder.watch.metrics import exposition

            self._write(self.metrics, exposition(self.course, self.state()), 0o644)

    def _is_time(self, path: Path, seconds: float, at_once: bool) -> bool:
        moment = time.monotonic()
        if not at_once and moment - self._written.get(path, -seconds) < seconds:
            return False
        self._written[path] = moment
        return True

    def _write(self, path: Path, data: bytes, mode: int) -> None:
        """Not being able to tell stops nobody; it is said once."""
        try:
            replace(path, data, mode)
        except OSError as fault:
            if path not in self._unwritable:
                self._unwritable.add(path)
                self.log.tell("unwritable", logging.WARNING, path=str(path), why=brief(fault))
                print(f"{path}: cannot be written ({fault.strerror}); grading goes on without.", file=sys.stderr)
