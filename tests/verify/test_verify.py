"""Verification finds keys that cannot tell right from wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.verify import ExerciseReport, verify_units
from autograder.verify.answers import _stub
from tests.redteam.course import DOUBLE, SOFTMAX, SOURCE, UNIT

ALL = "large_numbers, many_arrays, one_array"  # parts of DOUBLE
WEAK = DOUBLE.replace("close(answer(x.copy()), double(x))", "answer(x.copy())", 1)  # a part that cannot fail
LENIENT = DOUBLE.replace("return x\n", "return 2.0 * x\n")  # a "wrong" answer that is right
STRICT = (
    DOUBLE + "\n@key.accept\ndef off_by_a_bit(x):\n    return 2 * np.asarray(x) + 1e-3\n"
)  # a "right" one that is wrong
SILENT = DOUBLE.replace('"You return the array as it is."', '"You forgot to double."') + (
    '\n@key.reject("You return your input.", fails=["one_array", "many_arrays", "large_numbers"])\n'
    "def same(x):\n    return x\n"
)  # two sentences for one behaviour
EXPLAINED = DOUBLE + '\nkey.equivalent("2 -> 3", "this is not so")\n'


def verified(folder: Path, double: str) -> ExerciseReport:
    for part in ("source", "solutions"):
        (folder / part / UNIT).mkdir(parents=True)
    (folder / "source" / UNIT / "attack.py").write_text(SOURCE)
    (folder / "solutions" / UNIT / "double.py").write_text(double)
    (folder / "solutions" / UNIT / "softmax.py").write_text(SOFTMAX)
    found = verify_units(Course.at(folder), exercises=[f"{UNIT}/double"], workers=1)
    assert found.sound == (not found.units[0].exercises[0].problems and found.units[0].mutation_score >= 0.95)
    return found.units[0].exercises[0]


def test_a_sound_key(tmp_path: Path) -> None:
    """Nothing is reported, and every mutant is killed."""
    report = verified(tmp_path, DOUBLE)
    assert report.problems == ()
    assert report.killed == report.mutants > 0


@pytest.mark.parametrize(
    ("double", "problem"),
    [
        (WEAK, f"rejected identity: got failed parts large_numbers, one_array, expected {ALL}"),
        (LENIENT, f"rejected identity: got failed parts none, expected {ALL}"),
        (STRICT, "accepted off_by_a_bit: got failed parts many_arrays, one_array, expected none"),
        (SILENT, "rejected same: got told '', expected its own sentence 'You return your input.'"),
        (EXPLAINED, "explained as equivalent but killed or gone: 2 -> 3"),
    ],
    ids=[
        "part that cannot fail",
        "wrong answer that is right",
        "right answer that is wrong",
        "two sentences",
        "false excuse",
    ],
)
def test_a_planted_fault(tmp_path: Path, double: str, problem: str) -> None:
    """Each kind of weak key is named."""
    assert any(found.startswith(problem) for found in verified(tmp_path, double).problems)


def test_a_key_that_only_looks_at_shapes(tmp_path: Path) -> None:
    """Mutants survive a key that does not look at values, and the score says so."""
    shapes = DOUBLE.replace("close(answer(x.copy()), double(x))", "close(np.shape(answer(x.copy())), (3,))")
    shapes = shapes.replace("close(answer(np.array([1.0, 2.0, 3.0])), np.array([2.0, 4.0, 6.0]))", "answer(np.ones(3))")
    report = verified(tmp_path, shapes)
    assert "2 * np.asarray(x) -> 2 / np.asarray(x)" in report.survivors


def test_the_stub_of_a_class_does_nothing() -> None:
    """The methods of a solution's class are as empty as its functions; docstrings stay."""
    namespace: dict[str, Any] = {}
    exec(_stub('class A:\n    """A."""\n    def f(self):\n        return 1\ndef g():\n    return 2\n'), namespace)
    assert namespace["A"].__doc__ == "A."
    for call in (namespace["A"]().f, namespace["g"]):
        with pytest.raises(NotImplementedError):
            call()
