"""What grading says: verdicts, parts, exercises, notebooks, submissions.

These documents are what is recorded, printed with `--json` and read by feedback and report.
They hold nothing that a student may not read, but for `SubmissionResult.staff`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = [
    "SCHEMA",
    "Environment",
    "ExerciseResult",
    "NotebookResult",
    "PartResult",
    "SubmissionResult",
    "Verdict",
]

SCHEMA = 1


class Verdict(StrEnum):
    """How a part or an exercise ended."""

    PASS = "PASS"
    FAIL = "FAIL"
    CRASH = "CRASH"  # the student's process died or raised
    TIMEOUT = "TIMEOUT"
    BLOCKED = "BLOCKED"  # a call that the exercise forbids, or a lie on the channel
    BROKEN = "BROKEN"  # our own fault: costs no marks, can be graded again


class PartResult(msgspec.Struct, frozen=True, kw_only=True):
    """One named, weighted check within an exercise."""

    name: str
    kind: str  # "worked", "core" or "edge"
    weight: float
    verdict: Verdict
    message: str = ""  # what went wrong, for the student; empty on PASS
    got: str = ""  # shown only where the key allows it
    expected: str = ""


class ExerciseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One graded test cell: points and why."""

    exercise: str  # "unit02_logistic/softmax"; for a plain assert cell "unit/cell id"
    cell: str  # the test cell's grade_id
    points: float
    max_points: float
    verdict: Verdict  # PASS when every part passed, otherwise the first verdict that is not
    message: str = ""  # about the exercise as a whole: not defined, blocked, ...
    diagnosis: str = ""  # the sentence of the rejected answer that behaves the same
    parts: tuple[PartResult, ...] = ()
    key_version: str = ""  # digest of the answer key
    seconds: float = 0.0


class NotebookResult(msgspec.Struct, frozen=True, kw_only=True):
    """One notebook of a submission."""

    name: str  # without .ipynb
    exercises: tuple[ExerciseResult, ...] = ()
    manual: tuple[str, ...] = ()  # grade_ids that wait for a person
    notes: tuple[str, ...] = ()  # what intake ignored or mended, told to the student
    seconds: float = 0.0


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What a regrade needs to be compared with: recorded with every grade."""

    isolation: str
    limits: dict[str, float]
    versions: dict[str, str]


class SubmissionResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one submission of one unit earned."""

    student: str
    unit: str
    notebooks: tuple[NotebookResult, ...]
    submission_hash: str  # of the files handed in
    course_hash: str  # of the released unit and its keys
    environment: Environment
    notes: tuple[str, ...] = ()  # about the submission as a whole
    staff: tuple[str, ...] = ()  # our own faults, for lecturers only
    seconds: float = 0.0
    schema: int = SCHEMA

    @property
    def points(self) -> float:
        return sum(e.points for n in self.notebooks for e in n.exercises)

    @property
    def max_points(self) -> float:
        return sum(e.max_points for n in self.notebooks for e in n.exercises)
