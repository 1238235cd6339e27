"""What tests of plain asserts may count on, and what students' objects may not do to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from autograder.key import Key
from autograder.marking.notebook import run_notebook
from autograder.results import ExerciseResult
from autograder.sandbox import Sandbox
from tests.intake.notebooks import cell, flags, notebook

USES = """
kept = squares
del squares
try:
    total(1)
except NameError:
    pass
else:
    raise AssertionError("total does not use squares")
finally:
    squares = kept
"""
YES = """
class Yes:
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __sub__(self, other): return self
    def __abs__(self): return self
    def __contains__(self, item): return True
def f(x): return Yes()
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(heavy=()) as made:
        yield made


def no_keys(exercise: str) -> Key:
    raise AssertionError(exercise)


def graded(box: Sandbox, answer: str, *tests: str) -> list[ExerciseResult]:
    cells: list[dict[str, Any]] = [cell("code", answer, flags("answer", solution=True))]
    for i, test in enumerate(tests):
        cells.append(cell("code", test, flags(f"test_{i}", grade=True, locked=True, points=1)))
    with box.session() as session:
        result, _ = run_notebook(notebook(*cells), session, unit="u", name="n", secret=b"", keys=no_keys)
    return list(result.exercises)


def test_a_test_may_take_a_name_away(box: Sandbox) -> None:
    """`del squares` in a test is seen by the student's functions, and by no later test."""
    both = "def squares(n): return n * n\ndef total(n): return sum(squares(i) for i in range(n + 1))"
    alone = "def squares(n): return n * n\ndef total(n): return sum(i * i for i in range(n + 1))"
    assert [r.points for r in graded(box, both, USES, "assert squares(3) == 9")] == [1, 1]
    assert [r.points for r in graded(box, alone, USES, "assert squares(3) == 9")] == [0, 1]


@pytest.mark.parametrize(
    "test", ["assert f(1) == 2", "assert not f(1) != 2", "assert abs(f(1) - 2) < 1e-6", "assert 2 in f(1)"]
)
def test_an_object_does_not_say_how_it_compares(box: Sandbox, test: str) -> None:
    """Against the test's data a student's object is equal to nothing and cannot be ordered."""
    assert [r.points for r in graded(box, YES, test)] == [0]


def test_two_objects_of_the_student_are_compared_by_their_code(box: Sandbox) -> None:
    """An exercise may ask for a class with an `__eq__` of its own."""
    money = "class Money:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): return self.n == o.n"
    assert [r.points for r in graded(box, money, "assert Money(3) == Money(3)\nassert Money(3) != Money(4)")] == [1]
