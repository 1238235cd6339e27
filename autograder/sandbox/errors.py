"""What can go wrong with an answer, each with the words a student may read."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "AnswerBlocked",
    "AnswerCrashed",
    "AnswerError",
    "AnswerRaised",
    "AnswerTimeout",
    "AnswerUnusable",
    "NotDefined",
]


class AnswerError(Exception):
    """The student's code did not give a usable result."""


class NotDefined(AnswerError):
    """The name is not defined after the student's cells."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: not defined.")
        self.name = name


class AnswerRaised(AnswerError):
    """The student's code raised an exception.

    Attributes:
        type_name: the exception's type, with its module unless builtin or the student's own.
        message: its text, shortened.
        lines: the lines of the traceback that lie in the student's cells, outermost first.
        builtin: name of the builtin type that it is, or is derived from.
    """

    def __init__(self, type_name: str, message: str, lines: Sequence[str] = (), builtin: str = "") -> None:
        super().__init__(f"{type_name}: {message}" if message else type_name)
        self.type_name, self.message, self.lines, self.builtin = type_name, message, tuple(lines), builtin


class AnswerTimeout(AnswerError):
    """The student's code took too long."""


class AnswerCrashed(AnswerError):
    """The student's process died; `reason` says how."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AnswerBlocked(AnswerError):
    """A module or call that the exercise forbids, or a message that no honest process sends; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class AnswerUnusable(AnswerError):
    """The result cannot be used; `what` names it: "a numpy array of dtype object"."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
