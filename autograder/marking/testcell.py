"""Test cells: one mark line, or plain asserts run in the marker."""

from __future__ import annotations

import ast
import contextlib
import io
import math
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.marking.cellcode import blank_magics, parse
from autograder.marking.faults import AnswerFault, raised_message
from autograder.marking.namespace import Namespace
from autograder.results import ExerciseResult, Verdict

__all__ = ["MarkLine", "mark_asserts", "mark_line"]

BROKEN = "This test failed by a fault of ours, not of yours. It is reported and will be graded again."


@dataclass(frozen=True)
class MarkLine:
    """`mark("unit/exercise", first, second)`, read on the syntax tree."""

    exercise: str
    names: tuple[str, ...]


def mark_line(source: str) -> MarkLine | None:
    """The mark line of a test cell that holds nothing else but its import, None for any other cell."""
    calls = [n for n in parse(source) if not (isinstance(n, ast.ImportFrom) and n.module == "autograder")]
    call = calls[0].value if len(calls) == 1 and isinstance(calls[0], ast.Expr) else None
    match call:
        case ast.Call(func=ast.Name(id="mark"), args=[ast.Constant(value=str(exercise)), *rest], keywords=[]):
            names = tuple(a.id for a in rest if isinstance(a, ast.Name))
            return MarkLine(exercise, names) if len(names) == len(rest) and names else None
    return None


@dataclass
class _Ended:
    verdict: Verdict
    message: str = ""
    share: float | None = None  # of the points; None when the cell says nothing
    fault: str = ""  # for staff


def mark_asserts(
    source: str,
    namespace: Namespace,
    *,
    exercise: str,
    cell: str,
    points: float,
    own: str,
    faults: list[str] | None = None,
) -> ExerciseResult:
    """Run a test cell of asserts in the marker, with the student's objects as stand-ins.

    As in nbgrader, an exception earns nothing, and a number as the last expression earns so many points. A cell that
    ends in a boolean or in a number that is not finite is BROKEN.

    Args:
        own: the student's code, whose names error messages may repeat.
        faults: our own faults are added here, for staff.
    """
    started = time.perf_counter()
    ended = _run(source, namespace, own)
    namespace.drop_standins()
    if ended.verdict is Verdict.BROKEN and faults is not None:
        faults.append(f"{exercise}, cell {cell}: {ended.fault}")
    full = points if ended.share is None else min(max(ended.share, 0.0), points)
    verdict = ended.verdict
    if verdict is Verdict.PASS and full < points:
        verdict = Verdict.FAIL
    return ExerciseResult(
        exercise=exercise,
        cell=cell,
        points=float(full) if ended.verdict is Verdict.PASS else 0.0,
        max_points=points,
        verdict=verdict,
        message=ended.message,
        seconds=time.perf_counter() - started,
    )


def _run(source: str, namespace: Namespace, own: str) -> _Ended:
    try:
        tree = ast.parse(blank_magics(source))
    except SyntaxError as error:
        return _Ended(Verdict.BROKEN, BROKEN, fault=f"SyntaxError: {error}")
    last = tree.body[-1] if tree.body else None
    value: Any = None
    quiet = io.StringIO()
    try:
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if isinstance(last, ast.Expr) and not source.rstrip().endswith(";"):
                exec(_code(ast.Module(tree.body[:-1], [])), namespace)
                value = eval(_code(ast.Expression(last.value)), namespace)
            else:
                exec(_code(tree), namespace)
    except Exception as error:
        return _failed(error, tree, namespace, own)
    return _valued(value)


def _code(tree: Any) -> Any:
    return compile(tree, "<test cell>", "exec" if isinstance(tree, ast.Module) else "eval")


def _failed(error: Exception, tree: ast.Module, namespace: Namespace, own: str) -> _Ended:
    if isinstance(error, AnswerFault):
        raised = error.verdict is Verdict.CRASH and error.kind
        return _Ended(error.verdict, raised_message(error, False, own) if raised else error.text)
    if isinstance(error, AssertionError):
        return _Ended(Verdict.FAIL, _assertion(error, tree))
    if namespace.used_answer():
        return _Ended(Verdict.FAIL, f"A check could not use what your code returned ({type(error).__name__}).")
    return _Ended(Verdict.BROKEN, BROKEN, fault=f"{type(error).__name__}: {error}")


def _assertion(error: AssertionError, tree: ast.Module) -> str:
    """The lecturer's own words with values left out, or which check of the cell failed."""
    line = _line(error)
    checks = [n for n in tree.body if isinstance(n, (ast.Assert, ast.Expr))]
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.msg and node.lineno <= line <= (node.end_lineno or node.lineno):
            words = _words(node.msg)
            if words:
                return words[:500]
    place = next((i for i, n in enumerate(checks, 1) if n.lineno <= line <= (n.end_lineno or n.lineno)), 0)
    return f"Check {place} of {len(checks)} of this cell failed." if place else "A check of this cell failed."


def _line(error: BaseException) -> int:
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<test cell>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _words(message: ast.expr) -> str:
    """The constant text of an assert's message."""
    if isinstance(message, ast.Constant):
        return str(message.value)
    if isinstance(message, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "…" for v in message.values)
    return ""


def _valued(value: Any) -> _Ended:
    if type(value) is np.ndarray and value.shape == ():
        value = value[()]
    if isinstance(value, (bool, np.bool_)):
        return _Ended(Verdict.BROKEN, BROKEN, fault="got a boolean as the cell's last value, expected a number or None")
    if isinstance(value, (int, float, np.integer, np.floating)):
        if not math.isfinite(value):
            return _Ended(Verdict.BROKEN, BROKEN, fault=f"got {value} as the cell's points, expected a finite number")
        return _Ended(Verdict.PASS, share=float(value))
    return _Ended(Verdict.PASS)
