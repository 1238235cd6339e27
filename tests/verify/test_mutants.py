"""Mutants resemble students' mistakes, are named stably, and leave the text of a solution otherwise alone."""

from __future__ import annotations

import pytest

from autograder.verify.mutants import mutants


def names(source: str) -> list[str]:
    return [m.name for m in mutants(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a, b):\n    return a + b", {"a + b -> a - b", "a + b -> a", "a + b -> b"}),
        ("def f(x):\n    return x / 2", {"x / 2 -> x * 2", "x / 2 -> x", "2 -> 3", "2 -> 1"}),
        ("def f(x):\n    return -x", {"-x -> x"}),
        ("def f(x):\n    return x.T", {"x.T -> x"}),
        ("def f(a, b):\n    return a < b", {"a < b -> a <= b", "a < b -> a > b"}),
        ("def f(x):\n    return x.copy()", {"x.copy() -> x"}),
        ("def f(a, b):\n    return g(a, b)", {"g(a, b) -> g(b, a)"}),
        ("def f(x):\n    x += 1\n    return x", {"x += 1 -> x -= 1", "x += 1 -> pass", "1 -> 2", "1 -> 0"}),
        ("def f():\n    return g(keepdims=True)", {"g(keepdims=True) -> g()", "True -> False"}),
    ],
)
def test_each_kind_of_change(source: str, expected: set[str]) -> None:
    """The changes of one expression are exactly these."""
    assert set(names(source)) == expected


def test_same_change_twice_is_numbered() -> None:
    """Two places with the same text have two names."""
    assert [n for n in names("def f(x):\n    return (-x, -x)") if "-x" in n] == ["-x -> x", "-x -> x [2]"]


def test_docstrings_annotations_and_raises_stay() -> None:
    """What changes no answer is not mutated."""
    assert names('def f(x: "int | 3") -> "4":\n    """Add 1 + 1."""\n    raise ValueError("a" + str(1 + 1))') == []


def test_every_mutant_is_python_and_differs() -> None:
    """Each mutant compiles and is not the original."""
    source = (
        "def f(z, axis=-1):\n    m = z.max(axis=axis, keepdims=True)\n    return m + np.log(np.exp(z - m).sum(axis))\n"
    )
    texts = [m.source for m in mutants(source)]
    assert len(texts) == len(set(texts)) > 8
    for text in texts:
        compile(text, "mutant", "exec")
