"""An exercise that builds on an earlier one: a mistake there is not paid for twice."""

import numpy as np
import pytest

from autograder.key import Bans, Key, close
from autograder.marking import mark_exercise
from autograder.marking.sandboxed import SandboxAnswers
from autograder.results import Verdict
from autograder.sandbox import Limits, Sandbox

WRONG_SQUARE = "def square(x):\n    return 2 * x\n"
NO_SQUARE = "def square(x):\n    raise NotImplementedError\n"
ENDLESS_SQUARE = "def square(x):\n    while True: pass\n"
RIGHT = "def length(x):\n    return square(x).sum() ** 0.5\n"
WRONG = "def length(x):\n    return square(x).mean() ** 0.5\n"


def square(x):
    return x**2


def length(x):
    return np.sqrt(np.sum(x**2))


@pytest.fixture
def key():
    key = Key("u/length", reference=length, given={"square": square})

    @key.part("core", weight=2)
    def agrees(answer, rng):
        x = rng.normal(size=5)
        close(answer(x), length(x))

    return key


@pytest.fixture(scope="module")
def box():
    with Sandbox(limits=Limits(cell_seconds=2, part_seconds=1), heavy=()) as opened:
        yield opened


@pytest.mark.parametrize(
    ("earlier", "own", "points"),
    [
        (WRONG_SQUARE, RIGHT, 2.0),
        (NO_SQUARE, RIGHT, 2.0),
        (ENDLESS_SQUARE, RIGHT, 2.0),
        ("", RIGHT, 2.0),
        (WRONG_SQUARE, WRONG, 0.0),
        (WRONG_SQUARE, "def length(x):\n    return np.linalg.norm(x)\n", 2.0),
    ],
)
def test_an_earlier_mistake_costs_nothing_here(key, box, earlier, own, points):
    with box.session() as session:
        session.run_cell(f"import numpy as np\n{earlier}")
        session.run_cell(own)
        assert mark_exercise(key, SandboxAnswers(session, key.bans), b"secret").points == points


def test_what_is_forbidden_stays_forbidden(key, box):
    """No second run forgives a call that the exercise bans, however it is written."""
    source = f"{NO_SQUARE}def length(x):\n    return getattr(np.linalg, 'no' + 'rm')(x)\n"
    with box.session() as session:
        session.run_cell(f"import numpy as np\n{source}")
        result = mark_exercise(key, SandboxAnswers(session, Bans(calls={"numpy.linalg.norm"})), b"secret")
    assert (result.points, result.verdict) == (0.0, Verdict.BLOCKED)
