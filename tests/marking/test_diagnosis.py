"""A failed answer receives the sentence of the known mistake that behaves the same, or none."""

import time

import numpy as np
import pytest

from autograder.marking import LocalAnswers, mark_exercise
from autograder.marking.deadline import Overtime, deadline
from autograder.marking.parts import run_trusted
from tests.marking.keys import body, planted


def diagnosis(key, **objects):
    return mark_exercise(key, LocalAnswers(objects), b"secret").diagnosis


def test_another_writing_of_a_known_mistake_is_recognised(tmp_path):
    """A loop that overflows behaves like the vectorised one that does."""

    def softmax(z):
        return np.array([[np.exp(v) / sum(np.exp(w) for w in row) for v in row] for row in z])

    assert diagnosis(planted(tmp_path), softmax=softmax) == "Subtract the maximum first."


def test_two_sentences_for_one_behaviour_say_nothing(tmp_path):
    """Both rejected answers drop the last column and say it differently."""
    key = planted(tmp_path)
    assert diagnosis(key, softmax=key.rejected[2].targets["softmax"]) == ""


def test_a_mistake_that_passes_where_the_known_one_fails_is_another(tmp_path):
    """Overflow only: the sentence about rows, whose answer also fails the core part, is not said."""
    key = planted(tmp_path)
    right = key.references["softmax"]

    def softmax(z):
        e = np.exp(z - z.max())
        return right(z) if z.shape == (5, 7) else e / e.sum()

    assert diagnosis(key, softmax=softmax) != "Probabilities must sum to 1 in each row."


def test_exceptions_match_by_type(tmp_path):
    """A known crash names its mistake, another exception does not."""
    parts = """
    @key.part("core", weight=1)
    def works(answer, rng): close(answer([1.0, 2.0]), [2.0, 4.0])
    @key.reject("A list cannot be squared.", fails=["works"])
    def squares(x): return x ** 2
    """
    key = planted(tmp_path, body(parts, reference="def f(x): return [2 * v for v in x]"), "f")
    assert diagnosis(key, f=lambda x: x * x) == "A list cannot be squared."

    def f(x):
        raise KeyError

    assert diagnosis(key, f=f) == ""


def test_changed_arguments_and_callback_calls_are_compared(tmp_path):
    """The same values with other side effects are other mistakes."""
    parts = """
    @key.part("core", weight=1)
    def pure(answer, rng):
        x = np.array([1.0, 2.0])
        calls = []
        def g(v):
            calls.append(v)
            return 2 * v
        close(answer(g, x), np.array([2.0, 4.0]))
        check(x[0] == 1.0, "x is changed")
        check(len(calls) == 2, "g must be called once for each entry")
    @key.reject("In place.", fails=["pure"])
    def in_place(g, x):
        for i in range(len(x)): x[i] = g(x[i])
        return x
    @key.reject("Too many calls.", fails=["pure"])
    def twice(g, x): return np.array([(g(v), g(v))[0] for v in x])
    """
    reference = "def f(g, x): return np.array([g(v) for v in x])"
    key = planted(tmp_path, body(parts, reference=reference), "f")

    def in_place(g, x):
        x[:] = [g(v) for v in x]
        return x

    def often(g, x):
        out = []
        for v in x:
            g(v)
            out.append(g(v))
        return np.array(out)

    def thrice(g, x):
        return np.array([(g(v), g(v), g(v))[0] for v in x])

    assert diagnosis(key, f=in_place) == "In place."
    assert diagnosis(key, f=often) == "Too many calls."
    assert diagnosis(key, f=thrice) == ""


MEAN = """
    @key.part("core", weight=1)
    def agrees(answer, rng):
        X = rng.normal(size=(5, 3))
        close(answer(X), f(X))
"""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda X: -(X.T @ X) / len(X), "opposite sign"),
        (lambda X: 2 * (X.T @ X) / len(X), "is twice the expected"),
        (lambda X: X.T @ X / len(X) / 2, "is half of the expected"),
        (lambda X: X.T @ X, "is 5 times the expected one, and axis 0 of argument 1 has size 5: is a mean missing?"),
        (lambda X: X.T @ X / X.size, "divided by 3, and axis 1 of argument 1 has size 3"),
        (lambda X: -(X.T @ X), "opposite sign, and is off by the factor 5"),
        (lambda X: X.T @ X * np.inf, "is not finite"),
        (lambda X: np.ones((3, 3)), ""),
    ],
)
def test_relations_to_the_reference(tmp_path, wrong, sentence):
    """Without a known mistake: sign, factors 2 and the arguments' sizes, finiteness."""
    reference = "def f(X): return X.T @ X / len(X)"
    key = planted(tmp_path, body(MEAN, reference=reference), "f")
    found = diagnosis(key, f=wrong)
    assert (sentence in found) if sentence else found == ""


def test_a_factor_in_one_part_only_is_chance(tmp_path):
    """Twice the result in one part, something else in another: nothing is said; twice in both is."""
    parts = """
    @key.part("core", weight=1)
    def where_all_are_equal(answer, rng): close(answer(np.ones(4)), f(np.ones(4)))
    @key.part("core", weight=1)
    def where_they_differ(answer, rng): close(answer(np.arange(4.0)), f(np.arange(4.0)))
    """
    key = planted(tmp_path, body(parts, reference="def f(x): return x + 1.0"), "f")
    assert diagnosis(key, f=lambda x: x + 3.0) == ""
    assert diagnosis(key, f=lambda x: 2 * x + 2.0) == "Your result is twice the expected one."


def test_transposes_and_permuted_axes(tmp_path):
    """A square transpose agrees in shape; other transposes are told by their shape; a third axis is a permutation."""
    for reference, wrong, sentence in [
        ("def f(X): return X[:3] + np.arange(3.0)", lambda X: (X[:3] + np.arange(3.0)).T, "is the transpose"),
        ("def f(X): return 1 * X", lambda X: X.T, "has the shape of the transpose"),
        ("def f(X): return np.stack([X, 2 * X])", lambda X: np.stack([X, 2 * X], -1).transpose(0, 2, 1), ""),
        (
            "def f(X): return np.multiply.outer(X[:3, 0], np.multiply.outer(X[:3, 1], X[2:, 2]))",
            lambda X: np.multiply.outer(X[:3, 0], np.multiply.outer(X[:3, 1], X[2:, 2])).transpose(1, 2, 0),
            "axes permuted",
        ),
    ]:
        key = planted(tmp_path, body(MEAN, reference=reference), "f")
        found = diagnosis(key, f=wrong)
        assert (sentence in found) if sentence else found == "", (reference, found)


def test_changed_input_is_named_when_the_result_is_right(tmp_path):
    """No known mistake, right values, input changed."""
    parts = """
    @key.part("core", weight=1)
    def shared(answer, rng): standard(answer, (rng.normal(size=(4, 3)),), f)
    """
    key = planted(tmp_path, body(parts, reference="def f(x): return 2 * x"), "f")

    def double(x):
        x *= 2
        return x

    assert diagnosis(key, f=double) == "Your function changes its input: work on a copy."


def test_items_of_tuples_are_named(tmp_path):
    """The first differing item."""

    key = planted(tmp_path, body(MEAN, reference="def f(X): return float(np.mean(X**2)), 2 * X / len(X)"), "f")
    assert diagnosis(key, f=lambda X: (float(np.mean(X**2)), 2 * X)).startswith("Item 2 of your result is 5 times")


def test_known_mistakes_run_once_for_a_class(tmp_path):
    """The second student's diagnosis runs no rejected answer."""
    key = planted(tmp_path)
    part = key.parts[1]
    first = run_trusted(key, part, key.rejected[0], b"secret")
    assert run_trusted(key, part, key.rejected[0], b"secret") is first
    assert run_trusted(key, part, key.rejected[0], b"other") is not first


def test_a_rejected_answer_that_hangs_is_left_out(tmp_path, monkeypatch):
    """It ends at its limit and matches nobody; another mistake is still found."""
    from autograder.marking import parts as module

    monkeypatch.setattr(module, "TRUSTED_SECONDS", 0.3)
    parts = """
    @key.part("core", weight=1)
    def ends(answer, rng): close(answer(2.0), 4.0)
    @key.reject("It never ends.", fails=["ends"])
    def endless(x):
        while True: pass
    @key.reject("Twice, not thrice.", fails=["ends"])
    def triples(x): return 3 * x
    """
    assert diagnosis(planted(tmp_path, body(parts), "f"), f=lambda x: x + x + x) == "Twice, not thrice."


def test_deadline_ends_python_code_and_nothing_else():
    """Code in time runs on undisturbed after the block."""
    with pytest.raises(Overtime), deadline(0.1):
        while True:
            pass
    with deadline(0.05):
        pass
    ends = time.monotonic() + 0.15
    while time.monotonic() < ends:
        pass
