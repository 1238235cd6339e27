"""worker: this machine grades for a scheduler."""

from __future__ import annotations

import os
import shlex
import sys

import click

from autograder.cli.state import examples
from autograder.cores import cores
from autograder.errors import UsageError

__all__ = ["worker"]


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "autograder worker tcp://10.0.0.5:8786",
        "autograder worker tls://10.0.0.5:8786 --threads 8 --death-timeout 60",
    ),
)
@click.argument("scheduler", metavar="URL")
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[DASK_OPTION]...")
@click.option("--threads", type=click.IntRange(1), help="Submissions at a time; default: the number of cores.")
@click.option("--print", "shown", is_flag=True, help="Print Dask's command and do not run it.")
def worker(scheduler: str, more: tuple[str, ...], threads: int | None, shown: bool) -> None:
    """Grade on this machine for the Dask scheduler at URL, until it ends or Control-C.

    This is `dask worker` with what grading wants: a thread for each core, and no limit of Dask's own on memory, because
    the sandbox limits each submission. Other options go to Dask as they are.
    """
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise UsageError("worker: got no Dask. Install it: pip install 'dlmath[cluster]'")
    count = threads or cores()
    settings = ["--nworkers", "1", "--nthreads", str(count), "--memory-limit", "0", "--no-dashboard"]
    command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, *settings, *more]
    if shown:
        click.echo(shlex.join(command))
        return
    os.execv(sys.executable, command)
