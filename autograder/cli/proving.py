"""verify, show: what an answer key says."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.documents import ShowDocument, VerifyDocument
from autograder.cli.output import Progress, show_document
from autograder.cli.state import State, examples, json_document, units

__all__ = ["show", "verify"]

FAULTS_FOUND = 1
LEVELS = click.Choice(["strongest", "namespaces", "landlock", "rlimits"])


@click.command(epilog=examples("autograder verify unit02_logistic", "autograder verify --no-mutants --json"))
@units
@click.option("-e", "--exercise", "exercises", multiple=True, metavar="UNIT/NAME", help="Only this one; repeatable.")
@click.option("--mutants/--no-mutants", "mutate", default=True, help="Also mark machine-made mistakes (slower).")
@click.option("--workers", type=click.IntRange(1), help="Processes; default: the number of cores.")
@click.option("--isolation", type=LEVELS, default="strongest", show_default=True, help="Level of the sandbox.")
@json_document
@click.pass_context
def verify(
    ctx: click.Context,
    units: tuple[str, ...],
    exercises: tuple[str, ...],
    mutate: bool,
    workers: int | None,
    isolation: str,
) -> None:
    """Prove the answer keys.

    The solution and each accepted answer earn full marks; each rejected answer fails exactly its parts and is
    told its own sentence; the untouched stub earns nothing; mutants of the solution are caught. Exit code 1
    when something of this does not hold.
    """
    from autograder.verify import as_text, verify_units

    state: State = ctx.obj
    with Progress("verify", state.quiet) as progress:
        found = verify_units(
            state.find_course(),
            units,
            exercises=exercises,
            mutate=mutate,
            isolation=isolation,
            workers=workers,
            progress=progress,
        )
    show_document(
        state, VerifyDocument(sound=found.sound, isolation=found.isolation, units=found.units), as_text(found)
    )
    if not found.sound:
        click.echo("Next: mend what is named above, then run: autograder verify --exercise UNIT/NAME", err=True)
        ctx.exit(FAULTS_FOUND)


@click.command(
    epilog=examples("autograder show unit02_logistic/softmax_logsumexp answer.py", "autograder show unit/name nb.ipynb")
)
@click.argument("exercise", metavar="UNIT/NAME")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--isolation", type=LEVELS, default="strongest", show_default=True, help="Level of the sandbox.")
@json_document
@click.pass_obj
def show(state: State, exercise: str, file: Path, isolation: str) -> None:
    """Mark one file against one exercise and show what the student would read.

    FILE is a Python file, or a notebook whose code cells run in order. Nothing is recorded.
    """
    from autograder.cli.showing import as_text, mark_file

    result, level = mark_file(state.find_course(), exercise, file, isolation)
    show_document(state, ShowDocument(isolation=level, result=result), as_text(result))
