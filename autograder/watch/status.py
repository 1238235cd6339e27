"""What another process can tell of a run: from its state and from the course's lock."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from autograder.course import Course
from autograder.lock import lock_holder
from autograder.watch.state import RunState, read_state

__all__ = ["Status", "look"]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A run in progress, or the last one."""

    state: str  # "never", "held", or the run's: running, done, interrupted, failed, killed
    holder: str = ""  # the process that holds the course's lock
    run: RunState | None = None
    silent: float = 0.0  # seconds since a run in progress last told of itself
    seconds_left: float | None = None


def look(course: Course) -> Status:
    """What is going on in the course at this moment.

    A run writes its state while it holds the lock, and the system lifts the lock when the run's process dies. So a
    state that says "running" without a lock is the state of a run that was killed. A lock of another process than
    the state's is held by a run that begins, or by `autograder hub restore`.
    """
    run, holder = read_state(course), lock_holder(course)
    if run is not None and run.state == "running" and not holder:
        run = read_state(course)  # it may just have ended
    if run is not None and run.state == "running":
        if holder == str(run.process):
            return _running(run, holder)
        run = msgspec.structs.replace(run, state="killed", hands=())
    if holder:
        return Status(state="held", holder=holder, run=run)
    return Status(state=run.state if run else "never", run=run)


def _running(run: RunState, holder: str) -> Status:
    silent = max(0.0, (datetime.now(UTC) - datetime.fromisoformat(run.updated)).total_seconds())
    left = (run.total - run.done) / run.rate if run.rate else None
    return Status(
        state="running",
        holder=holder,
        run=run,
        silent=round(silent, 3),
        seconds_left=None if left is None else round(max(0.0, left - silent), 1),
    )
