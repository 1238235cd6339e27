"""The bare compute of a unit's answers: the same cells and the same calls, in one warm process without isolation.

What the marker does besides (references, comparisons, transcripts) is not counted.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from autograder.build.text import SourceNotebook, read_notebook
from autograder.cells import Role, grade_id, is_picture, role
from autograder.course import Course
from autograder.key import load_key
from autograder.marking import LocalAnswers, mark_exercise

__all__ = ["Compute", "seconds_each", "solutions"]

REPEATS = 5


@dataclass(frozen=True)
class Compute:
    """Seconds of one submission, and what it consists of."""

    seconds: float
    notebooks: int
    exercises: int


def solutions(home: Path, unit: str) -> dict[str, str]:
    """The source's own answers by grade_id, without markers."""
    course = Course.at(home)
    notebooks = [read_notebook(p, home) for p in sorted((course.source / unit).glob("*.py"))]
    cells = [cell for notebook in notebooks for cell in notebook.cells if role(cell) is Role.SOLUTION]
    return {grade_id(c): "\n".join(line for line in c.source.splitlines() if "###" not in line) for c in cells}


def seconds_each(home: Path, unit: str) -> Compute:
    """The median of a few runs on one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    course = Course.at(home)
    notebooks = [read_notebook(path, home) for path in sorted((course.source / unit).glob("*.py"))]
    _once(course, notebooks, _Stopwatch())  # imports, fonts, caches
    times = []
    for _ in range(REPEATS):
        watch = _Stopwatch()
        exercises = _once(course, notebooks, watch)
        times.append(watch.seconds)
    os.sched_setaffinity(0, allowed)
    return Compute(sorted(times)[REPEATS // 2], len(notebooks), exercises)


class _Stopwatch:
    """Adds up the time spent inside what it wraps; calls within calls count once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.depth = 0

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self.depth += 1
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.depth -= 1
                if not self.depth:
                    self.seconds += time.perf_counter() - start

        return timed


def _once(course: Course, notebooks: list[SourceNotebook], watch: _Stopwatch) -> int:
    exercises = 0
    for notebook in notebooks:
        shell = InteractiveShell()
        for cell in notebook.cells:
            if cell.cell_type != "code" or is_picture(cell):
                continue
            if role(cell) is Role.TEST:
                key = load_key(course.solutions, f"{notebook.unit}/{grade_id(cell).removeprefix('test_')}")
                answers = LocalAnswers({name: watch.wrap(shell.user_ns[name]) for name in key.functions})
                mark_exercise(key, answers, b"bench")
                exercises += 1
            else:
                with contextlib.redirect_stdout(io.StringIO()):
                    watch.wrap(shell.run_cell)(cell.source)
    return exercises
