"""build, release, solutions: from text to what students get."""

from __future__ import annotations

import click

from autograder.cli.documents import BuildDocument, ReleaseDocument, SolutionsDocument
from autograder.cli.output import Progress, count, show_document, table
from autograder.cli.state import State, dry_run, examples, json_document, units

__all__ = ["build", "release", "solutions"]


@click.command(epilog=examples("autograder build", "autograder build unit02_logistic --dry-run"))
@units
@dry_run
@json_document
@click.pass_obj
def build(state: State, units: tuple[str, ...], dry_run: bool) -> None:
    """Check units and write source/UNIT/*.ipynb from source/UNIT/*.py.

    Refuses what stock nbgrader would publish without a word: misspelt markers, duplicate ids, exercises
    without answer key, points that do not sum to 100, solution lines in public cells.
    """
    from autograder.build import build as build_units

    with Progress("build", state.quiet) as progress:
        built = build_units(state.find_course(), units, dry_run=dry_run, progress=progress)
    rows = [("unit", "notebooks", "exercises", "points", "would write" if dry_run else "written")]
    for unit in built:
        exercises = sum(len(n.exercises) for n in unit.notebooks)
        written = sum(n.changed for n in unit.notebooks)
        rows.append((unit.unit, str(len(unit.notebooks)), str(exercises), f"{unit.points:g}", str(written)))
    show_document(state, BuildDocument(dry_run=dry_run, units=tuple(built)), table(rows))


@click.command(epilog=examples("autograder release unit02_logistic", "autograder release --dry-run"))
@units
@dry_run
@json_document
@click.pass_obj
def release(state: State, units: tuple[str, ...], dry_run: bool) -> None:
    """Write release/UNIT/ by nbgrader's own conversion and tell the gradebook.

    The result is searched for solution and hidden lines; until it is clean the old release stays.
    """
    from autograder.build import release as release_units
    from autograder.record.settings import Settings

    course = state.find_course()
    course_id = Settings.of(course).course_id
    with Progress("release", state.quiet) as progress:
        released = release_units(course, units, course_id=course_id, dry_run=dry_run, progress=progress)
    rows = [("unit", "files", "would write" if dry_run else "written", "would remove" if dry_run else "removed")]
    rows += [(u.unit, str(len(u.files)), str(len(u.changed)), str(len(u.removed))) for u in released]
    show_document(state, ReleaseDocument(dry_run=dry_run, units=tuple(released)), table(rows))


@click.command(epilog=examples("autograder solutions unit02_logistic", "autograder solutions --dry-run"))
@units
@dry_run
@json_document
@click.pass_obj
def solutions(state: State, units: tuple[str, ...], dry_run: bool) -> None:
    """Execute the solved notebooks and write them to solutions/UNIT/*.ipynb.

    A cell that fails is named, and its notebook is not written. With --dry-run they are executed only.
    """
    from autograder.build import solve

    with Progress("solutions", state.quiet) as progress:
        solved = solve(state.find_course(), units, dry_run=dry_run, progress=progress)
    rows = [("notebook", "seconds"), *((f"{n.unit}/{n.name}", f"{n.seconds:.1f}") for n in solved)]
    text = table(rows) + f"\n{count(len(solved), 'notebook')} {'executed' if dry_run else 'written'}"
    show_document(state, SolutionsDocument(dry_run=dry_run, notebooks=tuple(solved)), text)
