"""What the group's options say, and the options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from autograder.course import Course

__all__ = ["State", "dry_run", "examples", "json_document", "units"]


@dataclass
class State:
    """The group's options; passed to every command."""

    course: Path | None = None
    work: Path | None = None
    database: str | None = None
    quiet: bool = False
    progress: str = "lines"  # or "json"
    log: str = ""  # a file, or "-"; .autograder/log/ when empty
    json: bool = False
    command: str = ""  # that was called

    def find_course(self) -> Course:
        """The course that the options mean."""
        return Course.find(self.course, self.work, self.database)


def want_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(State).json = True


def json_document(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--json`."""
    return click.option(
        "--json",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=want_json,
        help="Print one JSON document (docs/results.md).",
    )(command)


def dry_run(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--dry-run`."""
    return click.option("--dry-run", is_flag=True, help="Say what would be done and change nothing.")(command)


def units(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument `[UNIT]...`; none means all units."""
    return click.argument("units", nargs=-1, metavar="[UNIT]...")(command)


def examples(*lines: str) -> str:
    """The last paragraph of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
