"""What an attacking submission is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BASELINE", "WRONG", "Attack"]

WRONG = "def double(x):\n    return x\n"  # earns nothing
RIGHT = (
    "def softmax(z):\n    e = np.exp(z - z.max(axis=-1, keepdims=True))\n    return e / e.sum(axis=-1, keepdims=True)\n"
)
BASELINE = 5.0  # what the wrong double and the right softmax earn together


@dataclass(frozen=True)
class Attack:
    """A submission with a wrong `double`, a right `softmax`, and an attempt to gain by it.

    Args:
        row: of docs/threat_model.md.
        name: what is tried.
        cell: code in a cell of its own, in front of the answers.
        double: text of the cell that should define `double`.
        keeps: points that must be left; None when the attack may also cost its own right answer.
        cell_metadata: of the cell of its own.
        change: what is done to the notebook's cells before it is handed in.
    """

    row: int
    name: str
    cell: str = ""
    double: str = WRONG
    keeps: float | None = BASELINE
    cell_metadata: dict[str, Any] = field(default_factory=dict)
    change: Callable[[list[dict[str, Any]]], None] | None = None

    @property
    def student(self) -> str:
        """A user name from the attack's own."""
        words = "".join(c if c.isalnum() else " " for c in self.name.lower()).split()
        return f"r{self.row:02d}_{'_'.join(words)}"
