"""One batch of grading, as the formgrader's pages show it."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import msgspec

from autograder.files import write_whole

__all__ = ["Run", "remember", "remembered"]

_NUMBERS = itertools.count(1)
INTERRUPTED = 130


class Broken(msgspec.Struct, frozen=True):
    """A submission in which something of ours failed."""

    student: str
    why: tuple[str, ...] = ()


class Run(msgspec.Struct, kw_only=True):
    """A batch: what was asked for, how far it is, what came out."""

    unit: str
    students: tuple[str, ...] = ()  # none: the whole unit
    force: bool = False
    who: str = ""  # who asked first
    number: int = msgspec.field(default_factory=lambda: next(_NUMBERS))
    state: str = "waiting"  # then running, then done, failed or cancelled
    stopping: str = ""  # who cancelled
    done: int = 0
    total: int = 0
    began: float = 0.0  # seconds since 1970
    first: float = 0.0  # when the first news came: what went before was starting up
    first_done: int = 0
    ended: float = 0.0
    graded: int = 0
    unchanged: int = 0
    left: int = 0  # due, but not done
    manual: int = 0  # answers that wait for a person
    verdicts: dict[str, int] = {}
    broken: list[Broken] = []
    message: str = ""
    log: list[str] = []

    def covers(self, other: Run) -> bool:
        """Whether this batch, which has not ended, does all that the other one asks for."""
        if self.unit != other.unit or self.stopping or (other.force and not self.force):
            return False
        return not self.students or (bool(other.students) and set(other.students) <= set(self.students))

    def takes(self, other: Run) -> bool:
        """Add the other's students to this batch, which waits, if that is the same kind of batch."""
        if self.unit != other.unit or self.force != other.force or not self.students or not other.students:
            return False
        self.students = tuple(dict.fromkeys((*self.students, *other.students)))
        return True

    def begin(self) -> None:
        self.state, self.began = "running", time.time()

    def news(self, done: int, total: int) -> None:
        """How far the batch is."""
        if not self.first:
            self.first, self.first_done = time.time(), done
        self.done, self.total = done, total

    def finish(self, state: str, message: str) -> None:
        self.state, self.message, self.ended = state, message, time.time()

    def read(self, code: int, printed: bytes, said: list[str]) -> None:
        """Take over what the command printed: its document, or the document of its failure."""
        self.log = said
        try:
            document = msgspec.json.decode(printed)
            if "error" in document:
                self.finish("failed", document["message"])
                return
            self._count(document)
        except (msgspec.DecodeError, KeyError, TypeError):
            last = f" It said: {said[-1]}" if said else ""
            self.finish("failed", f"The grader ended with code {code} and no result.{last}")
            return
        if code == INTERRUPTED or document["interrupted"]:
            self.finish("cancelled", f"Cancelled by {self.stopping or 'a signal'}; what was done is kept.")
        else:
            self.finish("done", "")

    def _count(self, document: dict[str, Any]) -> None:
        rows = document["graded"]
        self.graded, self.unchanged, self.left = len(rows), document["unchanged"], len(document["due"])
        self.manual = sum(row["manual"] for row in rows)
        for row in rows:
            for verdict, number in row["verdicts"].items():
                self.verdicts[verdict] = self.verdicts.get(verdict, 0) + number
        self.broken = [
            Broken(row["student"], tuple(row["staff"])) for row in rows if row["staff"] or row["verdicts"].get("BROKEN")
        ]
        if not self.left:
            self.done = self.total = self.graded

    def shown(self) -> dict[str, Any]:
        """For a page: with rate and time left."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        seconds = (self.ended or time.time()) - self.began if self.began else 0.0
        since = (self.ended or time.time()) - self.first
        rate = (self.done - self.first_done) / since if self.first and since > 0 else 0.0
        left = (self.total - self.done) / rate if rate and self.state == "running" else None
        return {**document, "seconds": round(seconds, 1), "rate": round(rate, 2), "seconds_left": left and round(left)}


def remember(file: Path, last: dict[str, Run]) -> None:
    """Keep the last batch of each unit, in one step."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(file, msgspec.json.encode(last), 0o600)


def remembered(file: Path) -> dict[str, Run]:
    """What was kept; nothing when there is none or it is of another form."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Run])
    except (OSError, msgspec.MsgspecError):
        return {}
