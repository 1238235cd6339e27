"""regrade: grade again, and see whose marks move before anything is written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from autograder.cli.documents import RegradeDocument
from autograder.cli.grading import grading_options
from autograder.cli.output import Progress, count, show_document, table
from autograder.cli.state import State, examples, json_document, units

if TYPE_CHECKING:
    from autograder.grade import Regraded

__all__ = ["regrade"]

SHOWN = 200  # lines of marks that move; --json has all


@click.command(
    epilog=examples(
        "autograder regrade unit02_logistic --diff    show, write nothing",
        "autograder regrade unit02_logistic           show, ask, write",
        "autograder regrade --student s0001 --yes --json",
    )
)
@units
@grading_options
@click.option("--diff", "--dry-run", "diff", is_flag=True, help="Show whose marks move and why, and write nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@json_document
@click.pass_context
def regrade(ctx: click.Context, units: tuple[str, ...], how: dict[str, Any], diff: bool, yes: bool) -> None:
    """Grade again what was graded before, after a key or a limit has changed.

    Shows whose marks would move and why; exactly what was shown is written, if you say so. Marks that were given
    by hand stay. What was never graded is left to `autograder grade`. Exit code 3 when something of ours failed.
    """
    from autograder.grade import regrade_units

    state: State = ctx.obj
    if diff and yes:
        raise click.UsageError("got --diff and --yes, expected one of them: --diff writes nothing.")
    if not (diff or yes or sys.stdin.isatty()):
        raise click.UsageError("got nobody to ask, expected --diff to look or --yes to write.")
    course = state.find_course()

    def confirm(found: Regraded) -> bool:
        if yes:
            return True
        click.echo(regrade_text(found), err=True)
        try:
            return click.confirm(f"Write {count(found.compared - len(faulty(found)), 'submission')}?", err=True)
        except click.Abort:  # Ctrl-C: the run was interrupted, it did not fail
            raise KeyboardInterrupt from None

    with Progress("regrade", state.quiet) as progress:
        done = regrade_units(course, course.choose(units), **how, progress=progress, confirm=None if diff else confirm)
    show_document(state, regrade_document(done), last_line(done) if not (diff or yes) else regrade_text(done))
    if done.interrupted:
        raise KeyboardInterrupt
    for line in done.broken:
        click.echo(f"BROKEN {line}", err=True)
    ctx.exit(3 if done.broken else 0)


def regrade_document(done: Regraded) -> RegradeDocument:
    return RegradeDocument(
        units=done.units,
        compared=done.compared,
        moved=done.moved,
        reworded=done.reworded,
        ungraded=done.ungraded,
        broken=done.broken,
        written=done.written,
        interrupted=done.interrupted,
        dashboard=done.dashboard,
        seconds=round(done.seconds, 3),
    )


def regrade_text(done: Regraded) -> str:
    """A line for each mark that moves, why, and a summary."""
    rows = [("exercise", "student", "points", "now", "of", "because of", "what ends in another way")]
    for m in done.moved[:SHOWN]:
        numbers = (f"{m.before:g}", f"{m.after:g}", f"{m.max_points:g}")
        rows.append((m.exercise, m.student, *numbers, ", ".join(m.because), "; ".join(m.parts)))
    more = len(done.moved) - SHOWN
    lines = [table(rows)] if done.moved else []
    if more > 0:
        lines.append(f"... and {more} more; --json has all")
    return "\n".join([*lines, last_line(done)])


def last_line(done: Regraded) -> str:
    up = sum(m.after > m.before for m in done.moved)
    down = len(done.moved) - up
    students = len({(m.unit, m.student) for m in done.moved})
    verb = "moved" if done.written else "would move"
    moved = f"{count(len(done.moved), 'mark')} of {count(students, 'submission')} {verb}"
    parts = [f"{count(done.compared, 'submission')} graded again: {moved} ({up} up, {down} down)"]
    if done.reworded:
        parts.append(f"{count(done.reworded, 'exercise')} with the same points and other words")
    if done.broken:
        parts.append(f"{len(faulty(done))} with a fault of ours: never written")
    if done.ungraded:
        parts.append(f"{len(done.ungraded)} never graded: run autograder grade")
    parts.append("written" if done.written else "nothing was written")
    return "; ".join(parts)


def faulty(done: Regraded) -> set[str]:
    """The submissions in which something of ours failed, as "unit/student"."""
    return {line.partition(": ")[0] for line in done.broken}
