"""What an attacking submission is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["BASELINE", "FULL", "HIDDEN", "IN_LETTERS", "RIGHT_DOUBLE", "RIGHT_SOFTMAX", "WRONG", "Attack"]

WRONG = "def double(x):\n    return x\n"  # earns nothing
RIGHT_DOUBLE = "def double(x):\n    return 2 * np.asarray(x)\n"
RIGHT_SOFTMAX = (
    "def softmax(z):\n    e = np.exp(z - z.max(axis=-1, keepdims=True))\n    return e / e.sum(axis=-1, keepdims=True)\n"
)
BASELINE = 5.0  # what the wrong double and the right softmax earn together
FULL = 100.0  # without the written answer, which a person marks
HIDDEN = "73510625"  # a number in an input of a hidden part: nobody may see it
IN_LETTERS = "".join("abcdefghij"[int(digit)] for digit in HIDDEN)


@dataclass(frozen=True)
class Attack:
    """A submission with a wrong `double`, a right `softmax`, and an attempt to gain by it.

    Args:
        row: of docs/threat_model.md.
        name: what is tried.
        cell: code in a cell of its own, in front of the answers.
        double: text of the cell that should define `double`.
        after: code in a cell of its own, behind the last test.
        written: the written answer.
        most: points that the same submission earns without the attack.
        keeps: points that must be left; None when the attack may also cost its own right answer.
        fence: whether only a fence around the process stops it, which level "rlimits" does not have.
        signals: whether it would end other programs of the same user, were it not stopped.
        student: user name; made from the attack's name unless given.
        cell_metadata: of the cell of its own.
        change: what is done to the notebook's cells before it is handed in.
        document: what is done to the whole notebook; bytes are handed in as they are.
        place: what is put into the submission's folder besides: called with the folder and the class's folder.
    """

    row: int
    name: str
    cell: str = ""
    double: str = WRONG
    after: str = ""
    written: str = "It doubles."
    most: float = BASELINE
    keeps: float | None = BASELINE
    fence: bool = False
    signals: bool = False
    student: str = ""
    cell_metadata: dict[str, Any] = field(default_factory=dict)
    change: Callable[[list[dict[str, Any]]], None] | None = None
    document: Callable[[dict[str, Any]], bytes] | None = None
    place: Callable[[Path, Path], None] | None = None

    def __post_init__(self) -> None:
        if not self.student:
            words = "".join(c if c.isascii() and c.isalnum() else " " for c in self.name.lower()).split()
            object.__setattr__(self, "student", f"r{self.row:02d}_{'_'.join(words)}")
