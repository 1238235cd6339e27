"""Notebooks run in the real sandbox; test cells run in the marker, out of the student's reach."""

import copy

import pytest

from autograder.errors import KeyFault
from autograder.marking.notebook import run_notebook
from autograder.results import Verdict
from autograder.sandbox import Limits, Sandbox
from tests.marking.keys import GOOD, planted
from tests.marking.notebooks import LOCKED, MARK, SOLUTION, cell, notebook, test_cell


@pytest.fixture(scope="module")
def box():
    with Sandbox(limits=Limits(cell_seconds=2, part_seconds=2), heavy=()) as opened:
        yield opened


@pytest.fixture
def run(box, tmp_path):
    key = planted(tmp_path)

    def go(*cells, faults=None):
        def keys(exercise):
            if exercise != key.id:
                raise KeyFault(f"{exercise}: got no file.")
            return key

        with box.session() as session:
            return run_notebook(
                notebook(*cells), session, unit="unit", name="nb", secret=b"s", keys=keys, faults=faults, ends=True
            )

    return go


def one(run, *cells, **more):
    """The last exercise's result."""
    return run(*cells, **more)[0].exercises[-1]


def solved(source=GOOD):
    return cell(source, "softmax", **SOLUTION)


def asserts(run, test, solution=GOOD, before=(), **more):
    return one(run, *before, solved(solution), test_cell(test, "test_it", 3), **more)


def test_a_right_notebook(run):
    """All marks, outputs of every cell, one float as output of the test cell, manual cells listed."""
    essay = cell("an answer", "derivation", "markdown", grade=True, solution=True, points=5)
    shown = cell("softmax(np.zeros((1, 2)))")
    result, executed = run(solved(), shown, test_cell(MARK, "test_softmax", 8), essay)
    assert (result.name, result.manual, result.notes) == ("nb", ("derivation",), ())
    assert (result.exercises[0].points, result.exercises[0].verdict) == (8.0, Verdict.PASS)
    outputs = executed["cells"][3]["outputs"]
    assert outputs == [
        {"output_type": "execute_result", "data": {"text/plain": "8.0"}, "metadata": {}, "execution_count": 4}
    ]
    assert "0.5" in executed["cells"][2]["outputs"][0]["data"]["text/plain"]


def test_the_notebook_given_is_not_changed(run, box, tmp_path):
    """A copy is executed."""
    given = notebook(solved(), test_cell(MARK, "test_softmax", 8))
    before = copy.deepcopy(given)
    with box.session() as session:
        run_notebook(given, session, unit="unit", name="nb", secret=b"s", keys=lambda _: planted(tmp_path))
    assert given == before


def test_a_known_mistake_in_the_sandbox_is_named(run):
    """The transcript of the sandbox agrees with that of the rejected answer run here."""
    result = one(run, solved(GOOD.replace(" - z.max(axis=-1, keepdims=True)", "")), test_cell(MARK, "test_softmax", 8))
    assert (result.points, result.diagnosis) == (6.0, "Subtract the maximum first.")


def test_points_follow_the_notebook(run):
    """A test cell of 4 points for a key of 8 gives half."""
    result = one(run, solved(), test_cell(MARK, "test_softmax", 4))
    assert (result.points, result.max_points) == (4.0, 4)


def test_a_missing_function_says_why(run):
    """The error of the solution cell follows."""
    result = one(run, solved("def softmax(z) return z"), test_cell(MARK, "test_softmax", 8))
    assert "softmax: not defined." in result.message and "It raised SyntaxError" in result.message


@pytest.mark.parametrize(
    ("body", "verdict"),
    [("import ctypes; ctypes.string_at(0)", Verdict.BLOCKED), ("raise SystemExit", Verdict.CRASH)],
)
def test_functions_that_end_the_process_cost_their_exercise(run, body, verdict):
    """The next test cell is marked."""
    result, _ = run(
        solved(f"def softmax(z):\n    {body}\ndef g(x): return x"),
        test_cell(MARK, "test_softmax", 8),
        test_cell("assert g(1) == 1", "test_g", 2),
    )
    assert [(e.verdict, e.points) for e in result.exercises] == [(verdict, 0.0), (Verdict.PASS, 2.0)]


def test_an_endless_part_costs_itself(run):
    """Logits of size 1000 never come back; the other parts keep their points."""
    endless = GOOD.replace("    e =", "    while abs(z).max() > 100: pass\n    e =", 1)
    result = one(run, solved(endless), test_cell(MARK, "test_softmax", 8))
    assert (result.points, result.parts[2].verdict) == (6.0, Verdict.TIMEOUT)
    assert result.parts[2].message.startswith("Your code took too long")


def test_a_missing_key_is_our_fault(run):
    """BROKEN, told to staff."""
    faults = []
    result = one(run, solved(), test_cell("mark('unit/other', softmax)", "test_other", 8), faults=faults)
    assert (result.verdict, result.points, result.max_points) == (Verdict.BROKEN, 0.0, 8.0)
    assert len(faults) == 1 and "unit/other" in faults[0]


@pytest.mark.parametrize(
    ("test", "points", "verdict", "message"),
    [
        ("assert np.allclose(softmax(np.zeros((1, 2))), 0.5, atol=TOLERANCE)", 3.0, Verdict.PASS, ""),
        ("assert softmax(np.zeros((1, 2)))[0, 0] == 1, 'must be one half'", 0.0, Verdict.FAIL, "must be one half"),
        (
            "p = softmax(np.zeros((1, 2)))\nassert p[0, 0] == 1, f'got {p}, too small'",
            0.0,
            Verdict.FAIL,
            "got …, too small",
        ),
        (
            "assert True\nassert softmax(np.zeros((1, 2))).sum() == 7",
            0.0,
            Verdict.FAIL,
            "Check 2 of 2 of this cell failed.",
        ),
        (
            "np.testing.assert_allclose(softmax(np.zeros((1, 2))), 7)",
            0.0,
            Verdict.FAIL,
            "Check 1 of 1 of this cell failed.",
        ),
        (
            "missing(3)",
            0.0,
            Verdict.FAIL,
            'missing: not defined. The cell "softmax" must define a function of this name.',
        ),
        (
            "softmax(np.zeros((1, 2))).no_such",
            0.0,
            Verdict.FAIL,
            "could not use what your code returned (AttributeError)",
        ),
        ("import warnings, sys\nwarnings.warn('x'); print('y', file=sys.stderr)\nassert True", 3.0, Verdict.PASS, ""),
        ("p = softmax(np.zeros((1, 2)))\n1 + p.sum()", 2.0, Verdict.FAIL, ""),
        ("7", 3.0, Verdict.PASS, ""),
        ("-1", 0.0, Verdict.FAIL, ""),
        ("'well done'", 3.0, Verdict.PASS, ""),
        ("float('nan')", 0.0, Verdict.BROKEN, "fault of ours"),
        ("True", 0.0, Verdict.BROKEN, "fault of ours"),
        ("1 / 0", 0.0, Verdict.BROKEN, "fault of ours"),
        ("assert (", 0.0, Verdict.BROKEN, "fault of ours"),
    ],
)
def test_cells_of_asserts(run, test, points, verdict, message):
    """As nbgrader marks them; words of the lecturer without values; faults of the test itself are BROKEN."""
    result = asserts(run, test)
    assert (result.points, result.verdict) == (points, verdict), result
    assert message in result.message and (message or not result.message)


@pytest.mark.parametrize(
    "attack",
    [
        "abs = all = any = sum = lambda *a: True",
        "np.allclose = np.all = lambda *a, **k: True",
        "import builtins\nbuiltins.AssertionError = BaseException\nbuiltins.abs = lambda x: 0",
        "np = type('np', (), {'allclose': lambda *a, **k: True, 'zeros': lambda s: 0})",
        "import unittest.mock\nnp = unittest.mock.MagicMock()",
        "TOLERANCE = 1e9",
        "from unittest.mock import MagicMock as close_enough",
    ],
)
def test_students_cannot_touch_what_the_test_uses(run, attack):
    """Builtins, modules and the lecturer's constants are the marker's own."""
    given = cell("def close_enough(a, b): return abs(a - b) < TOLERANCE", "given", **LOCKED)
    test = (
        "p = softmax(np.zeros((1, 2)))\nassert np.allclose(p, 0.5, atol=TOLERANCE)\nassert close_enough(p[0, 0], 0.5)"
    )
    wrong = "def softmax(z):\n    return z + 0.9"
    assert asserts(run, test, f"{wrong}\n{attack}", [given]).points == 0.0
    assert asserts(run, test, GOOD, [given]).points == 3.0


def test_expected_exceptions_keep_their_type(run):
    """`except ValueError` in a test catches what the student's function raises in the sandbox."""
    test = "try:\n    f(-1)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError('must refuse')"
    assert asserts(run, test, "def f(x):\n    raise ValueError('negative')").points == 3.0
    assert asserts(run, test, "class Own(ValueError): pass\ndef f(x):\n    raise Own('negative')").points == 3.0
    odd = "class Own(KeyError): pass\nOwn.__qualname__ = 'a\\0b'\ndef f(x):\n    raise Own(x)"
    assert asserts(run, test.replace("ValueError", "KeyError"), odd).points == 3.0
    assert asserts(run, test, "def f(x):\n    return x").points == 0.0
    result = asserts(run, test, "def f(x):\n    raise KeyError(x)")
    assert (result.verdict, result.message) == (Verdict.CRASH, "Your function raised KeyError (line 2).")


def test_test_cells_share_their_own_definitions(run):
    """An import in one test cell is there in the next; student's objects are not kept."""
    result, _ = run(
        solved(),
        test_cell("from numpy.testing import assert_allclose\nK = 2", "test_a", 1),
        test_cell("assert_allclose(softmax(np.zeros((1, K))), 0.5)", "test_b", 1),
    )
    assert [e.points for e in result.exercises] == [1.0, 1.0]


def test_classes_and_generators_in_plain_tests(run):
    """Instances are used through stand-ins."""
    solution = "class P:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return P(self.x + o.x)\n"
    solution += "    def up(self):\n        yield from range(self.x)\n"
    assert asserts(run, "p = P(1) + P(2)\nassert p.x == 3 and list(p.up()) == [0, 1, 2]", solution).points == 3.0


def test_later_cells_do_not_change_earlier_marks(run):
    """A test cell sees the notebook as it stood at its place."""
    result, _ = run(solved(), test_cell(MARK, "test_softmax", 8), cell("softmax = None"))
    assert result.exercises[0].points == 8.0


def test_a_cell_that_dies_is_noted(run):
    """The notebook goes on without it."""
    result, _ = run(solved(), cell("import os; os._exit(3)", "plot", **SOLUTION), test_cell(MARK, "test_softmax", 8))
    assert result.exercises[0].points == 8.0
    assert result.notes == ('The cell "plot" ended the Python process; the other cells were run without it.',)


HELPED = """
def shifted(z):
    return z - z.max(axis=-1, keepdims=True)

def softmax(z):
    e = np.exp(shifted(z))
    return e / e.sum(axis=-1, keepdims=True)
"""


@pytest.mark.parametrize(
    ("check", "points"),
    [
        ("shifted = softmax(np.zeros((1, 2)))\nassert shifted.shape == (1, 2)", 8.0),
        ("for shifted in (1, 2):\n    assert shifted", 8.0),
        ("shifted = np.vectorize(shifted)", 0.0),
    ],
)
def test_a_check_takes_no_helper_away(run, check, points):
    """A locked check that happens to use the name of a student's helper leaves it alone; one that wraps it does not."""
    result = one(run, solved(HELPED), cell(check, "check_softmax", **LOCKED), test_cell(MARK, "test_softmax", 8))
    assert result.points == points


def test_asserts_for_which_no_time_is_left(box, tmp_path, monkeypatch):
    """A cell of asserts that comes when the submission's time is up is a TIMEOUT of the student's, no fault of ours."""
    given = notebook(solved(), test_cell("assert softmax(np.zeros((1, 2))).shape == (1, 2)", "test_it", 3))
    faults = []
    with box.session() as session:
        monkeypatch.setattr(session, "begin_questions", lambda: setattr(session, "_ends", 0.0))
        result, _ = run_notebook(given, session, unit="unit", name="nb", secret=b"s", keys=dict, faults=faults)
    assert (result.exercises[0].verdict, result.exercises[0].points, faults) == (Verdict.TIMEOUT, 0.0, [])
    assert "too long" in result.exercises[0].message
