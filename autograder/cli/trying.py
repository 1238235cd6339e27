"""demo, sandbox: what this machine can do."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.documents import DemoDocument, SandboxDocument
from autograder.cli.output import Progress, show_document
from autograder.cli.state import State, dry_run, examples, json_document

__all__ = ["demo", "sandbox"]

UNFAIR = 1


@click.command(epilog=examples("autograder demo", "autograder demo --students 500 --out /tmp/class --json"))
@click.option("--students", type=click.IntRange(1), default=60, show_default=True, help="Size of the class.")
@click.option("--seed", default=2026, show_default=True, help="The same seed makes the same class.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="A folder for it."
)
@click.option("--force", is_flag=True, help="Grade what is unchanged since an earlier demonstration, too.")
@dry_run
@json_document
@click.pass_context
def demo(ctx: click.Context, students: int, seed: int, out: Path, force: bool, dry_run: bool) -> None:
    """Build, release, simulate a class, grade it, write feedback and the class page.

    The class is made of the answer keys' right and wrong answers, of accidents and of attacks, so it is known
    what everybody deserves. Exit code 1 when somebody got something else.
    """
    state: State = ctx.obj
    course = state.find_course()
    if dry_run:
        units = course.units()
        text = f"{students} simulated students in {len(units)} units would be graded in {out}"
        show_document(state, DemoDocument(dry_run=True, students=students, units=tuple(units), folder=str(out)), text)
        return
    from autograder.demo import as_text, run

    def step(what: str) -> Progress:
        if not state.quiet:
            click.echo(f"{what} ...", err=True)
        return Progress(what, state.quiet)

    out.mkdir(parents=True, exist_ok=True)
    done = run(course, out, size=students, seed=seed, force=force, step=step)
    document = DemoDocument(dry_run=False, students=students, units=tuple(done.accounts), folder=str(out), outcome=done)
    show_document(state, document, as_text(done))
    if not all(account.fair for account in done.accounts.values()):
        click.echo("Next: look at the lines above, then at: autograder verify", err=True)
        ctx.exit(UNFAIR)


@click.command(epilog=examples("autograder sandbox", "autograder sandbox --json"))
@json_document
@click.pass_obj
def sandbox(state: State) -> None:
    """Start a sandbox at each level of isolation and say which are reached.

    Grading uses the strongest and records it; `autograder grade --floor LEVEL` refuses to run below one.
    """
    from autograder.sandbox.probe import probe

    found = probe()
    reached = [level for level, reason in found.items() if not reason]
    lines = [f"{level:<12}{'reached' if not reason else f'not here: {reason}'}" for level, reason in found.items()]
    lines.append(f"Grading will use: {reached[0] if reached else 'nothing; it cannot run here'}")
    strongest = reached[0] if reached else ""
    show_document(state, SandboxDocument(strongest=strongest, levels=found), "\n".join(lines))
