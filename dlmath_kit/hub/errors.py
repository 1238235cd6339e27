"""What can go wrong for a student, as sentences."""

from __future__ import annotations

import errno
import shutil

__all__ = ["Refusal", "explain"]

FULL = (
    "The disk is full, so nothing was changed. Delete files that you no longer need (in JupyterLab also empty the "
    "trash), or tell your lecturer if your own folder is small."
)
EXCHANGE = (
    "The course's exchange folder cannot be used at the moment. Your work is safe in your own folder. "
    "Tell your lecturer, and try again later."
)
UNEXPECTED = "Something went wrong on our side, and nothing was changed. Tell your lecturer when it happened."


class Refusal(Exception):
    """A request that is not done, with the sentence that says why.

    Args:
        sentence: for the student; says what to do next where that is certain.
        status: of the HTTP answer.
    """

    def __init__(self, sentence: str, status: int = 409) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


def explain(error: BaseException) -> Refusal:
    """The sentence for any exception that nbgrader's exchange or the file system raised."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, shutil.Error):
        return _copying(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _system(error.errno)
    module = type(error).__module__.split(".")[0]
    if module == "requests" or type(error).__name__.startswith("Jupyterhub"):
        return Refusal("The hub does not answer, so it is not known whether you are enrolled. Try again later.", 503)
    if type(error).__name__ == "ExchangeError":
        return _exchange(str(error))
    return Refusal(UNEXPECTED, 500)


def _system(number: int) -> Refusal:
    if number in (errno.ENOSPC, errno.EDQUOT):
        return Refusal(FULL, 507)
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ESTALE, errno.EIO):
        return Refusal(EXCHANGE, 503)
    return Refusal(UNEXPECTED, 500)


def _copying(error: shutil.Error) -> Refusal:
    """shutil.copytree keeps the text alone of what it met, one entry a file."""
    text = str(error)
    if f"[Errno {errno.ENOSPC}]" in text or f"[Errno {errno.EDQUOT}]" in text:
        return Refusal(FULL, 507)
    return Refusal(EXCHANGE, 503)


def _exchange(text: str) -> Refusal:
    if "do not have access" in text:
        return Refusal("You are not enrolled in this course. Ask your lecturer to enrol you.", 403)
    if "student ID" in text:
        return Refusal("Your user name holds a sign that a submission cannot carry. Tell your lecturer.", 409)
    return Refusal(EXCHANGE, 503)
