"""The one error of intake."""

from autograder.errors import AutograderError

__all__ = ["IntakeError"]


class IntakeError(AutograderError):
    """A file of a submission cannot be used; the text is one sentence or two for the student.

    It concerns one file: the other notebooks of the submission are graded.
    """

    exit_code = 1
