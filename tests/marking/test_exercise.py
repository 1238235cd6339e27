"""Verdicts, points and messages of an exercise, on objects of this process."""

import os
import warnings

import numpy as np
import pytest

import autograder
from autograder.errors import UsageError
from autograder.key import Key
from autograder.marking import LocalAnswers, mark_exercise
from autograder.marking.reach import CodeCell
from autograder.results import Verdict
from tests.marking.keys import GOOD, body, planted


def marked(key, *, cells=None, faults=None, **objects):
    return mark_exercise(key, LocalAnswers(objects), b"secret", cells=cells, faults=faults)


def test_right_answers_earn_everything(tmp_path):
    """The reference and each accepted answer pass every part."""
    key = planted(tmp_path)
    for answer in (key.references["softmax"], key.accepted[0].targets["softmax"]):
        result = marked(key, softmax=answer)
        assert (result.verdict, result.points, result.max_points) == (Verdict.PASS, 8.0, 8.0)
        assert type(result.points) is float and result.key_version == key.version and result.cell == "test_softmax"
        assert not result.message and not result.diagnosis and not any(p.message for p in result.parts)


def test_points_are_the_weights_of_the_parts_that_pass(tmp_path):
    """An overflow costs the edge part; its hint follows the message, and the verdict is the first that is not PASS."""
    key = planted(tmp_path)
    result = marked(key, softmax=key.rejected[0].targets["softmax"])
    assert (result.points, result.verdict) == (6.0, Verdict.FAIL)
    edge = result.parts[2]
    assert edge.message.startswith("The result: got nan") and edge.message.endswith("Try logits of size 1000.")


def test_the_hint_of_an_edge_waits_for_the_rest(tmp_path):
    """Where more than the edge is wrong, size is not the question."""
    _, core, edge = marked(planted(tmp_path), softmax=lambda z: z + 7).parts
    assert core.message and edge.message and "Try" not in edge.message


def test_only_public_parts_show_values(tmp_path):
    """Worked parts show got and expected, the others neither."""
    worked, core, _ = marked(planted(tmp_path), softmax=lambda z: z + 7).parts
    assert (worked.got, worked.expected) == ("[[7. 7.]]", "[[0.5 0.5]]")
    assert (core.got, core.expected) == ("", "")


def test_a_key_is_quiet_about_what_a_wrong_answer_gives_it():
    """Overflow in the key's own arithmetic is no news for who grades a class."""
    key = Key("u/huge", reference={"huge": np.float64})

    @key.part("core", weight=1)
    def its_square_is_taken(answer, rng):
        _ = answer(1e300) ** 2

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert marked(key, huge=np.float64).verdict is Verdict.PASS


def test_a_missing_function_is_named_once(tmp_path):
    """The exercise says it, whatever the number of parts."""
    result = marked(planted(tmp_path))
    assert result.message == 'softmax: not defined. The cell "softmax" must define a function of this name.'
    assert (result.points, result.verdict) == (0.0, Verdict.FAIL)


def test_data_is_no_function(tmp_path):
    """An array in place of a function."""
    message = marked(planted(tmp_path), softmax=np.zeros(2)).message
    assert message == "softmax: got an array of shape (2,), expected a function."


def test_one_of_several_functions_missing_costs_its_parts(tmp_path):
    """The part that uses the other function passes."""
    parts = """
    @key.part("core", weight=1)
    def first(answer, rng): close(answer.f(1.0), 2.0)
    @key.part("core", weight=1)
    def second(answer, rng): close(answer.g(1.0), 3.0)
    """
    reference = "def f(x): return 2 * x\ndef g(x): return 3 * x"
    key = planted(tmp_path, body(parts, reference=reference, more="reference={'f': f, 'g': g}"), "f")
    result = marked(key, g=lambda x: 3 * x)
    assert [p.verdict for p in result.parts] == [Verdict.FAIL, Verdict.PASS] and result.points == 1.0
    assert result.parts[0].message.startswith("f: not defined.") and not result.message


def test_a_crash_costs_its_part_alone(tmp_path):
    """An exception for large logits leaves the other parts their points."""

    def softmax(z):
        if np.abs(z).max() > 100:
            raise OverflowError(f"{z[0, 0]} is too large")
        return np.exp(z) / np.exp(z).sum(-1, keepdims=True)

    result = marked(planted(tmp_path), cells=[CodeCell("softmax", GOOD)], softmax=softmax)
    assert (result.points, result.parts[2].verdict) == (6.0, Verdict.CRASH)
    assert result.parts[2].message.startswith("Your function raised OverflowError (line ")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ValueError("got 0.1257302"), "Your function raised ValueError"),
        (ValueError("operands could not be broadcast together with shapes (5,7) (5,) "), "with shapes (5,7) (5,)"),
        (
            ValueError("operands could not be broadcast together with shapes (5,1257302) (5,) "),
            "raised ValueError (line",
        ),
        (NameError("name 'softmax' is not defined"), "name 'softmax' is not defined"),
        (NameError("name 'x0_1257302' is not defined"), "raised NameError (line"),
        (TypeError("unsupported operand type(s) for +: 'int' and 'list'"), "for +: 'int' and 'list'"),
        (IndexError("index 7 is out of bounds for axis 1 with size 7"), "index 7 is out of bounds"),
        (type("X01257302", (Exception,), {})("a"), "Your function raised an exception (line"),
        (ZeroDivisionError("division by zero"), "division by zero"),
    ],
)
def test_error_texts_carry_no_hidden_input(tmp_path, error, shown):
    """Common messages with the student's names and small numbers are shown, all else is cut."""

    def softmax(z):
        raise error

    message = marked(planted(tmp_path), cells=[CodeCell("softmax", GOOD)], softmax=softmax).parts[1].message
    assert shown in message and "1257302" not in message


def test_public_parts_show_the_error_text(tmp_path):
    """The worked part's input is public."""

    def softmax(z):
        raise ValueError(f"got {z[0, 0]}")

    result = marked(planted(tmp_path), cells=[CodeCell("softmax", GOOD)], softmax=softmax)
    assert "ValueError: got 0.0" in result.parts[0].message and "got" not in result.parts[1].message


def test_a_fault_of_the_key_is_broken_and_reported(tmp_path):
    """A part that raises for the reference too: BROKEN, told to staff with the line, not to the student."""
    parts = """
    @key.part("core", weight=1)
    def fine(answer, rng): close(answer(1.0), 2.0)
    @key.part("core", weight=1)
    def faulty(answer, rng):
        answer(1.0)
        undefined_name
    """
    faults = []
    result = marked(planted(tmp_path, body(parts), "f"), faults=faults, f=lambda x: 2 * x)
    assert (result.verdict, result.points) == (Verdict.BROKEN, 1.0)
    assert [p.verdict for p in result.parts] == [Verdict.PASS, Verdict.BROKEN]
    assert "graded again" in result.message and "undefined_name" not in str(result)
    assert len(faults) == 1 and "part faulty" in faults[0] and "undefined_name" in faults[0] and "line " in faults[0]


def test_a_value_that_the_check_cannot_use_is_the_answers_fault(tmp_path):
    """Unpacking None raises in the key; the reference passes, so it is a FAIL that names what came back."""
    parts = """
    @key.part("core", weight=1)
    def two(answer, rng):
        a, b = answer(1.0)
        close(a, 1.0)
    """
    key = planted(tmp_path, body(parts, reference="def f(x): return x, x"), "f")
    result = marked(key, f=lambda x: None)
    assert (result.verdict, result.points) == (Verdict.FAIL, 0.0)
    assert result.parts[0].message.startswith("Your function returned None, which this check could not use")


def test_seeds_depend_on_exercise_part_and_secret(tmp_path):
    """The same generator for everyone with the same secret, another for another part."""
    parts = """
    @key.part("core", weight=1)
    def first(answer, rng): close(answer(rng.normal()), 0.0)
    @key.part("core", weight=1)
    def second(answer, rng): close(answer(rng.normal()), 0.0)
    """
    key = planted(tmp_path, body(parts), "f")
    seen = []

    def f(x):
        seen.append(x)
        return 1.0

    for secret in (b"a", b"a", b"b"):
        mark_exercise(key, LocalAnswers({"f": f}), secret)
    assert seen[:2] == seen[2:4] and len(set(seen)) == 4


def test_banned_names_block_the_exercise(tmp_path):
    """0 points, and the call with its place."""
    cells = [
        CodeCell("imports", "import torch"),
        CodeCell("softmax", "def softmax(z):\n    return torch.softmax(z, 1)"),
    ]
    key = planted(tmp_path)
    result = marked(key, cells=cells, softmax=key.references["softmax"])
    assert (result.verdict, result.points, result.parts) == (Verdict.BLOCKED, 0.0, ())
    assert result.message == "`torch.softmax` may not be used in this exercise (cell softmax, line 2)."


def test_callbacks_and_exposed_objects_reach_the_answer(tmp_path):
    """A function and an environment of the key are called back; a fault within is the answer's when it misuses them."""
    parts = """
    class Env:
        left = 2
        def step(self, a):
            if self.left == 0: raise RuntimeError("over")
            self.left -= 1
            return a + 1
    @key.part("core", weight=1)
    def runs(answer, rng):
        seen = []
        def spy(x):
            seen.append(x)
            return 10 * x
        close(answer(spy, expose(Env(), "step")), 21.0)
        check(seen == [1.0, 2.0], "f must be called at 1 and 2", seen)
    """
    reference = "def f(g, env): return g(1.0) + g(env.step(1.0)) - 9"
    key = planted(tmp_path, body(parts, reference=reference), "f")
    assert marked(key, f=lambda g, env: g(1.0) + g(env.step(1.0)) - 9).verdict is Verdict.PASS
    assert "called at 1 and 2" in marked(key, f=lambda g, env: 21.0).parts[0].message

    def greedy(g, env):
        while True:
            env.step(1.0)

    result = marked(key, f=greedy).parts[0]
    assert result.verdict is Verdict.FAIL and "in a way that raised RuntimeError" in result.message


def test_classes_are_tested_through_stand_ins(tmp_path):
    """Construction, attributes, methods, operators, items, iteration and len are passed on."""
    parts = """
    @key.part("core", weight=1)
    def behaves(answer, rng):
        a, b = answer(2.0), answer(3.0)
        close((a * b).x, 6.0)
        close((4.0 - a).x, 2.0)
        close((-a).x, -2.0)
        a.x = 5.0
        close(a.twice(), 10.0)
        exact(len(a), 3)
        close([v for v in a], [5.0, 5.0, 5.0])
        close(a[1], 5.0)
        close(float(a), 5.0)
        check(a == a, "equal")
    """
    reference = """
class Dual:
    def __init__(self, x): self.x = x
    def __mul__(self, o): return Dual(self.x * o.x)
    def __rsub__(self, o): return Dual(o - self.x)
    def __neg__(self): return Dual(-self.x)
    def __len__(self): return 3
    def __iter__(self): return iter([self.x] * 3)
    def __getitem__(self, i): return self.x
    def __float__(self): return self.x
    def twice(self): return 2 * self.x
"""
    key = planted(tmp_path, body(parts, "Dual", reference, "reference=Dual"), "Dual")
    result = marked(key, Dual=key.references["Dual"])
    assert result.verdict is Verdict.PASS, result
    wrong = type("Wrong", (key.references["Dual"],), {"twice": lambda self: self})
    assert marked(key, Dual=wrong).parts[0].message == "The result: got a Wrong, expected a number."


def test_mark_prints_a_table_and_returns_a_float(tmp_path, monkeypatch, capsys):
    """In a course folder, on local objects, in the order of the key's functions."""
    planted(tmp_path / "solutions")
    (tmp_path / "source").mkdir()
    monkeypatch.chdir(tmp_path)
    points = autograder.mark("unit/softmax", lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True))
    assert points == 6.0 and type(points) is float
    out = capsys.readouterr().out
    assert (
        out.startswith("unit/softmax: 6 of 8 points\n  PASS    two_equal_logits")
        and "Subtract the maximum first." in out
    )
    with pytest.raises(UsageError, match="got 0 objects, expected softmax"):
        autograder.mark("unit/softmax")


def test_importing_the_package_is_light():
    """`import autograder` loads neither numpy nor the sandbox."""
    import subprocess
    import sys

    heavy = "('numpy', 'torch', 'msgspec', 'autograder.key')"
    code = f"import sys, autograder; print([m for m in {heavy} if m in sys.modules])"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env).stdout.strip() == "[]"
