"""A submission's result between the worker that graded it and the writer; needs nothing of nbgrader."""

from __future__ import annotations

import msgspec

from autograder.record.answers import NotebookAnswers
from autograder.results import SubmissionResult

__all__ = ["Graded"]


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """A submission's result on its way to the gradebook."""

    result: SubmissionResult
    answers: dict[str, NotebookAnswers] = {}  # by notebook
    before: dict[str, NotebookAnswers] = {}  # the same when it was last recorded
    notebooks: dict[str, bytes] = {}  # executed notebooks, by name
    # How it came about. Never stored: two machines store the same for the same submission.
    phases: dict[str, float] = {}  # name -> seconds
    worker: str = ""  # host and process
