"""Conversations with students' code that were had before, and how they ended.

A part of a key asks the same of every student, and what it asks next depends only on what it was answered. So where
all answers are, to the last bit, those of an earlier submission, so are the verdicts: the questions are put again,
in the same order and one at a time, but the references, comparisons and transcripts need not be made again. At the
first answer that was never given, the part's own code takes over, with the answers it has so far.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from autograder.key import Mismatch
from autograder.marking.faults import AnswerFault
from autograder.marking.parts import Run
from autograder.results import Verdict
from autograder.sandbox.tape import Said, Tape

__all__ = ["Conversations", "Ending"]

ROOM = 64 * 2**20  # bytes that are kept
POINT_BYTES = 400  # of a point beside its question, as measured
PART_BYTES = 1000  # ... of how a part ended, beside its words
REPEATABLE = (Verdict.PASS, Verdict.FAIL, Verdict.CRASH)  # verdicts that hang on nothing but the answers


@dataclass(frozen=True)
class Ending:
    """How an exercise was judged: the parts without their transcripts, and the diagnosis."""

    runs: Mapping[str, Run]
    diagnosis: str


@dataclass(slots=True)
class _Point:
    """What is said after certain answers, or how the conversation ends there."""

    frame: bytes = b""
    part: float = 0.0
    then: dict[bytes, _Point] = field(default_factory=dict)
    ending: Ending | None = None


class Conversations:
    """Remembers conversations by exercise, for as long as a worker lives.

    Args:
        room: bytes to keep; all is forgotten when there are more.
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.recalled = self.begun = 0  # how many were held from memory to the end, of how many
        self._points: dict[Hashable, _Point] = {}
        self._frames: dict[bytes, bytes] = {}  # each question once
        self._bytes = 0

    def recall(self, place: Hashable, tape: Tape) -> Ending | None:
        """Hold the conversation as far as it is known; how it ended, None when the student's answers are new."""
        self.begun += 1
        point = self._points.get(place)
        while point is not None and point.ending is None:
            point = point.then.get(tape.exchange(point.frame, point.part))
        if point is None:
            return None
        self.recalled += 1
        return point.ending

    def learn(self, place: Hashable, said: list[Said], ending: Ending) -> None:
        """Keep a conversation that ended in a way that repeats."""
        if not said or not all(map(_repeats, ending.runs.values())):
            return
        if self._bytes > self.room:
            self._points.clear()
            self._frames.clear()
            self._bytes = 0
        point = self._points.setdefault(place, _Point())
        for message in said:
            point.frame, point.part = self._kept(message.frame), message.part
            if message.answer not in point.then:
                point.then[message.answer] = _Point()
                self._bytes += POINT_BYTES
            point = point.then[message.answer]
        if point.ending is None:
            self._bytes += sum(PART_BYTES + len(f"{run.error}{run.shown}") for run in ending.runs.values())
        point.ending = Ending({name: _without_traces(run) for name, run in ending.runs.items()}, ending.diagnosis)

    def _kept(self, frame: bytes) -> bytes:
        if frame not in self._frames:
            self._bytes += len(frame)
        return self._frames.setdefault(frame, frame)


def _repeats(run: Run) -> bool:
    known = run.error is None or isinstance(run.error, (Mismatch, AnswerFault))
    return known and run.verdict in REPEATABLE


def _without_traces(run: Run) -> Run:
    """Verdict, words and error alone: no transcript, no value of the answer, no frames that the error came through."""
    error = run.error
    if error is not None:
        error = error.with_traceback(None)
        error.__cause__ = error.__context__ = None
    if isinstance(error, Mismatch):
        error.got = error.expected = None
    return Run(run.verdict, error, called_back=run.called_back, shown=run.shown)
