"""Right answers keep their marks however they are written: rows 27, 28 and 30 of docs/threat_model.md, on unit 2.

The solution and the keys' accepted answers (loops, einsum, other formulas) take turns through the styles.
"""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Callable

import pytest

from autograder.cells import Role, grade_id, role
from autograder.course import Course
from autograder.grade import grade_units
from autograder.key import load_key
from autograder.key.sources import as_cell
from autograder.record import results
from autograder.results import ExerciseResult, SubmissionResult
from autograder.verify.answers import solution_cell, source_of

UNIT = "unit02_logistic"
Style = Callable[[str, str], list[str]]  # name of the cell, right text -> texts of the student's cells


def before(prelude: str) -> Style:
    """The same lines in a cell before each answer."""
    return lambda name, text: [prelude, text]


def in_front(line: str) -> Style:
    """The same line at the top of each answer's cell."""
    return lambda name, text: [f"{line}\n{text}"]


def wrong_first(name: str, text: str) -> list[str]:
    """Defined twice: the last counts."""
    return [text.replace("return", "return 7 or", 1), text]


def helper_apart(name: str, text: str) -> list[str]:
    """The answer stands in a cell of its own; the given cell only refers to it."""
    return [text, "print('done above')"]


def functions(text: str) -> list[str]:
    """Names of the functions that a cell defines, once where an accepted answer follows the solution."""
    return list(dict.fromkeys(node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)))


def wrapped(head: str, around: str) -> Style:
    """Each function NAME is replaced by `around`, which may call it as INNER; `head` stands in a cell before."""

    def style(name: str, text: str) -> list[str]:
        lines = [f"INNER = NAME\n{around}".replace("INNER", f"_{f}").replace("NAME", f) for f in functions(text)]
        return [head, "\n".join([text, *lines])]

    return style


def returning(change: str) -> Style:
    """What the functions return, arrays in tuples too, goes through `change`, an expression in `a`."""
    head = (
        "import numpy as np\ndef _each(value):\n    if type(value) is tuple:\n        return tuple(_each(v) for v in value)\n"
        f"    a = value\n    return {change} if type(a) is np.ndarray and a.ndim else value"
    )
    return wrapped(head, "def NAME(*args, **kwargs): return _each(INNER(*args, **kwargs))")


def typed(name: str, text: str) -> list[str]:
    """With type hints on every argument and result, and one argument more that nobody gives."""
    tree = ast.parse(text)
    for node in (n for n in tree.body if isinstance(n, ast.FunctionDef)):
        for argument in node.args.args:
            argument.annotation = ast.Constant("np.ndarray | float")
        node.returns = ast.Constant("np.ndarray")
        node.args.kwonlyargs.append(ast.arg("verbose"))
        node.args.kw_defaults.append(ast.Constant(False))
    return [ast.unparse(tree)]


def apart(name: str, text: str) -> list[str]:
    """The work is done by helpers of other names, in a cell before; the answer's cell calls them."""
    tree, own = ast.parse(text), functions(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in own:
            node.name = f"my_{node.name}"
        elif isinstance(node, ast.Name) and node.id in own:
            node.id = f"my_{node.id}"
    calls = [f"def {f}(*args, **kwargs):\n    return my_{f}(*args, **kwargs)" for f in own]
    return [ast.unparse(tree), "\n".join(calls)]


SLOW = "import time\ndef _slow(f, seconds):\n    calls = []\n    def g(*args, **kwargs):\n"
ROW_27: dict[str, Style] = {
    "fortran_order": returning("np.asfortranarray(a)"),
    "not_contiguous": returning("np.repeat(a, 2, axis=-1)[..., ::2]"),
    "read_only": returning("np.broadcast_to(a, a.shape)"),
    "callable_objects": wrapped(
        "class _Answer:\n    def __init__(self, f):\n        self.f = f\n    def __call__(self, *args, **kwargs):\n"
        "        return self.f(*args, **kwargs)",
        "NAME = _Answer(INNER)",
    ),
    "partial": wrapped("import functools", "NAME = functools.partial(INNER)"),
    "lambda": wrapped("", "NAME = lambda *args, **kwargs: INNER(*args, **kwargs)"),
    "decorated": wrapped(
        "import functools\ndef _told(f):\n    @functools.wraps(f)\n    def g(*args, **kwargs):\n        return f(*args, **kwargs)\n    return g",
        "NAME = _told(INNER)",
    ),
    "typed_with_a_default": typed,
    "helpers_apart": apart,
}
ROW_30: dict[str, Style] = {
    "first_call_slow": wrapped(
        f"{SLOW}        end = time.process_time() + (0.0 if calls else seconds)\n        calls.append(1)\n"
        "        while time.process_time() < end: pass\n        return f(*args, **kwargs)\n    return g",
        "NAME = _slow(INNER, 0.5)",
    ),
    "first_call_sleeps": wrapped(
        f"{SLOW}        time.sleep(0.0 if calls else seconds)\n        calls.append(1)\n        return f(*args, **kwargs)\n    return g",
        "NAME = _slow(INNER, 0.5)",
    ),
    "imports_when_called": wrapped(
        "",
        "def NAME(*args, **kwargs):\n    import decimal, email, sqlite3, xml.dom.minidom\n    return INNER(*args, **kwargs)",
    ),
}
ROW_28: dict[str, Style] = {
    "as_it_is": lambda name, text: [text],
    "defined_twice": wrong_first,
    "in_a_cell_of_its_own": helper_apart,
    "prints_and_plots": before("import matplotlib.pyplot as plt\nprint('x' * 100)\nplt.plot([1, 2])\nplt.show()"),
    "inline_magic": in_front("%matplotlib inline"),
    "autoreload": before("%load_ext autoreload\n%autoreload 2"),
    "shell": in_front("!ls > /dev/null"),
    "top_level_await": before("import asyncio\nawait asyncio.sleep(0.001)"),
    "logging": before("import logging\nlogging.basicConfig(level=0)\nlogging.warning('here')"),
    "changed_directory": before("import os\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')"),
    "warnings_as_errors": before("import warnings\nwarnings.simplefilter('error')"),
    "numpy_raises": before("import numpy as np\nnp.seterr(all='raise')"),
    "torch_defaults": before("import torch\ntorch.set_default_dtype(torch.float64)\ntorch.set_num_threads(1)"),
    "stderr": before("import sys\nprint('careful', file=sys.stderr)"),
    "crash_elsewhere": before("1 / 0"),
    "timed": lambda name, text: ["%%time\nx = sum(range(1000))", text],
    "progress_bar": before("import sys\nfor i in range(50):\n    sys.stderr.write(f'\\r{i}/50')"),
    "type_checking": before("from __future__ import annotations\nfrom typing import Any\nimport numpy.typing as npt"),
    "timed_answer": in_front("%%time"),
    "captured_answer": in_front("%%capture"),
    "widgets": before(
        "from IPython.display import display\ndisplay({'application/vnd.jupyter.widget-view+json': {'model_id': 'x'}}, raw=True)"
    ),
    "torch_device": before(
        "import torch\ntorch.set_default_device('cpu')\ntorch.set_grad_enabled(True)\ntorch.use_deterministic_algorithms(True)"
    ),
    "printing_options": before("import numpy as np\nnp.set_printoptions(precision=1)\nnp.random.seed(1)"),
    "environment": before("import os\nos.environ['OMP_NUM_THREADS'] = '7'\nos.environ.pop('HOME', None)"),
}
STYLES = {**ROW_27, **ROW_28, **ROW_30}


@functools.cache  # loading a key takes a moment
def right_answers(course: Course, exercise: str) -> list[str]:
    """The solution and every accepted answer of the key, as cells."""
    key = load_key(course.solutions, exercise)
    solution = "\n".join(
        line for line in solution_cell(source_of(course, exercise), exercise).splitlines() if "###" not in line
    )
    return [solution, *(f"{solution}\n\n{as_cell(key, a)}" for a in key.accepted)]


def hand_in(course: Course, student: str, style: Style, turn: int) -> None:
    """Two of the unit's three notebooks, each answer in this style; `turn` chooses among notebooks and right answers."""
    first, *others_of_unit = sorted((course.release / UNIT).glob("*.ipynb"))
    for path in (first, others_of_unit[turn % len(others_of_unit)]):
        notebook = json.loads(path.read_bytes())
        cells = []
        for cell in notebook["cells"]:
            if role(cell) is Role.SOLUTION:
                right = right_answers(course, f"{UNIT}/{grade_id(cell)}")
                *others, last = style(grade_id(cell), right[turn % len(right)])
                cells += [_own(text) for text in others]
                cell["source"] = last
            cells.append(cell)
        notebook["cells"] = cells
        target = course.submitted / student / UNIT / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(notebook))


def _own(source: str) -> dict[str, object]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


@pytest.fixture(scope="module")
def graded(unit_two: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, SubmissionResult]:
    course = Course.at(unit_two.home, tmp_path_factory.mktemp("fair"))
    for turn, (name, style) in enumerate({**STYLES, "lists": returning("a.tolist()")}.items()):
        hand_in(course, name, style, turn)
    grade_units(course, [UNIT])
    return {entry.result.student: entry.result for entry in results(course, UNIT)}


def handed_in(result: SubmissionResult) -> list[ExerciseResult]:
    """The exercises of the notebooks that were there."""
    return [e for n in result.notebooks for e in n.exercises if "is missing" not in e.message]


@pytest.mark.parametrize("style", STYLES)
def test_right_answers_in_every_style(graded: dict[str, SubmissionResult], style: str) -> None:
    """All exercises earn full marks, whatever stands around the answer."""
    exercises = handed_in(graded[style])
    assert len(exercises) >= 6
    lost = {
        e.exercise: (e.verdict, e.message, [p.message for p in e.parts if p.message])
        for e in exercises
        if e.points < e.max_points
    }
    assert not lost


def test_lists_in_place_of_arrays_are_told_so(graded: dict[str, SubmissionResult]) -> None:
    """Where an array is asked for and a list comes, the message names both and says what to do; no other part fails."""
    exercises = handed_in(graded["lists"])
    said = [p.message for e in exercises for p in e.parts if p.message]
    assert len([e for e in exercises if e.points < e.max_points]) >= 4
    assert all("list" in text or "np.array" in text for text in said), said
