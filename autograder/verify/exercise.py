"""One key proved: its known answers and the mutants of its solution, each marked in the sandbox."""

from __future__ import annotations

import time

from autograder.course import Course
from autograder.key import Key, load_key
from autograder.marking import mark_exercise
from autograder.marking.reach import CodeCell
from autograder.marking.sandboxed import SandboxAnswers
from autograder.results import ExerciseResult
from autograder.sandbox import Sandbox, Session
from autograder.verify.answers import context_cells, judge, known_answers, solution_cell, source_of
from autograder.verify.mutants import mutants
from autograder.verify.report import AnswerReport, ExerciseReport

__all__ = ["verify_exercise"]


def verify_exercise(course: Course, box: Sandbox, exercise: str, mutate: bool = True) -> ExerciseReport:
    """Mark every known answer and every mutant of one exercise."""
    start = time.perf_counter()
    key = load_key(course.solutions, exercise)
    notebook = source_of(course, exercise)
    secret = course.secret()
    with box.session() as session:
        for cell_id, source in context_cells(notebook, exercise):
            session.run_cell(source, cell_id)
        answers = tuple(
            judge(key, answer, _marked(key, session, answer.source, secret)) for answer in known_answers(key, notebook)
        )
        survivors, made = _survivors(key, session, solution_cell(notebook, exercise), secret) if mutate else ([], 0)
    return _report(key, answers, survivors, made, mutate, time.perf_counter() - start)


def _marked(key: Key, session: Session, source: str, secret: bytes) -> ExerciseResult:
    """Define the answer anew and mark it."""
    cell = key.id.split("/")[1]
    session.run_cell(source, cell)
    return mark_exercise(key, SandboxAnswers(session, key.bans), secret, cells=[CodeCell(cell, source)])


def _survivors(key: Key, session: Session, solution: str, secret: bytes) -> tuple[list[str], int]:
    """Names of the mutants that earn full marks, and how many were made."""
    made = mutants(solution)
    full = [m.name for m in made if _marked(key, session, m.source, secret).points == key.points]
    return full, len(made)


def _report(
    key: Key, answers: tuple[AnswerReport, ...], survivors: list[str], made: int, mutate: bool, seconds: float
) -> ExerciseReport:
    explained = key.equivalents
    return ExerciseReport(
        exercise=key.id,
        max_points=key.points,
        answers=answers,
        mutants=made,
        killed=made - len(survivors),
        equivalent=tuple(name for name in survivors if name in explained),
        survivors=tuple(name for name in survivors if name not in explained),
        stale=tuple(name for name in explained if name not in survivors) if mutate else (),
        seconds=round(seconds, 3),
    )
