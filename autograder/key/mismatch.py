"""The one way in which a check says that an answer is wrong."""

from __future__ import annotations

from typing import Any

__all__ = ["Mismatch"]


class Mismatch(Exception):
    """An answer differs from what was asked.

    Args:
        message: for the student; never holds a value of the answer or of the input.
        got, expected: the values compared, shown only by a part that says `show=True`.
    """

    def __init__(self, message: str, got: Any = None, expected: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.got = got
        self.expected = expected
