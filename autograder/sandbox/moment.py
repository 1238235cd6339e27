"""A notebook as it stood after some of its cells: a process that waits, to be forked when all cells have run."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from autograder.sandbox.inside.wire import Channel

if TYPE_CHECKING:
    from autograder.sandbox.branch import Branch
    from autograder.sandbox.limits import Limits
    from autograder.sandbox.session import Session

__all__ = ["Moment"]


class Moment:
    """One point of a session.

    Attributes:
        channel: to the process that waits; None when there is none, and the session has to make it again.
        number: by which the session's process knows it.
        over: it is not made again, unless it is asked for: later ones need the room.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.channel: Channel | None = None
        self.number = 0
        self.over = False

    @property
    def limits(self) -> Limits:
        return self.session.limits

    def fork(
        self, bans: Any = None, seconds: float | None = None, tape: bool = False, last: bool = False
    ) -> AbstractContextManager[Branch]:
        """A fork of the notebook as it stood then; see `Session.fork`."""
        return self.session.fork(bans, seconds, tape, self, last)

    def drop(self) -> None:
        """The process is gone, or not wanted any more."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None
