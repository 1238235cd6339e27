"""What every public function of the reference keeps to, read from its own docstring.

Arguments are made from the Args section: `X: (n, p) float.` becomes a random array whose letters stand for
the same size wherever they occur. A new function is covered as soon as it is in `dlmath_ref.__all__`.
"""

import ast
import copy
import doctest
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest

import dlmath_ref
from dlmath_kit.envs import TabularEnv
from dlmath_ref import ShapeError

SIZES = {
    "n": 6,
    "p": 4,
    "d": 4,
    "K": 3,
    "m": 2,
    "B": 5,
    "T": 5,
    "R": 5,
    "k": 2,
    "r": 5,
    "kh": 3,
    "kw": 2,
    "N": 2,
    "C": 2,
    "F": 3,
    "H": 5,
    "W": 4,
    "oh": 3,
    "ow": 3,
    "rows": 18,  # N oh ow
    "columns": 12,  # C kh kw
    "S": 5,
    "A": 3,
}
SECTIONS = ["Equation:", "Args:", "Returns:", "Raises:", "Stability:", "Source:", ">>>"]
FUNCTIONS = [name for name in dlmath_ref.__all__ if inspect.isfunction(getattr(dlmath_ref, name))]
CLASSES = [
    c for c in map(dlmath_ref.__dict__.get, dlmath_ref.__all__) if inspect.isclass(c) and not issubclass(c, Exception)
]
MODULES = ["dlmath_ref", *(m.name for m in pkgutil.walk_packages(dlmath_ref.__path__, "dlmath_ref."))]
WITH_TORCH = {"dlmath_ref.nn.cnn", "dlmath_ref.rl.dqn"}  # imported by those who ask; no part of the package's names


def methods():
    for c in CLASSES:
        for name, member in vars(c).items():
            callable_member = isinstance(member, (classmethod, staticmethod)) or inspect.isfunction(member)
            if callable_member and not name.startswith("_"):
                yield getattr(c, name)


def documented():
    return [getattr(dlmath_ref, name) for name in FUNCTIONS] + list(methods())


def kinds(function):
    """The Args section as {name: first sentence and what follows}."""
    args = function.__doc__.split("Args:")[1].split("Returns:")[0]
    return dict(re.findall(r"^ {8,12}(\w+): (.*(?:\n {12,}.*)*)", args, re.MULTILINE))


def shape(text):
    """(n, p) as sizes; () with dots, an array of any shape, as None."""
    letters = re.findall(r"[A-Za-z.]+|[0-9]+", text)
    return None if "..." in letters else tuple(SIZES.get(letter) or int(letter) for letter in letters)


def array(dims, kind, text, dtype, rng):
    size = shape(dims)
    size = (4, 3) if size is None else size
    if kind == "int":
        stop = re.search(r"\[0, (\w+)\)", text).group(1)
        return rng.integers(9 if stop == "inf" else SIZES.get(stop) or int(stop), size=size)
    if kind == "bool":
        return rng.random(size) < 0.5
    values = rng.normal(size=size).astype(dtype)
    if "rows with sum 1" in text:
        return abs(values) / abs(values).sum(axis=-1, keepdims=True)
    if "with sum 1" in text:
        return abs(values) / abs(values).sum()
    if "positive definite" in text:
        return values @ values.T + np.eye(size[0], dtype=dtype)
    if "corners" in text:  # of boxes
        return np.concatenate([values[:, :2], values[:, :2] + abs(values[:, 2:])], axis=1)
    if "increasing" in text:
        return np.sort(values)
    if "at least 0" in text:
        return np.abs(values)
    antisymmetric = len(size) == 3 and size[1] == size[2]
    return values - values.swapaxes(1, 2) if antisymmetric else values


def make(text, dtype, rng):
    """One argument of the kind that its line in the docstring states."""
    dims = re.findall(r"\([^()]*\)", text.split(".  ")[0].split(" float")[0].split(" int")[0])
    if such := re.search(r"such as `(.*?)`", text):
        return ast.literal_eval(such.group(1))
    if text.startswith("callable (Dual"):
        return lambda *coordinates: coordinates[0] * coordinates[-1]
    if text.startswith("Dual of"):
        return dlmath_ref.Dual(*np.abs([array(dims[0], "float", text, dtype, rng) for _ in range(2)]))
    if text.startswith("callable"):  # of sum x^2, or its gradient where "-> (d,)" asks for an array
        if "-> callable" in text:
            return lambda x: lambda z: z
        return (lambda x, *_: 2 * x) if re.search(r"-> \([\w.]", text) else (lambda x, *_: np.sum(x * x))
    if text.startswith("Generator"):
        return np.random.default_rng(1)
    if text.startswith("environment"):
        S, A = SIZES["S"], SIZES["A"]
        return TabularEnv(np.ones((S, A, S)) / S, np.ones((S, A)), np.zeros(S), 0, np.random.default_rng(1))
    if text.startswith("bool"):
        return True
    if text.startswith("list of (W, b)"):  # two layers, from p to m to K
        return [
            (array(f"({a}, {b})", "float", "", dtype, rng), array(f"({a})", "float", "", dtype, rng))
            for a, b in ("mp", "Km")
        ]
    if text.startswith(("list of A^", "list of Z^")):  # of these layers
        widths = "pmK" if text[8] == "A" else "mK"
        return [array(f"(n, {width})", "float", "", dtype, rng) for width in widths]
    if text.startswith("list of str"):  # the activations of two layers
        return ["tanh", "relu"]
    if text.startswith("list of"):
        kind = re.match(r"list of \([^()]*\) (\w+)", text).group(1)
        return [array(dims[0], kind, text, dtype, rng) for _ in range(2)]
    if text.startswith("dict of (K, b)"):  # filters by name, with a bias for each
        filters = {k: array(d, "float", "", dtype, rng) for k, d in re.findall(r'"(\w+)" (\([^()]*\))', text)}
        return {name: (K, array(f"({len(K)})", "float", "", dtype, rng)) for name, K in filters.items()}
    if text.startswith("tuple ("):
        return shape(dims[0])
    if text.startswith("tuple of"):
        return tuple(array(d, "float", text, dtype, rng) for d in dims)
    if text.startswith("("):
        return array(dims[0], re.match(r"\([^()]*\) (\w+)", text).group(1), text, dtype, rng)
    if text.startswith("str"):  # the first of the names that it may be
        return re.search(r'"(\w+)"', text).group(1)
    least = re.search(r"\{(\d+), \.\.\.", text)  # of int
    return {"int": int(least.group(1)) if least else 1, "float": 0.5}[re.match(r"\w+", text).group()]


def arguments(function, dtype=np.float64):
    rng = np.random.default_rng(0)
    parameters = inspect.signature(function).parameters
    wanted = kinds(function)
    assert list(wanted) == list(parameters), "the Args section names the parameters, in order"
    made = {name: make(text, dtype, rng) for name, text in wanted.items()}
    for name in ("K", "kh", "kw"):  # a size that is an argument
        if isinstance(made.get(name), int):
            made[name] = SIZES[name]
    return made


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dlmath_ref.Dual):
        return same([a.re, a.du], [b.re, b.du])
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else True


def floating(value):
    if isinstance(value, (list, tuple)):
        return [x for v in value for x in floating(v)]
    if isinstance(value, dlmath_ref.Dual):
        return floating([value.re, value.du])
    return [value] if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f" else []


@pytest.mark.parametrize("function", documented(), ids=lambda f: f.__qualname__)
def test_docstring_has_the_sections_in_order(function):
    """One line, then Equation, Args, Returns, Raises, Stability, Source and an example, in that order."""
    text = inspect.getdoc(function)
    assert text.splitlines()[0].endswith(".") and text.splitlines()[1] == ""
    places = [text.find(section) for section in SECTIONS]
    assert -1 not in places, SECTIONS[places.index(-1)]
    assert places == sorted(places)


@pytest.mark.parametrize("module", MODULES)
def test_examples_print_what_they_say(module):
    """The doctests of every module run."""
    found = doctest.testmod(importlib.import_module(module), extraglobs={"np": np})
    assert found.failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_inputs_are_left_alone(name):
    """No argument is modified, and the global generator is not touched."""
    function = getattr(dlmath_ref, name)
    args = arguments(function)
    before, state = copy.deepcopy(args), np.random.get_state()[1].copy()
    function(**args)
    assert all(same(args[key], before[key]) for key in args)
    assert np.array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(name, dtype):
    """Arrays of float32 give arrays of float32; float64 gives float64."""
    function = getattr(dlmath_ref, name)
    args = arguments(function, dtype)
    if any(floating(value) for value in args.values()):
        assert {x.dtype for x in floating(function(**args))} <= {np.dtype(dtype)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_rank_is_refused(name):
    """An array with one axis too many is refused by name with a ShapeError."""
    function = getattr(dlmath_ref, name)
    fixed = [key for key, text in kinds(function).items() if text.startswith("(") and "..." not in text.split(")")[0]]
    for key in fixed:
        args = arguments(function)
        args[key] = args[key][None]
        with pytest.raises(ShapeError, match=rf"{name}: got {key} of shape .*, expected "):
            function(**args)


def test_all_is_sorted_and_complete():
    """Every public name of every module is exported once."""
    public = {
        name
        for module in MODULES[1:]
        if module not in WITH_TORCH and not module.split(".")[-1].startswith("_")
        for name in importlib.import_module(module).__all__
    }
    assert dlmath_ref.__all__ == sorted(public)


def test_importing_the_reference_needs_numpy_alone():
    """No module imports scipy, scikit-learn or torch, but those that say so."""
    text = "".join(inspect.getsource(importlib.import_module(m)) for m in MODULES if m not in WITH_TORCH)
    assert set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE)) <= {
        "numpy",
        "dlmath_ref",
        "dataclasses",
        "itertools",
    }
