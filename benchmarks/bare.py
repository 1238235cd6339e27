"""The bare compute of submissions: their cells and the calls of their functions, in one warm process without isolation.

What the marker does besides (references, comparisons, transcripts, functions that a key passes in) is not counted.
Code that runs past a limit of grading is stopped there, so it counts as what the limit lets it use.
"""

from __future__ import annotations

import contextlib
import io
import signal
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import FrameType, FunctionType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.cells import Role, is_picture, role
from autograder.course import Course
from autograder.grade.unit import Unit
from autograder.intake import IntakeError, rebuild
from autograder.key import load_key
from autograder.marking import LocalAnswers, mark_exercise
from autograder.marking.cellcode import defines, parse, text
from autograder.marking.faults import AnswerFault
from autograder.marking.reach import CodeCell
from autograder.marking.testcell import MarkLine, mark_line
from autograder.results import Verdict
from autograder.sandbox import Limits

__all__ = ["Bare", "Compute"]


@dataclass(frozen=True)
class Compute:
    """Processor seconds of one submission, and what it consists of."""

    seconds: float
    notebooks: int
    exercises: int


class Bare:
    """Computes submissions of a unit, one after the other, in this process.

    Args:
        skip: texts of cells that are not run: attacks would hit this process.
    """

    def __init__(self, course: Course, unit: str, skip: Collection[str] = ()) -> None:
        self.course, self.unit, self.skip = course, Unit(course, unit), skip
        self.limits = Limits()
        self.shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))

    def compute(self, student: str) -> Compute:
        """A notebook that cannot be read costs nothing."""
        watch, notebooks, exercises = _Stopwatch(), 0, 0
        with watch.limiting(), _quiet():
            for name in self.unit.released:
                path = self.course.submitted / student / self.unit.name / f"{name}.ipynb"
                with contextlib.suppress(IntakeError):
                    cells = rebuild(self.unit.released[name], self.unit.source[name], path).notebook["cells"]
                    exercises += self._notebook(cells, watch)
                    notebooks += 1
        return Compute(watch.seconds, notebooks, exercises)

    def _notebook(self, cells: list[dict[str, Any]], watch: _Stopwatch) -> int:
        """Run and mark a notebook; how many exercises it has."""
        self.shell.reset(new_session=False)
        code: list[CodeCell] = []
        tests = [cell for cell in cells if role(cell) is Role.TEST]
        for cell in cells:
            source = text(cell)
            if cell["cell_type"] != "code" or is_picture(cell) or source in self.skip:
                continue
            if role(cell) is Role.TEST:
                found = mark_line(source)
                self._by_key(found, code, watch) if found else self._by_asserts(source, code, watch)
                continue
            code.append(CodeCell(str(cell["id"]), source, role(cell) in (Role.SOLUTION, Role.FREE)))
            watch.left = self.limits.cell_seconds
            watch.wrap(self.shell.run_cell)(source)
        if plots := sys.modules.get("matplotlib.pyplot"):
            plots.close("all")
        return len(tests)

    def _by_key(self, found: MarkLine, code: list[CodeCell], watch: _Stopwatch) -> None:
        key = load_key(self.course.solutions, found.exercise)
        names = dict(zip(key.functions, found.names, strict=False))
        here = {key_name: self.shell.user_ns[name] for key_name, name in names.items() if name in self.shell.user_ns}
        answers = _Answers({name: watch.wrap(value) for name, value in here.items()})
        answers.watch, answers.seconds = watch, self.limits.part_seconds
        mark_exercise(key, answers, self.course.secret(), cells=code, names=names)

    def _by_asserts(self, source: str, code: list[CodeCell], watch: _Stopwatch) -> None:
        """The cell as it stands, with the student's functions watched."""
        own = {name for cell in code if cell.own for name in defines(parse(cell.text))} & self.shell.user_ns.keys()
        before = {name: self.shell.user_ns[name] for name in own}
        watch.left = self.limits.part_seconds
        self.shell.user_ns.update({name: watch.wrap(value) for name, value in before.items()})
        self.shell.run_cell(source)
        self.shell.user_ns.update(before)


class _Answers(LocalAnswers):
    """Objects of this process whose parts have a time, as a sandbox's have."""

    watch: _Stopwatch
    seconds: float

    def begin_part(self) -> None:
        self.watch.left = self.seconds


class _Overtime(BaseException):
    """A limit of grading is reached."""


class _Stopwatch:
    """Adds up the processor time spent inside what it wraps, without what that calls back.

    Attributes:
        left: seconds until what is running now is stopped.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.left = 1e6
        self._on = False
        self._since = 0.0

    @contextlib.contextmanager
    def limiting(self) -> Any:
        """What is wrapped is stopped when its time is up."""
        before = signal.signal(signal.SIGPROF, self._stop)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def wrap(self, value: Any) -> Any:
        """A function that is watched; any other value as it is."""
        if not callable(value):
            return value

        def timed(*args: Any, **kwargs: Any) -> Any:
            args = tuple(self._aside(a) if isinstance(a, FunctionType) else a for a in args)
            try:
                return self._with(True, value, args, kwargs)
            except _Overtime:
                raise AnswerFault(Verdict.TIMEOUT, text="too late") from None

        return timed

    def _aside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: self._with(False, function, args, kwargs)

    def _with(self, on: bool, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        before = self._on
        self._switch(on)
        try:
            return function(*args, **kwargs)
        finally:
            self._switch(before)

    def _switch(self, on: bool) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        now = time.process_time()
        if self._on:
            self.seconds += now - self._since
            self.left -= now - self._since
        self._on, self._since = on, now
        if on:
            signal.setitimer(signal.ITIMER_PROF, max(self.left, 0.001))

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._on:
            raise _Overtime


@contextlib.contextmanager
def _quiet() -> Any:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
