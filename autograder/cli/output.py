"""Results on stdout, progress on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from autograder.cli.state import State

__all__ = ["Progress", "count", "show_document", "table"]

EVERY = 5.0  # seconds between lines where progress does not go to a terminal
OFTEN = 0.25  # ... between documents for a program


class Progress:
    """Done, total, rate and time left; on a terminal one line, elsewhere a line now and then.

    With the group's `--progress json` a line is a document for a program that shows progress itself.
    """

    def __init__(self, what: str, quiet: bool = False) -> None:
        self.what, self.quiet = what, quiet
        context = click.get_current_context(silent=True)
        state = context.find_object(State) if context else None
        self.json = state is not None and state.progress == "json"
        self.terminal = sys.stderr.isatty() and not self.json
        self.started = time.monotonic()
        self.last = self.started
        self.shown = False

    def __call__(self, done: int, total: int, label: str = "") -> None:
        now = time.monotonic()
        every = 0.0 if self.terminal else OFTEN if self.json else EVERY
        if self.quiet or (now - self.last < every and not (self.json and done == total)):
            return
        self.last = now
        if self.json:
            click.echo(msgspec.json.encode({"progress": self.what, "done": done, "total": total}), err=True)
            return
        line = f"{self.what} {done}/{total}{self.rate(done, total, now)}  {label}"
        if self.terminal:
            width = max(20, click.get_current_context().terminal_width or 79)
            click.echo(f"\r\033[K{line[:width]}", nl=False, err=True)
            self.shown = True
        else:
            click.echo(line.rstrip(), err=True)

    def rate(self, done: int, total: int, now: float) -> str:
        if not done:
            return ""
        seconds = (now - self.started) / done
        speed = f"{1 / seconds:.1f}/s" if seconds < 1 else f"{seconds:.1f} s each"
        return f"  {speed}  {clock(seconds * (total - done))} left"

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.shown:
            click.echo("\r\033[K", nl=False, err=True)


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def show_document(state: State, document: Any, text: str) -> None:
    """The document with `--json`, otherwise the text."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() if state.json else text)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows in columns, the first row as heading; numbers stand right, but not in the first column."""
    columns = []
    for number, column in enumerate(zip(*rows, strict=True)):
        width = max(map(len, column))
        right = number and all(map(_is_number, column[1:]))
        columns.append([cell.rjust(width) if right else cell.ljust(width) for cell in column])
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def _is_number(cell: str) -> bool:
    """`12`, `-0.5`, `12 s`, `3/4`, and what stands for none."""
    return (cell.lstrip("+-") or "0")[0].isdigit()


def count(number: int, noun: str) -> str:
    """`1 notebook`, `2 notebooks`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
