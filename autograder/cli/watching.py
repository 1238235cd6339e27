"""status: what is being graded, how far it is, what waits."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from autograder.cli.documents import StatusDocument
from autograder.cli.output import clock, count, show_document, table
from autograder.cli.state import State, examples, json_document

if TYPE_CHECKING:
    from autograder.course import Course
    from autograder.watch import RunState, Status

__all__ = ["status"]

EVERY = 1.0  # seconds between two looks
RECOUNT = 30.0  # ... between two counts of what is due: each submission is read for it


@click.command(
    epilog=examples("autograder status", "autograder status --watch", "autograder status --prometheus > grading.prom")
)
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
@click.option("--prometheus", is_flag=True, help="Print metrics as Prometheus reads them (docs/observability.md).")
@json_document
@click.pass_obj
def status(state: State, watch: bool, prometheus: bool) -> None:
    """Say what is being graded, how far it is, and what waits. Changes nothing.

    Exit code 0 whenever that could be told, also after a run that failed.
    """
    if watch + prometheus + state.json > 1:
        raise click.UsageError("got several of --watch, --prometheus and --json, expected one of them.")
    if watch and not sys.stdout.isatty():
        raise click.UsageError("--watch: got no terminal, expected one. Ask again and again with --json.")
    course = state.find_course()
    if watch:
        return watch_course(course)
    from autograder.grade.due import count_due
    from autograder.watch.status import look

    found, due = look(course), count_due(course)
    if prometheus:
        from autograder.watch.metrics import exposition

        return click.echo(exposition(course, found.run, due), nl=False)
    show_document(state, status_document(found, due), status_text(found, due))


def watch_course(course: Course) -> None:
    """The same text, again and again in its place."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from autograder.grade.due import count_due
    from autograder.watch.status import look

    due, counted, last = count_due(course), time.monotonic(), ""
    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        try:
            while True:
                found = look(course)
                if time.monotonic() - counted > RECOUNT or found.state != last:
                    due, counted, last = count_due(course), time.monotonic(), found.state
                live.update(Text(status_text(found, due)), refresh=True)
                time.sleep(EVERY)
        except KeyboardInterrupt:
            return


def status_document(found: Status, due: dict[str, int]) -> StatusDocument:
    return StatusDocument(
        state=found.state,
        holder=found.holder,
        run=found.run,
        silent=found.silent,
        seconds_left=found.seconds_left,
        due=due,
        next=next_step(found, due),
    )


def status_text(found: Status, due: dict[str, int]) -> str:
    """For people."""
    run = found.run
    lines = []
    if found.state == "held":
        lines.append(f"process {found.holder} holds the course: a run begins there, or a backup is put back")
    if run is None:
        lines.append("no run so far")
    elif found.state == "running":
        lines += running_lines(run, found)
    else:
        lines += ended_lines(run)
    lines += [f"fault of ours: {fault}" for fault in (run.faults if run else ())]
    waiting = ", ".join(f"{unit} {number}" for unit, number in due.items() if number)
    lines.append(f"waiting to be graded: {waiting or 'nothing'}")
    if step := next_step(found, due):
        lines.append(f"Next: {step}")
    return "\n".join(plain(line) for text in lines for line in text.split("\n"))


def running_lines(run: RunState, found: Status) -> list[str]:
    steps = {"grading": "", "asking": "; waits for an answer at its terminal", "writing": "; writes"}
    lines = [
        f"{run.command} since {run.began[:19]} UTC by process {run.process} on {run.host}{steps.get(run.step, '')}"
    ]
    left = f", {clock(found.seconds_left)} left" if found.seconds_left is not None else ""
    rate = f", {run.rate:.1f} a second" if run.rate else ""
    lines.append(f"{run.done} of {run.total} done{rate}{left}; {run.recorded} recorded, {verdicts_words(run)}")
    if found.silent > 10 and run.step == "grading":
        lines.append(f"no news for {clock(found.silent)}")
    lines.append(f"isolation {run.isolation or 'not known yet'}, {count(run.workers, 'worker')}")
    if run.dashboard:
        lines.append(f"dashboard: {run.dashboard}")
    rows = [("worker", "in hand", "seconds")]
    for hand in run.hands:
        rows.append(
            (hand.worker, f"{hand.unit}/{hand.student}", f"{hand.seconds + found.silent:.1f}")
            if hand.student
            else (hand.worker, "nothing", "")
        )
    return [*lines, *([table(rows)] if run.hands else [])]


def ended_lines(run: RunState) -> list[str]:
    ends = {
        "done": "came to its end",
        "interrupted": "was interrupted",
        "failed": f"failed: {run.error}",
        "killed": "ended in the middle",
    }
    when = (run.ended or run.updated)[:19]
    return [
        f"the last run ({run.command}, begun {run.began[:19]} UTC) {ends[run.state]} at {when}",
        f"{run.done} of {run.total} done in {clock(run.seconds)}; {run.recorded} recorded, {verdicts_words(run)}",
    ]


def verdicts_words(run: RunState) -> str:
    sums: dict[str, int] = {}
    for verdicts in run.counts.verdicts.values():
        for verdict, number in verdicts.items():
            sums[verdict] = sums.get(verdict, 0) + number
    broken = sum(run.counts.broken.values())
    words = " ".join(f"{verdict} {number}" for verdict, number in sums.items())
    return f"{words or 'no verdicts'}; {count(broken, 'submission')} with a fault of ours"


def next_step(found: Status, due: dict[str, int]) -> str:
    """The command to try next; empty when there is nothing to do."""
    if found.state in ("killed", "failed", "interrupted") and found.run and found.run.command == "regrade":
        return "autograder regrade"
    if found.state == "killed":
        return "autograder grade: it goes on where that run ended"
    if found.state in ("running", "held") or not any(due.values()):
        return ""
    return "autograder grade"


def plain(text: str) -> str:
    """Nothing that moves a terminal's cursor."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
