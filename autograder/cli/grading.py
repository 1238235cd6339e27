"""grade, feedback, report: from submissions to marks and pages."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.documents import FeedbackDocument, ReportDocument
from autograder.cli.output import Progress, count, show_document, table
from autograder.cli.state import State, dry_run, examples, json_document, units

__all__ = ["feedback", "report"]


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

    course = state.find_course()
    with Progress("feedback", state.quiet) as progress:
        done = write_feedback(
            course,
            course.choose(units),
            students,
            dry_run=dry_run,
            force=force,
            workers=workers,
            progress=progress,
        )
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
    from autograder.build.files import write_whole
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
