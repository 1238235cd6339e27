"""The known answers of an exercise as the cells that students would write, and what a key must say of each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from autograder.build.text import SourceNotebook, read_notebook
from autograder.cells import Role, grade_id, role
from autograder.course import Course
from autograder.errors import KeyFault
from autograder.key import Key
from autograder.key.sources import as_cell
from autograder.results import ExerciseResult, Verdict
from autograder.verify.report import AnswerReport

__all__ = ["KnownAnswer", "context_cells", "judge", "known_answers", "solution_cell", "source_of"]


@dataclass(frozen=True)
class KnownAnswer:
    """An answer whose marks are known beforehand.

    Args:
        kind: "solution", "accepted", "rejected" or "stub".
        source: text of the student's cell.
        fails: the parts that it must fail; all of them for a stub.
        sentence: the diagnosis that it must receive.
    """

    name: str
    kind: str
    source: str
    fails: frozenset[str] = frozenset()
    sentence: str = ""


def source_of(course: Course, exercise: str) -> SourceNotebook:
    """The notebook that asks for an exercise."""
    unit, name = exercise.split("/")
    for path in sorted((course.source / unit).glob("*.py")):
        notebook = _notebook(path, course.home, path.stat().st_mtime_ns)
        if any(grade_id(cell) == name for cell in notebook.cells):
            return notebook
    raise KeyFault(f"{exercise}: got no solution cell {name} in source/{unit}/, expected one.")


@lru_cache(maxsize=64)  # each exercise of a notebook asks for it
def _notebook(path: Path, home: Path, changed: int) -> SourceNotebook:
    return read_notebook(path, home)


def solution_cell(notebook: SourceNotebook, exercise: str) -> str:
    """Text of the source's own solution."""
    name = exercise.split("/")[1]
    return next(str(cell.source) for cell in notebook.cells if grade_id(cell) == name)


def context_cells(notebook: SourceNotebook, exercise: str) -> Iterator[tuple[str, str]]:
    """Ids and texts of the cells that an answer may build on: imports, definitions, earlier solutions."""
    name = exercise.split("/")[1]
    for cell in notebook.cells:
        if grade_id(cell) == name:
            return
        if cell.cell_type == "code" and (role(cell) is Role.SOLUTION or _only_defines(cell.source)):
            yield cell.id, cell.source


def _only_defines(source: str) -> bool:
    try:
        body = ast.parse(source).body
    except SyntaxError:  # magics
        return False
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    return bool(body) and all(isinstance(node, kinds) or _is_text(node) for node in body)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def known_answers(key: Key, notebook: SourceNotebook) -> Iterator[KnownAnswer]:
    """The solution, the accepted answers, the rejected answers, the untouched stub."""
    solution = solution_cell(notebook, key.id)
    yield KnownAnswer("solution", "solution", solution)
    for answer in key.accepted:
        yield KnownAnswer(answer.name, "accepted", _cell(key, answer, solution))
    for answer in key.rejected:
        yield KnownAnswer(answer.name, "rejected", _cell(key, answer, solution), answer.fails, answer.sentence)
    yield KnownAnswer("stub", "stub", _stub(solution), frozenset(p.name for p in key.parts))


def _cell(key: Key, answer: object, solution: str) -> str:
    """The solution's cell, then the answer's: what an answer does not replace is right."""
    return f"{solution}\n\n{as_cell(key, answer)}"  # type: ignore[arg-type]


def _stub(solution: str) -> str:
    """The cell as released: each body without its solution region."""
    tree = ast.parse(solution)
    methods = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    for node in (n for body in (tree.body, *methods) for n in body):
        if isinstance(node, ast.FunctionDef):
            text = [node.body[0]] if _is_text(node.body[0]) else []
            node.body = [*text, ast.parse("raise NotImplementedError()").body[0]]
    return ast.unparse(tree)


def judge(key: Key, answer: KnownAnswer, result: ExerciseResult) -> AnswerReport:
    """Compare how an answer was marked with how it must be."""
    failed = frozenset(p.name for p in result.parts if p.verdict is not Verdict.PASS)
    return AnswerReport(
        name=answer.name,
        kind=answer.kind,
        points=result.points,
        failed=tuple(sorted(failed)),
        told=result.diagnosis,
        problem=_problem(key, answer, result, failed),
    )


def _problem(key: Key, answer: KnownAnswer, result: ExerciseResult, failed: frozenset[str]) -> str:
    if result.verdict in (Verdict.BROKEN, Verdict.BLOCKED):
        return f"got {result.verdict} ({result.message}), expected a verdict of its parts"
    if answer.kind == "stub":
        return "" if result.points == 0 else f"got {result.points:g} points, expected 0"
    if failed != answer.fails:
        return f"got failed parts {_names(failed)}, expected {_names(answer.fails)}{_first_message(result)}"
    if answer.kind != "rejected":
        return ""
    if all(p.kind == "worked" for p in key.parts if p.name in failed):
        return "got caught by worked parts only, expected a core or edge part to fail"
    if result.diagnosis != answer.sentence:
        return f"got told {result.diagnosis!r}, expected its own sentence {answer.sentence!r}"
    return ""


def _names(parts: frozenset[str]) -> str:
    return ", ".join(sorted(parts)) or "none"


def _first_message(result: ExerciseResult) -> str:
    said = next((p.message for p in result.parts if p.message), "")
    return f"; first said: {said}" if said else ""
