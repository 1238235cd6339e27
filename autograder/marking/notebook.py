"""A notebook, cell by cell: the student's code in the sandbox, test cells in the marker."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import msgspec

from autograder.cells import Role, grade_id, is_given, is_picture, points, role
from autograder.errors import AutograderError
from autograder.key import Bans, Key
from autograder.marking.cellcode import defines, forget_trees, parse, rebinds, text
from autograder.marking.conversations import Conversations
from autograder.marking.exercise import OURS, mark_exercise
from autograder.marking.namespace import Namespace
from autograder.marking.plain import PlainAnswers
from autograder.marking.reach import CodeCell
from autograder.marking.sandboxed import SandboxAnswers
from autograder.marking.testcell import MarkLine, mark_asserts, mark_line
from autograder.results import ExerciseResult, NotebookResult, Verdict
from autograder.sandbox.errors import AnswerError

__all__ = ["run_notebook"]

OWN = (Role.SOLUTION, Role.FREE, Role.MANUAL)


def run_notebook(
    notebook: dict[str, Any],
    session: Any,
    *,
    unit: str,
    name: str,
    secret: bytes,
    keys: Callable[[str], Key],
    faults: list[str] | None = None,
    conversations: Conversations | None = None,
    ends: bool = False,
) -> tuple[NotebookResult, dict[str, Any]]:
    """Run and mark one notebook.

    Args:
        notebook: as intake rebuilt it; not changed.
        session: of the sandbox.
        keys: gives the key of "unit/exercise".
        faults: our own faults are added here, for staff.
        conversations: had before in this class.
        ends: the session is not used afterwards.

    Returns:
        The result, and the notebook with the outputs of every cell. A test cell's one output is its points, which
        nbgrader reads as partial credit.
    """
    own = {**notebook, "cells": [dict(cell) for cell in notebook.get("cells", [])]}  # running replaces their entries
    run = _Notebook(own, session, unit, secret, keys, [] if faults is None else faults, conversations, ends)
    try:
        return run.all(name), run.notebook
    finally:
        forget_trees()


class _Notebook:
    def __init__(
        self,
        notebook: dict[str, Any],
        session: Any,
        unit: str,
        secret: bytes,
        keys: Callable[[str], Key],
        faults: list[str],
        conversations: Conversations | None,
        ends: bool,
    ) -> None:
        self.notebook, self.session, self.unit = notebook, session, unit
        self.secret, self.keys, self.faults = secret, keys, faults
        self.conversations, self.ends = conversations, ends
        self.code: list[CodeCell] = []
        self.functions: set[str] = set()  # of the student's
        self.errors: dict[str, str] = {}  # cell -> what it raised
        self.notes: list[str] = []
        self.exercises: list[ExerciseResult] = []
        self.plain = PlainAnswers(session)
        self.names = Namespace(self.plain)
        self.count = self.ran = 0

    def all(self, name: str) -> NotebookResult:
        started = time.perf_counter()
        with closing(self.plain):
            manual = self._cells()
        return NotebookResult(
            name=name,
            exercises=tuple(self.exercises),
            manual=tuple(manual),
            notes=tuple(self.notes),
            seconds=time.perf_counter() - started,
        )

    def _cells(self) -> list[str]:
        """Run every cell in order, then mark those that are tests; the ids of those that a person marks.

        Each test is marked on the notebook as it stood at its place. But no question is asked before the last cell has
        shown what it shows: a function that hid what it was asked in a file or a pipe would find nobody to tell.
        """
        cells = self.notebook.get("cells", [])
        manual = [grade_id(cell) for cell in cells if role(cell) in (Role.MANUAL, Role.TASK)]
        code = [c for c in cells if c.get("cell_type") == "code" and not is_picture(c)]
        last = max((i for i, c in enumerate(code) if role(c) is not Role.TEST and text(c).strip()), default=0)
        steps = [self._step(c, i > last) for i, c in enumerate(code)]
        self.session.begin_questions()
        for number, (cell, step) in enumerate(steps):
            if isinstance(step, CodeCell):
                self.code.append(step)
                (self.names.add_own if step.own else self.names.add_locked)(step.text)
            else:
                self._test(cell, step, self.ends and _leaves(cell, [c for c, s in steps[number + 1 :] if s is step]))
        return manual

    def _step(self, cell: dict[str, Any], at_the_end: bool) -> tuple[dict[str, Any], Any]:
        """The cell, and what it was once it had run; of a test cell the session as it stands there."""
        self._number(cell, [])
        if role(cell) is not Role.TEST:
            return cell, self._run(cell)
        return cell, self.session if at_the_end else self.session.moment()

    def _run(self, cell: dict[str, Any]) -> CodeCell:
        """A cell that the sandbox runs."""
        source, own = text(cell), role(cell) in OWN and not is_given(cell)
        self.ran += 1
        place = grade_id(cell) or str(cell.get("id", "")) or f"number {self.ran}"
        ran = CodeCell(place, source, own)
        keep = frozenset() if own else self.functions & rebinds(parse(source))
        self.functions |= defines(parse(source)) if own else frozenset()
        if not source.strip():
            return ran
        outcome = self.session.run_cell(source, place, sorted(keep))
        cell["outputs"] = list(outcome.outputs)
        if outcome.error:
            self.errors[place] = str(outcome.error)
        if outcome.status in ("timeout", "crash"):
            what = "took too long and was stopped" if outcome.status == "timeout" else "ended the Python process"
            self.notes.append(f'The cell "{place}" {what}; the other cells were run without it.')
        return ran

    def _test(self, cell: dict[str, Any], moment: Any, last: bool) -> None:
        """A cell that the marker runs; `last`: it leaves the moment to nobody."""
        found = mark_line(text(cell))
        try:
            result = self._by_key(cell, found, moment, last) if found else self._by_asserts(cell, moment, last)
        except AutograderError as error:
            self.faults.append(f"{self.unit}, cell {grade_id(cell)}: {error}")
            result = self._broken(cell, found)
        self.exercises.append(result)
        value: dict[str, Any] = {
            "data": {"text/plain": repr(float(result.points))},
            "metadata": {},
            "output_type": "execute_result",
        }
        value["execution_count"], cell["outputs"] = cell["execution_count"], [value]

    def _number(self, cell: dict[str, Any], outputs: list[Any]) -> None:
        self.count += 1
        cell["execution_count"], cell["outputs"] = self.count, outputs

    def _by_key(self, cell: dict[str, Any], found: MarkLine, moment: Any, last: bool) -> ExerciseResult:
        key = self.keys(found.exercise)
        names = dict(zip(key.functions, found.names, strict=False))
        result = mark_exercise(
            key,
            SandboxAnswers(moment, key.bans, names, tape=self.conversations is not None, last=last and not key.given),
            self.secret,
            cell=grade_id(cell),
            cells=self.code,
            names=names,
            faults=self.faults,
            conversations=self.conversations,
        )
        return self._explained(_scaled(result, points(cell)))

    def _by_asserts(self, cell: dict[str, Any], moment: Any, last: bool) -> ExerciseResult:
        self.plain.at(moment)
        try:
            with self.plain.open(self._cell_of, last):
                return mark_asserts(
                    text(cell),
                    self.names,
                    exercise=f"{self.unit}/{grade_id(cell)}",
                    cell=grade_id(cell),
                    points=points(cell),
                    own="\n".join(c.text for c in self.code),
                    faults=self.faults,
                )
        except AnswerError as lost:  # no branch could be opened: the submission's time is up, or nothing of it is left
            fault = SandboxAnswers(moment, Bans()).failure(lost)
            return _replaced(self._broken(cell, None), verdict=fault.verdict, message=fault.text)

    def _cell_of(self, name: str) -> str:
        """The solution cell that should define a name: the last whose released or submitted code mentions it."""
        cells = [c.cell for c in self.code if c.own and name in c.text] or [c.cell for c in self.code if c.own]
        return cells[-1] if cells else name

    def _explained(self, result: ExerciseResult) -> ExerciseResult:
        """Why a function is missing: its cell raised."""
        error = self.errors.get(result.exercise.split("/")[1])
        if "not defined" not in result.message or not error:
            return result
        return _replaced(result, message=f"{result.message} It raised {error[:200]}.")

    def _broken(self, cell: dict[str, Any], found: MarkLine | None) -> ExerciseResult:
        return ExerciseResult(
            exercise=found.exercise if found else f"{self.unit}/{grade_id(cell)}",
            cell=grade_id(cell),
            points=0.0,
            max_points=points(cell),
            verdict=Verdict.BROKEN,
            message=OURS,
        )


def _leaves(cell: dict[str, Any], later: list[dict[str, Any]]) -> bool:
    """Is this test the last one of a moment? Those of asserts share what the first of them got."""
    return not later or not any(mark_line(text(c)) for c in (cell, *later))


def _scaled(result: ExerciseResult, cell_points: float) -> ExerciseResult:
    """In the notebook's points, should they differ from the key's."""
    if cell_points == result.max_points:
        return result
    share = result.points / result.max_points if result.max_points else 0.0
    return _replaced(result, points=float(share * cell_points), max_points=cell_points)


def _replaced(result: ExerciseResult, **changes: Any) -> ExerciseResult:
    return msgspec.structs.replace(result, **changes)
