"""Forbidden names are followed from the tested functions; what they do not reach is free."""

import pytest

from autograder.key import N0, Bans
from autograder.marking.reach import CodeCell, violation_message, violations

BANS = N0 | Bans(calls={"numpy.linalg.solve", "numpy.random.seed"})
NUMPY = CodeCell("imports", "import numpy as np\nimport torch", own=False)


def found(*texts):
    cells = [NUMPY, *(CodeCell(f"c{i}", text) for i, text in enumerate(texts, 1))]
    return [(v.name, v.cell, v.line) for v in violations(cells, ["f"], BANS)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["def f(x):\n    return np.linalg.solve(x, x)"], [("np.linalg.solve", "c1", 2)]),
        (["from numpy.linalg import solve\ndef f(x): return solve(x, x)"], [("solve", "c1", 2)]),
        (["from numpy import linalg as L\ndef f(x): return L.solve(x, x)"], [("L.solve", "c1", 2)]),
        (["import numpy.linalg\ndef f(x): return numpy.linalg.solve(x, x)"], [("numpy.linalg.solve", "c1", 2)]),
        (["from numpy.linalg import *\ndef f(x): return solve(x, x)"], [("solve", "c1", 2)]),
        (["L = np.linalg\nS = L.solve\ndef f(x): return S(x, x)"], [("L.solve", "c1", 2), ("S", "c1", 3)]),
        (["def f(x):\n    L = np.linalg\n    return L.solve(x, x)"], [("L.solve", "c1", 3)]),
        (["def f(x): return getattr(np.linalg, 'solve')(x, x)"], [("np.linalg.solve", "c1", 1)]),
        (["def g(x): return torch.relu(x)", "def f(x): return g(x)"], [("torch.relu", "c1", 1)]),
        (["def f(x): return g(x)", "def g(x): return torch.relu(x)"], [("torch.relu", "c2", 1)]),
        (["def f(x):\n    import torch\n    return x"], [("torch", "c1", 2)]),
        (["def f(x):\n    from scipy.special import expit\n    return expit(x)"],
         [("scipy.special.expit", "c1", 2), ("expit", "c1", 3)]),
        (["f = lambda x: torch.relu(x)"], [("torch.relu", "c1", 1)]),
        (["import functools\nf = functools.partial(torch.relu)"], [("torch.relu", "c1", 2)]),
        (["def f(x): return __import__('torch').relu(x)"], [("__import__", "c1", 1)]),
        (["def f(x): return eval('torch')"], [("eval", "c1", 1)]),
        (["import sys\ndef f(x): return sys.modules['torch']"], [("sys.modules", "c1", 2)]),
        (["class A:\n    def g(self): return torch.ones(1)", "def f(x): return A().g()"], [("torch.ones", "c1", 2)]),
        (["def deco(g): return torch.compile(g)\n@deco\ndef f(x): return x"], [("torch.compile", "c1", 1)]),
        (["def f(x): return torch.relu(x)\ng = f\ndef f(x): return g(x)"], [("torch.relu", "c1", 1)]),
        (["np.exp = torch.exp\ndef f(x): return np.exp(x)"], [("torch.exp", "c1", 1)]),
        (["if True:\n    def f(x): return torch.relu(x)\nelse:\n    def f(x): return x"], [("torch.relu", "c1", 2)]),
        (["%%time\ndef f(x):\n    return torch.relu(x)"], [("torch.relu", "c1", 3)]),
        (["def f(x):\n    np.random.seed(0)\n    return x"], [("np.random.seed", "c1", 2)]),
        (["def f(x, g=torch.relu): return g(x)"], [("torch.relu", "c1", 1)]),
        (["from numpy.linalg import solve\nclass A:\n    def solve(self, a): return solve(a, a)\n"
          "def f(x): return A().solve(x)"], [("solve", "c1", 3)]),
        (["match 1:\n    case 1:\n        from numpy.linalg import solve\ndef f(x): return solve(x, x)"],
         [("solve", "c1", 4)]),
        (["with np.errstate():\n    g = torch.relu", "def f(x): return g(x)"],
         [("torch.relu", "c1", 2), ("g", "c2", 1)]),
    ],
)  # fmt: skip
def test_what_the_function_reaches_is_found(texts, expected):
    """Aliases, helpers in other cells, local imports, classes, decorators, defaults, earlier definitions."""
    assert found(*texts) == expected


@pytest.mark.parametrize(
    "texts",
    [
        ["def f(x): return np.exp(x)", "from sklearn.datasets import load_digits\nplt.plot(load_digits())"],
        ["def f(x): return torch.relu(x)", "def f(x): return np.maximum(x, 0)"],
        ["def g(x): return torch.relu(x)\ndef f(x): return x"],
        ["def f(torch): return torch.T"],
        ["def f(x):\n    torch = x\n    return torch.T"],
        ["import math, itertools\ndef f(x): return math.exp(x)"],
        ["%%bash\nimport torch"],
        ["!pip list\n%matplotlib inline\ndef f(x): return x"],
        ["def f(x) return x"],
        ["def solve(a): return a\ndef f(x): return solve(x)"],
        ["class M:\n    def open(self): return 1\ndef f(x): return M().open()"],
        ["def f(x):\n    match x:\n        case (torch, 1) | [*_, torch]:\n            return torch\n"],
        ["def f(x):\n    match x:\n        case {'a': int() as torch} | {**torch}: return torch"],
        ["def f(x):\n    try: return x\n    except ValueError as torch: return torch"],
        ["def f(x):\n    def torch(y): return y\n    return torch(x)"],
    ],
)
def test_what_the_function_does_not_reach_is_free(texts):
    """Plots, replaced definitions, own names (also of patterns, handlers and inner functions), magics, other languages,
    cells that are not Python."""
    assert found(*texts) == []


def test_locked_cells_are_the_lecturers():
    """A helper that the lecturer gave may use what the exercise forbids."""
    cells = [
        CodeCell("given", "import torch\ndef g(x): return torch.relu(x)", own=False),
        CodeCell("f", "def f(x): return g(x)"),
    ]
    assert violations(cells, ["f"], N0) == []


def test_the_message_names_call_cell_and_line():
    """As the student wrote it."""
    cells = [NUMPY, CodeCell("softmax", "\n\ndef f(x): return np.linalg.solve(x, x)")]
    text = violation_message(violations(cells, ["f"], BANS)[0])
    assert text == "`np.linalg.solve` may not be used in this exercise (cell softmax, line 3)."


def test_deep_and_odd_programs_end():
    """Mutual recursion, self-reference, a chain of 500 aliases and deep nesting."""
    chain = "a0 = np\n" + "\n".join(f"a{i + 1} = a{i}" for i in range(500))
    assert found(chain + "\ndef f(x): return a500.exp(x)") == []
    assert found("f = f\ng = f\nf = g\ndef h(x): return f(x)\ndef f(x): return h(x)") == []
    assert found("def f(x): return " + "(" * 150 + "x" + ")" * 150) == []
