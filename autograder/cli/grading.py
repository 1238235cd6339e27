"""grade, feedback, report: from submissions to marks and pages."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autograder.cli.documents import FeedbackDocument, GradeDocument, ReportDocument
from autograder.cli.output import Progress, count, show_document, table
from autograder.cli.state import State, dry_run, examples, json_document, units

__all__ = ["feedback", "grade", "grading_options", "report"]

if TYPE_CHECKING:
    from autograder.grade import GradeSummary
    from autograder.sandbox import Limits
    from autograder.watch import Phase

AGAIN = (
    "{} {} recorded again: the gradebook did not hold them. "
    "Marks and comments that were given by hand are in backups only."
)
CHANGED = "{} changed, or their unit did, while they were graded. Run autograder grade again."
LEVELS = ("namespaces", "landlock", "rlimits")
OPTIONS = (
    click.option("--student", "students", multiple=True, metavar="ID", help="Only this student; repeatable."),
    click.option("--workers", type=click.IntRange(1), help="Processes; default: the number of cores."),
    click.option(
        "--scheduler", metavar="URL", default="", help="Let this Dask scheduler's workers grade (docs/clusters.md)."
    ),
    click.option("--isolation", type=click.Choice(["strongest", *LEVELS]), default="strongest", show_default=True),
    click.option(
        "--floor", type=click.Choice(LEVELS), default="rlimits", show_default=True, help="Refuse to run weaker."
    ),
    click.option(
        "--limit", "limits", multiple=True, metavar="NAME=NUMBER", help="One limit of a submission; repeatable."
    ),
    click.option(
        "--metrics",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Keep metrics for Prometheus in this file (docs/observability.md).",
    ),
)


def grading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say whose submissions are graded and how: the command gets them as `how`, for `grade_units`."""

    @functools.wraps(command)
    def collected(*args: Any, limits: tuple[str, ...], metrics: Path | None, **values: Any) -> Any:
        from autograder.watch import Watch

        log = click.get_current_context().ensure_object(State).log
        how = {name: values.pop(name) for name in ("students", "workers", "scheduler", "isolation", "floor")}
        if how["workers"] and how["scheduler"]:
            raise click.UsageError("got --workers and --scheduler, expected one: a cluster has workers of its own.")
        how |= {"limits": read_limits(limits), "watch": Watch(log=log, metrics=metrics)}
        return command(*args, how=how, **values)

    for option in reversed(OPTIONS):
        collected = option(collected)
    return collected


@click.command(
    epilog=examples(
        "autograder grade unit02_logistic",
        "autograder grade --student s0001 --force",
        "autograder grade --floor landlock --limit memory_bytes=1073741824 --json",
        "autograder grade --scheduler tcp://127.0.0.1:8786",
    )
)
@units
@grading_options
@click.option("--force", is_flag=True, help="Grade what is unchanged, too.")
@click.option("--timings", is_flag=True, help="Say where the time went.")
@dry_run
@json_document
@click.pass_context
def grade(
    ctx: click.Context, units: tuple[str, ...], how: dict[str, Any], force: bool, timings: bool, dry_run: bool
) -> None:
    """Grade what was handed in to submitted/STUDENT/UNIT/ and record it.

    Unchanged submissions are left alone. After Ctrl-C, or a fault, run it again to go on. Exit code 3 when
    something of ours failed (BROKEN): that costs nobody marks and is graded again next time.
    """
    from autograder.grade import grade_units

    state: State = ctx.obj
    course = state.find_course()
    chosen = course.choose(units)
    with Progress("grade", state.quiet) as progress:
        done = grade_units(course, chosen, **how, force=force, dry_run=dry_run, progress=progress)
    show_document(state, grade_document(done, dry_run), grade_text(done, dry_run, timings))
    if done.interrupted:
        raise KeyboardInterrupt
    for row in done.broken:
        click.echo("\n".join([f"BROKEN {row.unit}/{row.student}", *(f"  {line}" for line in row.staff)]), err=True)
    if done.recorded:
        click.echo(AGAIN.format(count(done.recorded, "stored result"), "would be" if dry_run else "were"), err=True)
    if done.due and not dry_run:
        click.echo(CHANGED.format(count(len(done.due), "submission")), err=True)
    if done.exit_code:
        click.echo("Next: mend what is named above, then run autograder grade again", err=True)
    ctx.exit(done.exit_code)


def read_limits(words: tuple[str, ...]) -> Limits | None:
    """`NAME=NUMBER` pairs over the usual limits."""
    if not words:
        return None
    import msgspec

    from autograder.sandbox import Limits

    usual = msgspec.structs.asdict(Limits())
    given = {}
    for word in words:
        name, _, number = word.partition("=")
        if name not in usual or not number.isdecimal() or int(number) == 0:
            raise click.BadParameter(f"got {word!r}, expected NAME=NUMBER with one of {', '.join(usual)}.")
        given[name] = int(number)
    return Limits(**{**usual, **given})


def grade_document(done: GradeSummary, dry_run: bool) -> GradeDocument:
    return GradeDocument(
        dry_run=dry_run,
        units=done.units,
        graded=done.graded,
        unchanged=done.unchanged,
        recorded=done.recorded,
        due=done.due,
        interrupted=done.interrupted,
        isolation=done.isolation,
        workers=done.workers,
        dashboard=done.dashboard,
        seconds=round(done.seconds, 3),
        phases=done.phases,
    )


def grade_text(done: GradeSummary, dry_run: bool, timings: bool = False) -> str:
    """A line for each submission and a summary."""
    if dry_run:
        return "\n".join([*done.due, f"{count(len(done.due), 'submission')} to grade, {done.unchanged} unchanged"])
    rows = [("submission", "points", "of", "by hand", "verdicts")]
    for row in done.graded:
        verdicts = " ".join(f"{name} {number}" for name, number in row.verdicts.items())
        rows.append((f"{row.unit}/{row.student}", f"{row.points:g}", f"{row.max_points:g}", str(row.manual), verdicts))
    how = (
        f" in {done.seconds:.1f} s, {count(done.workers, 'worker')}, isolation: {done.isolation}" if done.graded else ""
    )
    last = f"{count(len(done.graded), 'submission')} graded, {done.unchanged} unchanged{how}"
    spent = [timings_line(done.phases)] if timings and done.phases else []
    return "\n".join([*([table(rows)] if done.graded else []), *spent, last])


def timings_line(phases: dict[str, Phase]) -> str:
    """Where the time went, the most first."""
    ordered = sorted(phases.items(), key=lambda item: -item[1].seconds)
    return "time: " + ", ".join(f"{name} {phase.seconds:.2f} s" for name, phase in ordered)


@click.command(epilog=examples("autograder feedback unit02_logistic", "autograder feedback --student s0001 --force"))
@units
@click.option("--student", "students", multiple=True, metavar="ID", help="Only this student; repeatable.")
@click.option("--force", is_flag=True, help="Write pages that are up to date, too.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@dry_run
@json_document
@click.pass_obj
def feedback(
    state: State, units: tuple[str, ...], students: tuple[str, ...], force: bool, workers: int, dry_run: bool
) -> None:
    """Write feedback/STUDENT/UNIT/*.html from what was graded, comments of formgrader included."""
    from autograder.feedback import write_feedback
    from autograder.watch.log import open_log

    course = state.find_course()
    chosen = course.choose(units)
    with ExitStack() as stack:
        log = None if dry_run else stack.enter_context(open_log(course, "feedback", state.log, units=chosen))
        progress = stack.enter_context(Progress("feedback", state.quiet))
        done = write_feedback(
            course, chosen, students, dry_run=dry_run, force=force, workers=workers, progress=progress
        )
        if log:
            for page in done.written:
                log.tell("written", page=page)
            log.tell("ended", command="feedback", pages=len(done.written), unchanged=done.unchanged)
    verb = "would be written" if dry_run else "written"
    text = f"{count(len(done.written), 'page')} {verb}, {done.unchanged} up to date"
    show_document(state, FeedbackDocument(dry_run=dry_run, written=done.written, unchanged=done.unchanged), text)


@click.command(epilog=examples("autograder report", "autograder report unit02_logistic --csv marks.csv"))
@units
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The page; default: report/class.html.")
@click.option(
    "--csv", "marks", type=click.Path(dir_okay=False, path_type=Path), help="Also write the marks as CSV here."
)
@dry_run
@json_document
@click.pass_obj
def report(state: State, units: tuple[str, ...], out: Path | None, marks: Path | None, dry_run: bool) -> None:
    """Write the class page: marks, hardest exercises, frequent mistakes, submissions that need a look."""
    from autograder.files import write_whole
    from autograder.report import class_report, export_marks, write_report

    course = state.find_course()
    chosen = course.choose(units)
    page = out or course.work / "report" / "class.html"
    if dry_run:
        found = class_report(course, chosen)
    else:
        found = write_report(course, chosen, page)
        if marks:
            write_whole(marks, export_marks(course, chosen).encode(), 0o600)
    rows = [("unit", "students", "mean", "median", "of", "need a look")]
    for unit in found.units:
        look = sum(bool(student.look or student.staff) for student in unit.students)
        numbers = (f"{unit.mean:.1f}", f"{unit.median:.1f}", f"{unit.max_score:g}", str(look))
        rows.append((unit.unit, str(len(unit.students)), *numbers))
    written = [str(path) for path in (page, marks) if path]
    text = "\n".join([table(rows), *(f"{'would write' if dry_run else 'written:'} {path}" for path in written)])
    show_document(state, ReportDocument(dry_run=dry_run, files=tuple(written), units=found.units), text)
