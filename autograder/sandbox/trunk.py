"""The process of a notebook, of which all others of that notebook are forks."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, NoReturn, Protocol

from autograder.errors import SandboxError
from autograder.sandbox.inside.decoder import Decoder
from autograder.sandbox.inside.encoder import Encoder
from autograder.sandbox.inside.wire import Bounds, Channel, ChannelClosed, ProtocolViolation, TooLate, awake
from autograder.sandbox.limits import Limits
from autograder.sandbox.outputs import plain

__all__ = ["LOST", "Box", "Trunk"]

LOST = (TooLate, ChannelClosed, ProtocolViolation)  # a process that ends so cannot be spoken with any more
_GRACE_SECONDS = 3.0
_FORK_SECONDS = 10.0
_START_SECONDS = 30.0
_BEGINNINGS = 2  # one may be killed by the system while it waits


class Process(Protocol):
    channel: socket.socket

    def kill(self) -> str: ...

    def wait(self, seconds: float) -> str: ...

    def check(self, all_bounds: bool = True) -> str: ...


class Box(Protocol):
    @property
    def limits(self) -> Limits: ...

    @property
    def crowded(self) -> bool: ...

    def spawn(self, files: Path | None = None) -> Process: ...


class Trunk:
    """A process and the channel to it.

    Raises:
        TooLate, ChannelClosed, ProtocolViolation: from every request; the process is of no use after that.
    """

    def __init__(self, process: Process, bounds: Bounds) -> None:
        self.process, self.bounds = process, bounds
        self.channel = Channel(process.channel, bounds)

    @classmethod
    def begin(cls, box: Box, files: Path | None, bounds: Bounds) -> Trunk:
        """A process that is ready; no student code has run yet, so what fails twice is our fault."""
        for _ in range(_BEGINNINGS):
            trunk = cls(box.spawn(files), bounds)
            try:
                trunk.channel.receive(awake() + _START_SECONDS)
                return trunk
            except LOST:
                how = trunk.end()
        raise SandboxError(f"sandbox: a new process did not get ready: it ended with {how}.")

    def ask(self, *message: Any, wall: float, fds: tuple[int, ...] = (), via: Channel | None = None) -> Any:
        """The reply to a request, by the process or by the one that `via` leads to."""
        channel = via or self.channel
        encoder = Encoder(self.bounds, _refuse)
        deadline = awake() + wall
        structure = [encoder.encode(part) if isinstance(part, str) else part for part in message]
        channel.send(structure, encoder.bulks, deadline, fds)
        structure, bulks = channel.receive(deadline)
        return plain(Decoder(self.bounds, bulks, _violate).decode(structure))

    def open(self, *message: Any, via: Channel | None = None) -> tuple[Channel, int]:
        """A new process, forked as the request says: the channel to it, and its number."""
        ours, theirs = socket.socketpair()
        try:
            number = self.ask(*message, wall=_FORK_SECONDS, fds=(theirs.fileno(),), via=via)
            if type(number) is not int:
                raise ProtocolViolation("a branch without number")
            return Channel(ours, self.bounds), number
        except LOST:
            ours.close()
            raise
        finally:
            theirs.close()

    def end_branch(self, number: int, patience: float, via: Channel | None = None) -> Any:
        """Have a forked process killed and reaped by its parent: how it had ended by itself, in the parent's words."""
        return self.ask("end", number, patience, wall=_FORK_SECONDS, via=via)

    def end(self) -> str:
        """How the process ended, which it is about to do or is made to."""
        status, killed = self.process.wait(_GRACE_SECONDS), self.process.kill()
        return killed if status == "running" else status


def _refuse(value: Any) -> NoReturn:
    raise TypeError(f"got {type(value).__name__}, expected text")


def _violate(tag: int, rest: Any) -> NoReturn:
    raise ProtocolViolation("an object where data is expected")
