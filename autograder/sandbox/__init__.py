"""The trusted end of the sandbox: start, isolate, talk, limit.

box      `Sandbox`, a warm zygote          session  `Session`, one notebook, `CellOutcome`
branch   `Branch`, calls on a fork         remote   `Remote` stand-ins, `expose`
limits   `Limits`                          errors   what can go wrong with an answer
"""

from typing import TYPE_CHECKING

from autograder.lazy import from_modules

if TYPE_CHECKING:
    from autograder.sandbox.box import Sandbox
    from autograder.sandbox.branch import Branch
    from autograder.sandbox.errors import (
        AnswerBlocked,
        AnswerCrashed,
        AnswerError,
        AnswerRaised,
        AnswerTimeout,
        AnswerUnusable,
        NotDefined,
    )
    from autograder.sandbox.limits import Limits
    from autograder.sandbox.remote import Remote, expose, remote_name, remote_type
    from autograder.sandbox.session import CellOutcome, Session

__all__ = [
    "AnswerBlocked",
    "AnswerCrashed",
    "AnswerError",
    "AnswerRaised",
    "AnswerTimeout",
    "AnswerUnusable",
    "Branch",
    "CellOutcome",
    "Limits",
    "NotDefined",
    "Remote",
    "Sandbox",
    "Session",
    "expose",
    "remote_name",
    "remote_type",
]

__getattr__ = from_modules(
    __name__,
    {
        "AnswerBlocked": "errors",
        "AnswerCrashed": "errors",
        "AnswerError": "errors",
        "AnswerRaised": "errors",
        "AnswerTimeout": "errors",
        "AnswerUnusable": "errors",
        "Branch": "branch",
        "CellOutcome": "session",
        "Limits": "limits",
        "NotDefined": "errors",
        "Remote": "remote",
        "Sandbox": "box",
        "Session": "session",
        "expose": "remote",
        "remote_name": "remote",
        "remote_type": "remote",
    },
)
