"""source/unit/*.ipynb -> solutions/unit/*.ipynb: executed, for lecturers to read."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import nbclient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from autograder.build.notebooks import Progress, check
from autograder.build.text import SourceNotebook, notebook_bytes
from autograder.course import Course
from autograder.errors import BuildError
from autograder.files import write_whole

__all__ = ["SolvedNotebook", "solve"]

CELL_SECONDS = 300
INLINE = "module://matplotlib_inline.backend_inline"


class SolvedNotebook(msgspec.Struct, frozen=True, kw_only=True):
    """One executed notebook in `solutions/`."""

    unit: str
    name: str  # without suffix
    path: str  # relative to the course
    seconds: float  # of execution, start of the kernel included


def solve(
    course: Course, units: Sequence[str] = (), *, dry_run: bool = False, progress: Progress | None = None
) -> list[SolvedNotebook]:
    """Execute the notebooks with their solutions and write them, outputs included.

    Args:
        course: where `source/` and `solutions/` are.
        units: ids of units; all of them when empty.
        dry_run: execute, write nothing.
        progress: told the number of notebooks done, their total, and the notebook that comes next.

    Raises:
        BuildError: a unit is not sound, or one of its cells fails.
    """
    notebooks = [n for unit in check(course, units).values() for n in unit]
    done = []
    for number, notebook in enumerate(notebooks):
        if progress:
            progress(number, len(notebooks), f"{notebook.unit}/{notebook.name}")
        path = course.solutions / notebook.unit / f"{notebook.name}.ipynb"
        started = time.perf_counter()
        data = executed(course, notebook)
        if not dry_run:
            write_whole(path, data)
        done.append(
            SolvedNotebook(
                unit=notebook.unit,
                name=notebook.name,
                path=path.relative_to(course.home).as_posix(),
                seconds=round(time.perf_counter() - started, 3),
            )
        )
    return done


def executed(course: Course, notebook: SourceNotebook) -> bytes:
    """The notebook with outputs, run within the course beside a copy of the unit's data files."""
    node = copy.deepcopy(notebook.node)
    with tempfile.TemporaryDirectory(dir=course.solutions, prefix=".solving-") as aside:
        folder = Path(aside) / notebook.unit
        shutil.copytree(course.source / notebook.unit, folder, ignore=shutil.ignore_patterns("*.py", "*.ipynb", ".*"))
        client = nbclient.NotebookClient(
            node,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],
        )
        try:
            client.execute(env=environment())
        except Exception as error:
            if getattr(client, "_async_cleanup_kernel_future", None):  # nbclient's own handler took the SIGINT
                raise KeyboardInterrupt from None
            if not isinstance(error, CellExecutionError | CellTimeoutError | DeadKernelError):
                raise
            raise BuildError(failure(notebook, node, error)) from None
    return notebook_bytes(node)


def environment() -> dict[str, str]:
    """The environment of the kernel: ours, with the packages that run here importable there."""
    here = str(Path(__file__).resolve().parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": INLINE}


def failure(notebook: SourceNotebook, node: Any, error: Exception) -> str:
    """The cell that failed and the last line of what it said."""
    tried = [i for i, cell in enumerate(node.cells) if cell.cell_type == "code" and cell.get("execution_count")]
    failed = [i for i in tried if any(o.output_type == "error" for o in node.cells[i].outputs)]
    position = (failed or tried or [0])[-1]
    errors = [o for o in node.cells[position].get("outputs", []) if o.output_type == "error"]
    said = f"{errors[0].ename}: {errors[0].evalue}" if errors else str(error).strip().splitlines()[-1]
    return notebook.fault(position, said, "the solved notebook to run from top to bottom")
