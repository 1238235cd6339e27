"""An error that an answer must raise: asked for by its kind, told in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.key import Key, raises
from autograder.marking import LocalAnswers, mark_exercise
from autograder.results import Verdict


def inverse(x: float) -> float:
    if x == 0:
        raise ValueError(x)
    return 1 / x


def key_of_inverse() -> Key:
    key = Key("u/inverse", reference=inverse)

    @key.part("core", weight=1)
    def zero_is_refused(answer: Any, rng: np.random.Generator) -> None:
        raises(ValueError, lambda: answer(0.0), "For zero")

    return key


def refuses_in_numpys_words(x: float) -> float:
    raise np.linalg.LinAlgError("singular")


def fails_otherwise(x: float) -> float:
    return 1 / x


class Zero(ValueError):
    """A student's own."""


def refuses_in_own_words(x: float) -> float:
    raise Zero(x)


@pytest.mark.parametrize("answer", [inverse, refuses_in_numpys_words, refuses_in_own_words])
def test_the_error_passes(answer: Any) -> None:
    """The kind that is asked for, or one derived from it."""
    result = mark_exercise(key_of_inverse(), LocalAnswers({"inverse": answer}), b"secret")
    assert result.verdict is Verdict.PASS


def test_a_value_fails() -> None:
    """No error: the student is told which one was expected, and when."""
    result = mark_exercise(key_of_inverse(), LocalAnswers({"inverse": lambda x: x}), b"secret")
    assert result.parts[0].message == "For zero, a ValueError must be raised."


def test_another_error_is_told_as_it_is() -> None:
    """An accident is no refusal."""
    result = mark_exercise(key_of_inverse(), LocalAnswers({"inverse": fails_otherwise}), b"secret")
    assert result.parts[0].verdict is Verdict.CRASH and "ZeroDivisionError" in result.parts[0].message
