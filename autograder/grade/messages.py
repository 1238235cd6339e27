"""What the batch and its workers say to each other. Nothing here imports torch: the batch has no need of it."""

from __future__ import annotations

import msgspec

from autograder.sandbox.limits import Limits

__all__ = ["OURS", "Died", "Job", "Ready", "Setup"]

OURS = "This is our fault, not yours: it costs you no points and will be graded again."


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One submission to be graded."""

    unit: str
    student: str
    submission_hash: str


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker must know before its first job."""

    units: tuple[str, ...]
    home: str
    work: str
    database: str
    isolation: str
    floor: str
    limits: Limits


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's first words: the isolation that it reached, or why it cannot work."""

    isolation: str = ""
    refusal: str = ""
    exit_code: int = 0


class Died(msgspec.Struct, frozen=True, kw_only=True):
    """A job that cost every worker that tried it its life."""

    job: Job
    why: str
