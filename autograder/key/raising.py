"""Errors that an answer must raise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from autograder.key.comparators import check

__all__ = ["Raised", "raises"]


class Raised(Exception):
    """What was called gave no value.

    Attributes:
        kind: name of the exception type, "" unless the code raised.
        builtin: name of the builtin type that this is, or is derived from.
    """

    kind = builtin = ""


def raises(kind: type[Exception], call: Callable[[], Any], when: str) -> None:
    """The call must raise an exception of this kind, or of one derived from it.

    Args:
        call: `lambda: answer(x)`.
        when: completes the sentence for the student: "Where a class is missing".
    """
    try:
        call()
    except Raised as fault:
        if not {fault.kind, fault.builtin} & set(_names(kind)):
            raise
    else:
        check(False, f"{when}, a {kind.__name__} must be raised.")


def _names(kind: type[Exception]) -> Iterator[str]:
    yield kind.__name__
    for derived in kind.__subclasses__():
        yield from _names(derived)
