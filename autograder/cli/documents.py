"""The documents that `--json` prints, one for each command; docs/results.md describes every key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autograder.results import SCHEMA

if TYPE_CHECKING:  # the command that prints a document has imported what it is made of
    from autograder.build import BuiltUnit, ReleasedUnit, SolvedNotebook

__all__ = ["BuildDocument", "Document", "ErrorDocument", "ReleaseDocument", "SolutionsDocument"]


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
