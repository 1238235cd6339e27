"""A class that never was: submissions assembled from the answer keys' own accepted and rejected answers.

The same seed makes the same class, byte for byte.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autograder.cells import Role, grade_id, role
from autograder.course import Course
from autograder.demo.hostile import HOSTILE, UNFINISHED
from autograder.demo.people import names
from autograder.files import write_whole
from autograder.key import Key, load_key
from autograder.key.sources import as_cell
from autograder.verify.answers import solution_cell, source_of

__all__ = ["Profile", "SimulatedStudent", "simulate"]

Notebook = dict[str, Any]
DEADLINE = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Profile:
    """How well a student does, and what else is in the submission.

    Args:
        skill: probability that an exercise is solved rightly.
        effort: probability that an exercise is tried at all.
        accident: what happened to the notebook file; "" for nothing.
        attack: key of `HOSTILE`, or "".
    """

    skill: float
    effort: float
    accident: str = ""
    attack: str = ""


@dataclass(frozen=True)
class SimulatedStudent:
    """One member of the class and what was put into the submission."""

    id: str
    profile: Profile
    answers: dict[str, str]  # exercise -> name of the answer, "solution" or "untouched"


def simulate(course: Course, units: Sequence[str], size: int, seed: int = 2026) -> dict[str, list[SimulatedStudent]]:
    """Write the submissions of `size` students into `submitted/` and say what is in them.

    Each student hands in one unit, in turn, so that a class costs the same however many units there are.
    """
    profiles = _profiles(size, random.Random(seed))
    class_ = list(zip(names(size, seed), profiles, strict=True))
    return {unit: _group(course, unit, class_[number :: len(units)], seed) for number, unit in enumerate(units)}


def _group(course: Course, unit: str, students: Iterable[tuple[str, Profile]], seed: int) -> list[SimulatedStudent]:
    """Who hands in this unit."""
    rng = random.Random(f"{seed}/{unit}")
    released = {name: _read(course.release / unit / f"{name}.ipynb") for name in course.notebooks(unit)}
    bank = _Bank(course)
    return [
        SimulatedStudent(student, profile, _hand_in(course, unit, student, profile, released, bank, rng))
        for student, profile in students
    ]


def _profiles(size: int, rng: random.Random) -> list[Profile]:
    """Every accident and attack once, the rest ordinary students of all abilities."""
    special = [Profile(0.8, 1.0, accident=a) for a in _ACCIDENTS] + [Profile(0.6, 1.0, attack=a) for a in HOSTILE]
    special += [Profile(1.0, 1.0), Profile(0.0, 1.0), Profile(0.0, 0.0)]
    ordinary = [Profile(rng.betavariate(4, 2), rng.betavariate(8, 1)) for _ in range(max(0, size - len(special)))]
    profiles = (special + ordinary)[:size]
    rng.shuffle(profiles)
    return profiles


class _Bank:
    """The known answers; each text is made once, when a student first chooses it."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.texts: dict[tuple[str, str], str] = {}

    def of(self, exercise: str) -> tuple[list[str], list[str]]:
        """Names of right answers and of wrong ones."""
        key = load_key(self.course.solutions, exercise)
        return ["solution", *(a.name for a in key.accepted)], [a.name for a in key.rejected]

    def text(self, exercise: str, name: str) -> str:
        """The cell that holds an answer."""
        if (exercise, name) not in self.texts:
            key = load_key(self.course.solutions, exercise)
            solution = _without_markers(solution_cell(source_of(self.course, exercise), exercise))
            answer = next((a for a in (*key.accepted, *key.rejected) if a.name == name), None)
            self.texts[exercise, name] = solution if answer is None else _whole(key, answer, solution)
        return self.texts[exercise, name]

    def written(self, unit: str, name: str) -> list[str]:
        """The model answer of a written exercise, half of it, and an excuse."""
        path = self.course.solutions / unit / f"{name}.md"
        model = path.read_text(encoding="utf-8").partition("\n")[2].strip() if path.exists() else ""
        return [*([model, model[: len(model) // 2]] if model else []), _EXCUSE]


def _whole(key: Key, answer: Any, solution: str) -> str:
    """What the answer leaves to others is the solution's."""
    return (
        as_cell(key, answer) if len(key.functions) == len(answer.targets) else f"{solution}\n\n{as_cell(key, answer)}"
    )


def _without_markers(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if not line.strip().startswith("###"))


def _hand_in(
    course: Course,
    unit: str,
    student: str,
    profile: Profile,
    released: dict[str, Notebook],
    bank: _Bank,
    rng: random.Random,
) -> dict[str, str]:
    folder = course.submitted / student / unit
    answers: dict[str, str] = {}
    for index, (name, stub) in enumerate(released.items()):
        notebook = copy.deepcopy(stub)
        answers |= dict(_fill(notebook, unit, profile, bank, rng))
        text = json.dumps(notebook, indent=1, sort_keys=True) + "\n"
        if index == 0:
            _play(notebook, profile, rng)
            text = _ACCIDENTS.get(profile.accident, _unchanged)(notebook)
        write_whole(folder / f"{name}.ipynb", text.encode())
    when = DEADLINE - timedelta(minutes=rng.randrange(1, 6000))
    write_whole(folder / "timestamp.txt", when.strftime("%Y-%m-%d %H:%M:%S.%f UTC").encode())
    return answers


def _fill(
    notebook: Notebook, unit: str, profile: Profile, bank: _Bank, rng: random.Random
) -> Iterator[tuple[str, str]]:
    for cell in notebook["cells"]:
        if role(cell) is Role.SOLUTION:
            exercise = f"{unit}/{grade_id(cell)}"
            right, wrong = bank.of(exercise)
            if rng.random() >= profile.effort:
                yield exercise, "untouched"
                continue
            chosen = rng.choice(right if rng.random() < profile.skill or not wrong else wrong)
            yield exercise, chosen
            cell["source"] = bank.text(exercise, chosen)
        elif role(cell) is Role.MANUAL and rng.random() < profile.effort:
            cell["source"] = rng.choice(bank.written(unit, grade_id(cell)))


_EXCUSE = "I know where this starts and where it has to end, but I ran out of time in between."


def _play(notebook: Notebook, profile: Profile, rng: random.Random) -> None:
    """The student's own cells: an attack in front of the answers, or scratch work."""
    if profile.attack:
        notebook["cells"].insert(1, _code(HOSTILE[profile.attack]))
    elif rng.random() < 0.3:
        notebook["cells"].insert(rng.randrange(2, len(notebook["cells"])), _code(rng.choice(UNFINISHED)))


def _code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def _unchanged(notebook: Notebook) -> str:
    return json.dumps(notebook, indent=1, sort_keys=True) + "\n"


def _truncated(notebook: Notebook) -> str:
    text = _unchanged(notebook)
    return text[: len(text) // 2]


def _edited(change: Callable[[list[dict[str, Any]]], None]) -> Callable[[Notebook], str]:
    def make(notebook: Notebook) -> str:
        change(notebook["cells"])
        return _unchanged(notebook)

    return make


def _first(cells: list[dict[str, Any]], wanted: Role) -> int:
    return next(i for i, cell in enumerate(cells) if role(cell) is wanted)


def _delete_solution(cells: list[dict[str, Any]]) -> None:
    del cells[_first(cells, Role.SOLUTION)]


def _delete_tests(cells: list[dict[str, Any]]) -> None:
    cells[:] = [cell for cell in cells if role(cell) is not Role.TEST]


def _copy_solution(cells: list[dict[str, Any]]) -> None:
    cells.append(copy.deepcopy(cells[_first(cells, Role.SOLUTION)]))


def _raise_points(cells: list[dict[str, Any]]) -> None:
    for cell in cells:
        if role(cell) is Role.TEST:
            cell["metadata"]["nbgrader"]["points"] = 1000


_ACCIDENTS: dict[str, Callable[[Notebook], str]] = {
    "saved half-way": _truncated,
    "empty file": lambda notebook: "",
    "deleted a solution cell": _edited(_delete_solution),
    "deleted the test cells": _edited(_delete_tests),
    "copied a solution cell": _edited(_copy_solution),
    "gave itself 1000 points": _edited(_raise_points),
}


def _read(path: Path) -> Notebook:
    notebook: Notebook = json.loads(path.read_bytes())
    return notebook
