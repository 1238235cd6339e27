"""A large simulated class of one unit: answers of the keys, and what students make of them.

It begins as `autograder demo`'s class does: right and wrong answers of the keys in other mixtures for each student,
untouched exercises, accidents with files, and each attack once. Then each student writes in their own hand: some
answers are cut off half-way, some have a slip that no key knows, some divide in another way: last digits change.
"""

from __future__ import annotations

import ast
import json
import random
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from courses import Class
from measure import progress

from autograder.cells import Role, grade_id, role
from autograder.demo.hostile import HOSTILE
from autograder.demo.simulate import SimulatedStudent, simulate
from autograder.marking.cellcode import text
from autograder.verify.mutants import mutants

__all__ = ["ATTACKS", "HANDS", "Simulated", "hand_in", "part_of"]

ATTACKS = tuple(HOSTILE.values())
HANDS = {
    "half-finished": 0.08,
    "a slip of their own": 0.10,
    "other last digits": 0.22,
}  # share of the answers; the rest as known


@dataclass(frozen=True)
class Simulated:
    """A class that has handed in.

    Args:
        students: in alphabetical order.
        answers: how many answers there are of each kind.
        texts: how many different texts of answers, students' names aside.
    """

    made: Class
    students: list[SimulatedStudent]
    answers: Counter[str]
    texts: int

    @property
    def attackers(self) -> list[str]:
        return [s.id for s in self.students if s.profile.attack]

    @property
    def ordinary(self) -> list[str]:
        """Everybody but the attackers."""
        return [s.id for s in self.students if not s.profile.attack]


def hand_in(made: Class, size: int, seed: int) -> Simulated:
    """Submissions of so many students; the same seed makes the same class."""
    students = simulate(made.course, [made.unit], size, seed)[made.unit]
    kinds: Counter[str] = Counter()
    texts: set[str] = set()
    for number, student in enumerate(students, start=1):
        progress(f"the class hands in: {number}/{size}")
        rng = random.Random(f"{seed}/{student.id}/hand")
        for path in sorted((made.course.submitted / student.id / made.unit).glob("*.ipynb")):
            _write(path, student, rng, kinds, texts)
    return Simulated(made, students, kinds, len(texts))


def part_of(whole: Simulated, students: Iterable[str], folder: Path) -> Class:
    """A course of its own with the submissions of some of the students."""
    source = whole.made.folder
    shutil.copytree(
        source, folder, ignore=shutil.ignore_patterns("submitted", "autograded", "feedback", "*.db", ".auto*")
    )
    for student in students:
        shutil.copytree(source / "submitted" / student, folder / "submitted" / student)
    return Class(folder, whole.made.unit, whole.made.answers)


def _write(path: Path, student: SimulatedStudent, rng: random.Random, kinds: Counter[str], texts: set[str]) -> None:
    """Give a notebook's answers the student's hand; a file that was damaged stays as it is."""
    try:
        notebook = json.loads(path.read_bytes())
    except ValueError:
        kinds["unreadable notebook"] += 1
        return
    for cell in notebook["cells"]:
        if role(cell) is not Role.SOLUTION:
            continue
        known = student.answers.get(f"{path.parent.name}/{grade_id(cell)}", "untouched")
        kind = "untouched" if known == "untouched" else _kind(rng)
        source = _BY_KIND[kind](text(cell), rng)
        kinds[kind] += 1
        texts.add(source)
        cell["source"] = source if kind == "untouched" else f"{source}\n# {student.id}"
    path.write_text(json.dumps(notebook, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _kind(rng: random.Random) -> str:
    names = [*HANDS, "as a key knows it"]
    return rng.choices(names, [*HANDS.values(), 1 - sum(HANDS.values())])[0]


def _as_it_is(source: str, rng: random.Random) -> str:
    return source


def _half(source: str, rng: random.Random) -> str:
    """The first lines; half of the time with a last line that lets it run."""
    lines = source.splitlines()
    kept = lines[: max(1, round(len(lines) * rng.uniform(0.3, 0.9)))]
    return "\n".join([*kept, "    return None"] if rng.random() < 0.5 else kept)


def _slip(source: str, rng: random.Random) -> str:
    found = _mutants(source)
    return rng.choice(found) if found else source


@lru_cache(maxsize=4096)
def _mutants(source: str) -> list[str]:
    try:
        return [mutant.source for mutant in mutants(source)]
    except SyntaxError:
        return []


def _other_digits(source: str, rng: random.Random) -> str:
    """Each quotient x / y is x * (1.0 / y), or not, by chance."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    return ast.unparse(_Quotients(rng).visit(tree))


class _Quotients(ast.NodeTransformer):
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div) and self.rng.random() < 0.5:
            inverse = ast.BinOp(ast.Constant(1.0), ast.Div(), node.right)
            return ast.BinOp(node.left, ast.Mult(), inverse)
        return node


_BY_KIND = {
    "untouched": _as_it_is,
    "as a key knows it": _as_it_is,
    "half-finished": _half,
    "a slip of their own": _slip,
    "other last digits": _other_digits,
}
