"""Was everybody graded as they deserve? The simulated class knows what each answer is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from autograder.course import Course
from autograder.demo.simulate import SimulatedStudent
from autograder.key import Key, load_key
from autograder.results import ExerciseResult, SubmissionResult

__all__ = ["Account", "Special", "take_account"]


class Special(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attack or accident."""

    student: str
    what: str
    points: float
    deserved: float  # what the answers alone are worth


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Answers by kind, and how the grader dealt with them; attacks and accidents apart."""

    students: int = 0
    exercises: int = 0  # of all students
    right: int = 0
    right_full: int = 0  # right answers with full marks
    wrong: int = 0
    wrong_caught: int = 0  # wrong answers that lost exactly what their mistake costs
    wrong_told: int = 0  # of those, with the sentence that names their mistake
    untouched: int = 0
    untouched_zero: int = 0
    attacks: tuple[Special, ...] = ()
    accidents: tuple[Special, ...] = ()

    @property
    def fair(self) -> bool:
        """Every ordinary answer got what it deserves and no attack gained a point."""
        counts = (self.right, self.wrong, self.untouched)
        return counts == (self.right_full, self.wrong_caught, self.untouched_zero) and all(
            a.points <= a.deserved for a in (*self.attacks, *self.accidents)
        )


def take_account(
    course: Course, students: Iterable[SimulatedStudent], results: Mapping[str, SubmissionResult]
) -> Account:
    """Compare each student's result with what the chosen answers are worth."""
    counts = dict.fromkeys(
        ("right", "right_full", "wrong", "wrong_caught", "wrong_told", "untouched", "untouched_zero"), 0
    )
    attacks: list[Special] = []
    accidents: list[Special] = []
    for student in students:
        result = results[student.id]
        if what := student.profile.attack or student.profile.accident:
            deserved = sum(worth(load_key(course.solutions, e), a) for e, a in student.answers.items())
            special = Special(student=student.id, what=what, points=result.points, deserved=deserved)
            (attacks if student.profile.attack else accidents).append(special)
            continue
        for exercise in (e for n in result.notebooks for e in n.exercises):
            key = load_key(course.solutions, exercise.exercise)
            _count(counts, key, student.answers[exercise.exercise], exercise)
    exercises = sum(len(n.exercises) for r in results.values() for n in r.notebooks)
    by_what = sorted(attacks, key=lambda s: s.what), sorted(accidents, key=lambda s: s.what)
    return Account(
        students=len(results), exercises=exercises, **counts, attacks=tuple(by_what[0]), accidents=tuple(by_what[1])
    )


def worth(key: Key, answer: str) -> float:
    """Points of a known answer."""
    if answer == "untouched":
        return 0.0
    fails = next((a.fails for a in key.rejected if a.name == answer), frozenset())
    return key.points - sum(p.weight for p in key.parts if p.name in fails)


def _count(counts: dict[str, int], key: Key, answer: str, result: ExerciseResult) -> None:
    rejected = next((a for a in key.rejected if a.name == answer), None)
    just = abs(result.points - worth(key, answer)) < 1e-9
    if answer == "untouched":
        counts["untouched"] += 1
        counts["untouched_zero"] += just
    elif rejected is None:
        counts["right"] += 1
        counts["right_full"] += just
    else:
        counts["wrong"] += 1
        counts["wrong_caught"] += just
        counts["wrong_told"] += result.diagnosis == rejected.sentence
