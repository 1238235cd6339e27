"""`autograder`: the group of commands and its options."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder.cli.commands import LazyGroup
from autograder.cli.state import State

__all__ = ["cli", "main"]


def show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    import platform
    from importlib.metadata import PackageNotFoundError, version

    for package in ("dlmath", "torch", "numpy", "nbgrader"):
        try:
            click.echo(f"{package} {version(package)}")
        except PackageNotFoundError:
            click.echo(f"{package} not installed")
    click.echo(f"Python {platform.python_version()}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExamples:\n  autograder build                     check every unit and write its notebooks\n"
    "  autograder grade unit02_logistic     grade what was handed in\n"
    "  autograder --course DIR report --json",
)
@click.option("--course", type=click.Path(path_type=Path), help="The course folder; default: here or above.")
@click.option("--work", type=click.Path(path_type=Path), help="Where submissions and marks are; default: the course.")
@click.option("--database", metavar="URL", help="The gradebook, as an SQLAlchemy URL; default: gradebook.db in --work.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@click.option(
    "--progress",
    type=click.Choice(["lines", "json"]),
    default="lines",
    help="How progress is told on stderr: for people, or for a program (docs/results.md).",
)
@click.option(
    "--log", default="", metavar="FILE|-", help="Where runs are logged; default: .autograder/log/. '-' is stderr."
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="Print versions."
)
@click.pass_context
def cli(
    ctx: click.Context,
    course: Path | None,
    work: Path | None,
    database: str | None,
    quiet: bool,
    progress: str,
    log: str,
) -> None:
    """Build, release, grade and report a course of auto-graded notebooks.

    Exit codes: 0 the command did its work, 1 a check found faults, 2 wrong usage, 3 our fault.
    """
    state: State = ctx.obj
    state.command = ctx.invoked_subcommand or ""
    state.course, state.work, state.database, state.quiet = course, work, database, quiet
    state.progress, state.log = progress, log


def run(arguments: list[str]) -> int:
    """The exit code of one command."""
    state = State(json="--json" in arguments)
    try:
        code = cli.main(arguments, prog_name="autograder", standalone_mode=False, obj=state)
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.format_message())
        return 2
    except (KeyboardInterrupt, click.Abort):
        from autograder.cli.failures import report_interrupt

        return report_interrupt(arguments)
    except Exception as error:
        from autograder.cli.failures import report_failure

        return report_failure(error, state, arguments)


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))
