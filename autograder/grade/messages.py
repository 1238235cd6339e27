"""What the batch and its workers say to each other. Nothing here imports torch: the batch has no need of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, Self

import msgspec

from autograder.record import Graded
from autograder.sandbox.limits import Limits
from autograder.watch import Hand

__all__ = ["OURS", "Died", "Job", "Material", "Parcel", "Ready", "Setup", "Told", "Workers"]

OURS = "This is our fault, not yours: it costs you no points and will be graded again."


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One submission to be graded."""

    unit: str
    student: str
    submission_hash: str


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker must know before its first job."""

    home: str  # "" on another machine than the course's: then a Material follows, and jobs come as Parcels
    work: str
    database: str
    isolation: str
    floor: str
    limits: Limits
    heavy: tuple[str, ...]  # libraries that the sandbox imports ahead


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """All that grading needs of a course: no gradebook, no submission, nobody's name."""

    files: dict[str, bytes]  # name below the course's folder -> content
    secret: bytes


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One submission on its way to another machine. It does not say whose it is."""

    unit: str
    submission_hash: str  # of these very files
    files: tuple[tuple[str, bytes], ...]
    refused: tuple[str, ...]  # notes on files that were not taken


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's first words: the isolation that it reached, or why it cannot work."""

    isolation: str = ""
    refusal: str = ""
    exit_code: int = 0


class Died(msgspec.Struct, frozen=True, kw_only=True):
    """A job that cost every worker that tried it its life."""

    job: Job
    why: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What another machine answers when it is given a submission."""

    graded: bytes = b""  # a Graded as msgpack, or "" ...
    died: str = ""  # ... because the worker process ended, and how
    unable: str = ""  # ... because no worker process could be started
    stranger: bool = False  # ... because it knows nothing of this run (any more)


class Workers(Protocol):
    """Whoever grades for a batch: processes of this machine, or those of a cluster."""

    stopping: bool  # no new jobs: what is in hand is finished
    size: int  # how many submissions are graded at a time
    isolation: str  # what they reached
    dashboard: str  # a page on them; "" when there is none

    def hands(self) -> tuple[Hand, ...]:
        """What each has in hand."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Graded | Died | None]:
        """Results as they come; None when nothing came for a moment."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *what: object) -> None: ...
