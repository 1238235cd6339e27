"""`python -m tests.fuzz`: throw changed inputs at everything that reads bytes from outside."""

from __future__ import annotations

import sys
import time
import traceback
from importlib.metadata import version
from pathlib import Path

import click

from tests.fuzz.campaign import Outcome, fuzz, guided
from tests.fuzz.target import CORPUS, NAMES, load

EXAMPLES = """
\b
Examples:
  python -m tests.fuzz                                 every target, 20 seconds in all
  python -m tests.fuzz --seconds 600 --target intake   one target for ten minutes
  python -m tests.fuzz --seconds 600 --keep            new inputs join tests/fuzz/corpus
  python -m tests.fuzz --replay fuzz_findings/intake-crash-0a1b…

Exit 0: nothing was found. 1: an input raised what its reader does not declare; its file is named.
"""


@click.command(help=f"{__doc__}\n{EXAMPLES}")
@click.option("--seconds", default=20, show_default=True, help="In all; the targets share it.")
@click.option("--target", "names", multiple=True, type=click.Choice(NAMES), help="Only this one; may be repeated.")
@click.option("--corpus", default=CORPUS, type=click.Path(path_type=Path), help="Inputs to begin with.")
@click.option("--findings", default=Path("fuzz_findings"), type=click.Path(path_type=Path), help="Where findings go.")
@click.option("--keep", is_flag=True, help="Add inputs that reach something new to the corpus, and minimise it.")
@click.option(
    "--replay", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Run one input, no search."
)
def main(seconds: int, names: tuple[str, ...], corpus: Path, findings: Path, keep: bool, replay: Path | None) -> None:
    if replay is not None:
        sys.exit(_replay(replay, names[0] if names else replay.name.partition("-")[0]))
    chosen = names or NAMES
    share = max(1, seconds // len(chosen))
    if not guided():
        click.echo("fuzz: atheris is not installed, so the search by coverage is skipped; hypothesis searches instead.")
        keep = False
    began, outcomes = time.monotonic(), []
    for name in chosen:
        outcomes.append(fuzz(load(name), share, corpus / name, findings, keep))
        click.echo(str(outcomes[-1]))
        _tell(outcomes[-1])
    executions = sum(outcome.executions for outcome in outcomes)
    found = sum(outcome.finding is not None for outcome in outcomes)
    engine = f"atheris {version('atheris')}" if guided() else f"hypothesis {version('hypothesis')}"
    click.echo(
        f"fuzz: {len(outcomes)} targets, {executions:,} executions in {share * len(outcomes)} s of searching "
        f"({time.monotonic() - began:.0f} s in all), {found} findings, with {engine}"
    )
    sys.exit(1 if found else 0)


def _tell(outcome: Outcome) -> None:
    if outcome.finding is not None:
        click.echo("\n".join(outcome.log.splitlines()[-40:]))
        click.echo(f"{outcome.name}: found {outcome.finding}\nNext: python -m tests.fuzz --replay {outcome.finding}")


def _replay(path: Path, name: str) -> int:
    """Run one input; 1 and its traceback when it still raises."""
    if name not in NAMES:
        raise click.UsageError(f"--replay: got {path.name}, expected TARGET-…; or say --target.")
    try:
        load(name).run(path.read_bytes())
    except BaseException:
        traceback.print_exc()
        click.echo(f"{name}: {path} is still a finding")
        return 1
    click.echo(f"{name}: {path} is read as it should be")
    return 0


if __name__ == "__main__":
    main(prog_name="python -m tests.fuzz")
