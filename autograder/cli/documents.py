"""The documents that `--json` prints, one for each command; docs/results.md describes every key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autograder.results import SCHEMA

if TYPE_CHECKING:  # the command that prints a document has imported what it is made of
    from autograder.build import BuiltUnit, ReleasedUnit, SolvedNotebook
    from autograder.demo import Demo
    from autograder.grade import GradedRow, Moved
    from autograder.report import UnitReport as ClassUnit
    from autograder.results import ExerciseResult
    from autograder.verify import UnitReport
    from autograder.watch import Phase, RunState

__all__ = [
    "BuildDocument",
    "DemoDocument",
    "Document",
    "ErrorDocument",
    "FeedbackDocument",
    "GradeDocument",
    "RegradeDocument",
    "ReleaseDocument",
    "ReportDocument",
    "SandboxDocument",
    "ShowDocument",
    "SolutionsDocument",
    "StatusDocument",
    "VerifyDocument",
]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What every document has."""

    schema: int = SCHEMA
    command: str


class ErrorDocument(Document, frozen=True, kw_only=True):
    """Any command that failed."""

    error: str  # the kind of error
    message: str
    next: str  # the command to try next
    exit_code: int


class BuildDocument(Document, frozen=True, kw_only=True):
    """`autograder build --json`."""

    command: str = "build"
    dry_run: bool
    units: tuple[BuiltUnit, ...]


class ReleaseDocument(Document, frozen=True, kw_only=True):
    """`autograder release --json`."""

    command: str = "release"
    dry_run: bool
    units: tuple[ReleasedUnit, ...]


class SolutionsDocument(Document, frozen=True, kw_only=True):
    """`autograder solutions --json`."""

    command: str = "solutions"
    dry_run: bool
    notebooks: tuple[SolvedNotebook, ...]


class VerifyDocument(Document, frozen=True, kw_only=True):
    """`autograder verify --json`."""

    command: str = "verify"
    sound: bool
    isolation: str
    units: tuple[UnitReport, ...]


class ShowDocument(Document, frozen=True, kw_only=True):
    """`autograder show --json`."""

    command: str = "show"
    isolation: str
    result: ExerciseResult


class GradeDocument(Document, frozen=True, kw_only=True):
    """`autograder grade --json`."""

    command: str = "grade"
    dry_run: bool
    units: tuple[str, ...]
    graded: tuple[GradedRow, ...]
    unchanged: int
    recorded: int
    due: tuple[str, ...]
    interrupted: bool
    isolation: str
    workers: int
    dashboard: str
    seconds: float
    phases: dict[str, Phase]


class StatusDocument(Document, frozen=True, kw_only=True):
    """`autograder status --json`."""

    command: str = "status"
    state: str
    holder: str
    run: RunState | None
    silent: float
    seconds_left: float | None
    due: dict[str, int]
    next: str


class RegradeDocument(Document, frozen=True, kw_only=True):
    """`autograder regrade --json`."""

    command: str = "regrade"
    units: tuple[str, ...]
    compared: int
    moved: tuple[Moved, ...]
    reworded: int
    ungraded: tuple[str, ...]
    broken: tuple[str, ...]
    written: bool
    interrupted: bool
    dashboard: str
    seconds: float


class FeedbackDocument(Document, frozen=True, kw_only=True):
    """`autograder feedback --json`."""

    command: str = "feedback"
    dry_run: bool
    written: tuple[str, ...]  # paths below feedback/
    unchanged: int


class SandboxDocument(Document, frozen=True, kw_only=True):
    """`autograder sandbox --json`."""

    command: str = "sandbox"
    strongest: str  # "" when no level is reached
    levels: dict[str, str]  # level -> "", or why it is not reached


class ReportDocument(Document, frozen=True, kw_only=True):
    """`autograder report --json`."""

    command: str = "report"
    dry_run: bool
    files: tuple[str, ...]  # the class page, and the table of marks if asked for
    units: tuple[ClassUnit, ...]


class DemoDocument(Document, frozen=True, kw_only=True):
    """`autograder demo --json`."""

    command: str = "demo"
    dry_run: bool
    students: int
    units: tuple[str, ...]
    folder: str  # where the class is
    outcome: Demo | None = None  # null with --dry-run
