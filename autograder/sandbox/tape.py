"""A channel that keeps what was said on it, and can begin with what was said before.

What the marker says next depends on nothing but what it was answered so far. So a conversation can be held by looking
up what was said at this point the last time, without computing it again; where the answer is a new one, the marker's
code runs on the answers so far and goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.sandbox.inside.clock import WALL_FACTOR
from autograder.sandbox.inside.wire import Channel, ChannelClosed, ProtocolViolation, TooLate, awake

__all__ = ["Diverged", "Said", "Tape", "wall_seconds"]

_GRACE_SECONDS = 2.0  # beyond the time at which the process interrupts itself
_ROOM = 16 * 2**20  # bytes of what the marker says; a function of its own may answer with as much as it is given
_SAID_BYTES = 300  # of a message beside its frame
_Frame = tuple[bytearray, list[bytearray]]


def wall_seconds(seconds: float) -> float:
    """How long to wait for a process that has this much CPU time."""
    return WALL_FACTOR * seconds + _GRACE_SECONDS


class Diverged(BaseException):
    """The marker says something else than at the same point before: the conversation must begin anew."""


@dataclass
class Said:
    """One message and its answer.

    Args:
        frame: the message as sent.
        part: seconds of the part that it begins, 0 within a part.
        answer: digest of the answer.
    """

    frame: bytes
    part: float
    answer: bytes = b""


class Tape(Channel):
    """The marker's end of a channel, with a record of what is said on it.

    Attributes:
        said: the conversation so far, or the end of one that was too long to be kept.
        whole: nothing of it is missing.
    """

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel.sock, channel.bounds)
        self.said: list[Said] = []
        self.whole = True
        self._left = _ROOM
        self._answers: list[_Frame | Exception] = []  # those that were received ahead of the marker's code
        self._room = channel.bounds.value_bytes  # for these
        self._spoken = self._heard = 0
        self._part = 0.0
        self._deadline = 0.0

    def begin_part(self, seconds: float) -> None:
        """The next message begins a part."""
        self._part = seconds

    # Ahead of the marker's code

    def exchange(self, frame: bytes, part: float) -> bytes:
        """Say what was said before, and keep the answer for the marker's code.

        Returns:
            The answer's digest; b"" when none came, or when so much is kept that the marker's code should go on.
        """
        said = Said(frame, part)
        self.said.append(said)
        if part:
            self._deadline = awake() + wall_seconds(part)
        try:
            self.write([frame], self._deadline)
            payload, bulks = self._answer(said, self._deadline)
            self._answers.append((payload, bulks))
            self._room -= len(payload) + sum(map(len, bulks))
        except (TooLate, ChannelClosed, ProtocolViolation) as error:
            self._answers.append(error)
        return said.answer if self._room >= 0 else b""

    def _answer(self, said: Said, deadline: float | None) -> _Frame:
        payload, bulks = self.read(deadline)
        digest = hashlib.blake2b(digest_size=32)
        for piece in (payload, *bulks):
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
        said.answer = digest.digest()
        return payload, bulks

    # As a channel

    def send(
        self, structure: Any, bulks: Sequence[Any] = (), deadline: float | None = None, fds: Sequence[int] = ()
    ) -> None:
        frame, part = b"".join(self.frame(structure, bulks)), self._part
        self._part = 0.0
        self._spoken += 1
        if self._spoken <= len(self._answers):
            if self.said[self._spoken - 1].frame != frame:
                raise Diverged
            return
        self._keep(Said(frame, part))
        self.write([frame], deadline, fds)

    def receive(self, deadline: float | None = None, fds: list[int] | None = None) -> tuple[Any, list[bytearray]]:
        self._heard += 1
        if self._heard <= len(self._answers):
            answer = self._answers[self._heard - 1]
            if isinstance(answer, Exception):
                raise answer
        else:
            answer = self._answer(self.said[-1], deadline)
        payload, bulks = answer
        return self.decode(payload), bulks

    def _keep(self, said: Said) -> None:
        self._left -= len(said.frame) + _SAID_BYTES
        if self._left < 0:
            self.whole = False
            self.said.clear()
        self.said.append(said)
