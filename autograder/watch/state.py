"""`.autograder/run.json`: what a run says of itself while it works, and the last one of itself afterwards."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec

from autograder.course import Course
from autograder.errors import AutograderError
from autograder.results import SCHEMA
from autograder.watch.phases import Phase, added

__all__ = ["Counters", "Hand", "RunState", "now", "read_state", "replace", "state_file", "total", "worker_name"]


class Hand(msgspec.Struct, frozen=True, kw_only=True):
    """A worker and what it has in hand."""

    worker: str  # host and process
    unit: str = ""  # empty while it waits
    student: str = ""
    seconds: float = 0.0  # for how long, when this was written


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What only ever grows."""

    graded: dict[str, int] = {}  # unit -> submissions
    verdicts: dict[str, dict[str, int]] = {}  # unit -> verdict -> exercises
    broken: dict[str, int] = {}  # unit -> submissions in which something of ours failed
    runs: dict[str, int] = {}  # how they ended -> runs
    phases: dict[str, Phase] = {}


class RunState(msgspec.Struct, frozen=True, kw_only=True):
    """A run of grading."""

    run: str  # id: when it began, and its process
    command: str  # "grade" or "regrade"
    units: tuple[str, ...]
    state: str = "running"  # then done, interrupted or failed; killed when it ended without saying so
    step: str = "grading"  # or "asking" somebody whether to write, "writing"
    error: str = ""  # why it failed
    host: str = ""
    process: int = 0
    began: str = ""  # ISO 8601, UTC
    updated: str = ""
    ended: str = ""
    seconds: float = 0.0  # from the beginning to the last news
    total: int = 0  # submissions to be graded
    done: int = 0
    recorded: int = 0  # those of them that are in the gradebook
    left: dict[str, int] = {}  # unit -> submissions to be graded
    unchanged: int = 0
    rate: float = 0.0  # submissions a second, since the first came
    isolation: str = ""
    workers: int = 0
    hands: tuple[Hand, ...] = ()
    scheduler: str = ""  # of a cluster
    dashboard: str = ""  # its page
    faults: tuple[str, ...] = ()  # the last ones of ours, each behind "unit/student: "
    log: str = ""
    counts: Counters = Counters()  # of this run
    before: Counters = Counters()  # of all earlier runs
    earlier_state: str = ""  # how the run before this one ended, and when
    earlier_ended: str = ""
    schema: int = SCHEMA


def state_file(course: Course) -> Path:
    return course.private / "run.json"


def read_state(course: Course) -> RunState | None:
    """The last run's words; None when there are none, or they are of another schema."""
    path = state_file(course)
    try:
        state = msgspec.json.decode(path.read_bytes(), type=RunState)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None
    except PermissionError:
        raise AutograderError(f"{path}: cannot be read. Run it by the account that grades.") from None
    return state if state.schema == SCHEMA else None


def replace(path: Path, data: bytes, mode: int) -> None:
    """Make the file hold `data` in one step.

    Unlike `write_whole` this does not wait for the disk: it is done every second, and after a loss of power
    an old or empty file costs nothing.
    """
    aside = path.with_name(f".autograder-{path.name}-{os.getpid()}.part")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "wb") as f:
            os.fchmod(f.fileno(), mode)
            f.write(data)
        os.replace(aside, path)
    except OSError:
        with suppress(OSError):
            aside.unlink()
        raise


def total(one: Counters, two: Counters) -> Counters:
    """Both together."""
    return Counters(
        graded=_sum(one.graded, two.graded),
        verdicts={
            unit: _sum(one.verdicts.get(unit, {}), two.verdicts.get(unit, {}))
            for unit in dict.fromkeys([*one.verdicts, *two.verdicts])
        },
        broken=_sum(one.broken, two.broken),
        runs=_sum(one.runs, two.runs),
        phases=added(one.phases, two.phases),
    )


def _sum(one: dict[str, int], two: dict[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + two.get(key, 0) for key in dict.fromkeys([*one, *two])}


def now() -> str:
    """The time, as it stands in documents."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@cache
def _host() -> str:
    return socket.gethostname()


def worker_name(process: int = 0) -> str:
    """Host and process: this one, or another one of this machine."""
    return f"{_host()}:{process or os.getpid()}"
