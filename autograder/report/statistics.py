"""What the stored results and the gradebook say of a class. The documents of `--json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import mean, median

import msgspec

from autograder.course import Course
from autograder.feedback.marks import NotebookMarks, unit_marks
from autograder.record import Entry, results
from autograder.record.gradebook import open_gradebook
from autograder.results import SCHEMA, ExerciseResult, Verdict

__all__ = ["ClassReport", "ExerciseStatistics", "StudentRow", "UnitReport", "class_report"]

NEEDS_A_LOOK = (Verdict.CRASH, Verdict.TIMEOUT, Verdict.BLOCKED, Verdict.BROKEN)


class StudentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One submission."""

    student: str
    score: float
    max_score: float
    penalty: float = 0.0
    waiting: int = 0  # cells that wait for a person
    verdicts: dict[str, int] = {}
    look: tuple[str, ...] = ()  # "softmax: CRASH", for a person's eye
    staff: tuple[str, ...] = ()  # our own faults


class ExerciseStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """One exercise over the class."""

    exercise: str
    cell: str
    max_points: float
    mean: float  # share of the points, in [0, 1]
    solved: float  # share of the class with full marks
    verdicts: dict[str, int]
    diagnoses: tuple[tuple[str, int], ...] = ()  # sentence and how many students, most frequent first
    parts: dict[str, float] = {}  # share of the class that passed each part


class UnitReport(msgspec.Struct, frozen=True, kw_only=True):
    """One unit over the class."""

    unit: str
    students: tuple[StudentRow, ...] = ()
    exercises: tuple[ExerciseStatistics, ...] = ()  # hardest first
    mean: float = 0.0
    median: float = 0.0
    max_score: float = 0.0
    verdicts: dict[str, int] = {}
    diagnoses: tuple[tuple[str, str, int], ...] = ()  # exercise, sentence, students


class ClassReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that the class page shows."""

    units: tuple[UnitReport, ...]
    schema: int = SCHEMA


def class_report(course: Course, units: Sequence[str]) -> ClassReport:
    """The report of the units' graded submissions."""
    reports = []
    for unit in units:
        with open_gradebook(course.database) as gradebook:
            marks = unit_marks(gradebook, unit)
        reports.append(unit_report(unit, list(results(course, unit)), marks))
    return ClassReport(units=tuple(reports))


def unit_report(unit: str, entries: Sequence[Entry], marks: dict[tuple[str, str], NotebookMarks]) -> UnitReport:
    """The report of one unit."""
    students = tuple(_student(e, marks) for e in entries)
    exercises = _exercises(entries)
    scores = [s.score for s in students]
    frequent = [(x.exercise, text, n) for x in exercises for text, n in x.diagnoses]
    return UnitReport(
        unit=unit,
        students=students,
        exercises=exercises,
        mean=round(mean(scores), 2) if scores else 0.0,
        median=round(median(scores), 2) if scores else 0.0,
        max_score=max((s.max_score for s in students), default=0.0),
        verdicts=_counted(e.verdict for entry in entries for _, e in _all(entry)),
        diagnoses=tuple(sorted(frequent, key=lambda d: (-d[2], d[0], d[1]))),
    )


def _student(entry: Entry, marks: dict[tuple[str, str], NotebookMarks]) -> StudentRow:
    """The submission's marks: the gradebook's, where it has them."""
    result = entry.result
    score = penalty = 0.0
    waiting = 0
    for notebook in result.notebooks:
        known = marks.get((result.student, notebook.name))
        if known is None:
            score += sum(e.points for e in notebook.exercises)
            waiting += len(notebook.manual)
        else:
            score += sum(m.score for m in known.cells.values()) - known.penalty
            penalty += known.penalty
            waiting += sum(m.waits for m in known.cells.values())
    exercises = [e for _, e in _all(entry)]
    worth = sum(sum(m.max_score for m in known.cells.values()) for known in _known(entry, marks)) or result.max_points
    return StudentRow(
        student=result.student,
        score=round(score, 4),
        max_score=worth,
        penalty=penalty,
        waiting=waiting,
        verdicts=_counted(e.verdict for e in exercises),
        look=tuple(f"{_short(e)}: {v}" for e in exercises if (v := _worst(e))),
        staff=result.staff,
    )


def _known(entry: Entry, marks: dict[tuple[str, str], NotebookMarks]) -> list[NotebookMarks]:
    names = [(entry.result.student, n.name) for n in entry.result.notebooks]
    return [marks[n] for n in names if n in marks]


def _worst(exercise: ExerciseResult) -> Verdict | None:
    """The verdict for which a person should look at the answer."""
    seen = {exercise.verdict, *(p.verdict for p in exercise.parts)}
    return next((v for v in reversed(NEEDS_A_LOOK) if v in seen), None)


def _exercises(entries: Sequence[Entry]) -> tuple[ExerciseStatistics, ...]:
    by_cell: dict[tuple[str, str], list[ExerciseResult]] = {}
    for entry in entries:
        for notebook, exercise in _all(entry):
            by_cell.setdefault((notebook, exercise.cell), []).append(exercise)
    rows = [_exercise(found) for found in by_cell.values()]
    return tuple(sorted(rows, key=lambda r: (r.mean, r.exercise)))


def _exercise(found: list[ExerciseResult]) -> ExerciseStatistics:
    first, n = found[-1], len(found)
    diagnoses = Counter(e.diagnosis for e in found if e.diagnosis)
    passed = Counter(p.name for e in found for p in e.parts if p.verdict is Verdict.PASS)
    names = dict.fromkeys(p.name for e in found for p in e.parts)
    return ExerciseStatistics(
        exercise=first.exercise,
        cell=first.cell,
        max_points=first.max_points,
        mean=round(mean(e.points / e.max_points if e.max_points else 1.0 for e in found), 4),
        solved=round(sum(e.verdict is Verdict.PASS for e in found) / n, 4),
        verdicts=_counted(e.verdict for e in found),
        diagnoses=tuple(sorted(diagnoses.items(), key=lambda d: (-d[1], d[0]))),
        parts={name: round(passed[name] / n, 4) for name in names},
    )


def _all(entry: Entry) -> list[tuple[str, ExerciseResult]]:
    return [(n.name, e) for n in entry.result.notebooks for e in n.exercises]


def _short(exercise: ExerciseResult) -> str:
    return exercise.exercise.rpartition("/")[2]


def _counted(verdicts: Iterable[Verdict]) -> dict[str, int]:
    counts = Counter(str(v) for v in verdicts)
    return {str(v): counts[v] for v in Verdict if counts[v]}
