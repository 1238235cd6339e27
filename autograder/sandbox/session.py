"""The trusted end of one notebook: its cells run one after the other, its branches answer calls."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Protocol

import msgspec

from autograder.errors import SandboxError
from autograder.sandbox.branch import Branch
from autograder.sandbox.errors import AnswerCrashed, AnswerTimeout
from autograder.sandbox.inside.clock import WALL_FACTOR
from autograder.sandbox.inside.decoder import Decoder
from autograder.sandbox.inside.encoder import Encoder
from autograder.sandbox.inside.talk import bounded
from autograder.sandbox.inside.wire import Bounds, Channel, ChannelClosed, ProtocolViolation, TooLate
from autograder.sandbox.limits import Limits
from autograder.sandbox.outputs import checked_outputs, plain
from autograder.sandbox.tape import Tape

__all__ = ["CellOutcome", "Session"]

_GRACE_SECONDS = 3.0  # beyond the time at which a process interrupts itself
_FORK_SECONDS = 10.0
_START_SECONDS = 30.0
_PATIENCE = 1.0  # until a branch that hung up has ended
_WORTH_A_CHECK = 0.05  # seconds in which a cell can have filled the memory


class CellOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a cell ended."""

    status: str  # "ok", "error", "timeout" or "crash"
    outputs: list[dict[str, Any]] = []  # nbformat outputs
    error: str = ""  # "Name: message"
    seconds: float = 0.0


class _Process(Protocol):
    channel: socket.socket

    def kill(self) -> str: ...

    def wait(self, seconds: float) -> str: ...

    def check(self) -> str: ...


class _Box(Protocol):
    @property
    def limits(self) -> Limits: ...

    def spawn(self, files: Path | None = None) -> _Process: ...


class _Bans(Protocol):
    @property
    def modules(self) -> frozenset[str]: ...

    @property
    def calls(self) -> frozenset[str]: ...


class Session:
    """One notebook of one submission.

    A cell that kills or hangs its process costs only itself: the cells that ended before it run again in a new
    process, as long as the submission has time left.

    Attributes:
        killed: whether a process of it ended as one does that somebody else kills: the system when memory runs short,
            an operator. Student code can do that to itself, too.
    """

    def __init__(self, box: _Box, files: Path | None = None) -> None:
        self.box, self.files, self.limits = box, files, box.limits
        self._bounds = Bounds(value_bytes=self.limits.value_bytes, depth=self.limits.depth)
        self._done: list[tuple[str, Sequence[str]]] = []  # the cells that can be run again, and what they leave alone
        self._process: _Process | None = None
        self._channel: Channel | None = None
        self._ends = time.monotonic() + self.limits.submission_seconds
        self.killed = False
        self.start_seconds = 0.0  # until its processes were ready

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process and all that it started."""
        process, self._process, self._channel = self._process, None, None
        if process is not None:
            process.kill()

    @property
    def seconds_left(self) -> float:
        """Wall time that the submission may still use."""
        return max(0.0, self._ends - time.monotonic())

    # Cells

    def run_cell(self, source: str, cell_id: str = "", keep: Sequence[str] = ()) -> CellOutcome:
        """Run a cell after those before it.

        Args:
            keep: names that mean afterwards what they meant before.
        """
        if self.seconds_left == 0:
            return CellOutcome(status="timeout", error=self._overtime())
        try:
            self._ready()
        except (AnswerCrashed, AnswerTimeout) as lost:
            return CellOutcome(status="crash", error=str(lost))
        outcome = self._run(source, keep)
        if outcome.status in ("ok", "error"):
            self._done.append((source, keep))
        return outcome

    def _run(self, source: str, keep: Sequence[str]) -> CellOutcome:
        """Run a cell in the process that there is; when it dies, it is gone."""
        assert self._process is not None
        start = time.monotonic()
        seconds = min(self.limits.cell_seconds, self.seconds_left)
        try:
            reply = self._ask("cell", source, seconds, list(keep), wall=WALL_FACTOR * seconds + _GRACE_SECONDS)
            match reply:
                case ["ok" | "error" | "timeout" as status, outputs, str(error), float(took)] if 0 <= took < math.inf:
                    checked = checked_outputs(outputs)
                    if time.monotonic() - start > _WORTH_A_CHECK and self._process.check() != "running":
                        raise ChannelClosed  # what this cell leaves behind is too much: the next one is not to blame
                    return CellOutcome(status=status, outputs=checked, error=bounded(error), seconds=took)
            raise ProtocolViolation("a reply that is no outcome of a cell")
        except TooLate:
            status, why = "timeout", f"the cell took longer than {seconds:g} s and could not be interrupted"
        except ChannelClosed:
            status, why = "crash", self._reason()
        except ProtocolViolation as error:
            status, why = "crash", f"the process broke the protocol: {error}"
        self.close()
        return CellOutcome(status=status, outputs=[_shown(status, why)], error=why, seconds=time.monotonic() - start)

    def _ask(self, *message: Any, wall: float, fds: tuple[int, ...] = ()) -> Any:
        assert self._channel is not None
        e = Encoder(self._bounds, _refuse)
        deadline = time.monotonic() + wall
        structure = [e.encode(part) if isinstance(part, str) else part for part in message]
        self._channel.send(structure, e.bulks, deadline, fds)
        structure, bulks = self._channel.receive(deadline)
        return plain(Decoder(self._bounds, bulks, _violate).decode(structure))

    def _ready(self, *, forks: bool = False) -> None:
        """A process in which the earlier cells have run; `forks`: without those after which it cannot be forked."""
        if self._running():
            return
        began = time.monotonic()
        self._process = self.box.spawn(self.files)
        self._channel = Channel(self._process.channel, self._bounds)
        self._greet()
        self.start_seconds += time.monotonic() - began
        replay, self._done = self._done, []
        for number, (source, keep) in enumerate(replay, start=1):
            if self.seconds_left == 0:
                raise AnswerTimeout(self._overtime())
            status = self._run(source, keep).status
            if self._running() and forks:
                self._try_fork()
            if self._running() and status in ("ok", "error"):
                self._done.append((source, keep))
            if not self._running():  # it died where it lived before: without this cell, once more
                self._done += replay[number:]
                return self._ready(forks=forks)

    def _running(self) -> bool:
        return self._process is not None

    def _greet(self) -> None:
        """Wait until the process is ready; no student code has run yet, so what fails here is our fault."""
        assert self._channel is not None
        try:
            self._channel.receive(time.monotonic() + _START_SECONDS)
        except (TooLate, ChannelClosed, ProtocolViolation):
            why = self._reason()
            self.close()
            raise SandboxError(f"sandbox: a new process did not get ready: {why}.") from None

    def _reason(self) -> str:
        """Why the process is gone, in words."""
        assert self._process is not None
        status = self._process.wait(_GRACE_SECONDS)
        status = self._process.kill() if status == "running" else status
        if status.startswith("fault"):
            raise SandboxError(f"sandbox: {status}")
        self.killed |= status in _FROM_OUTSIDE
        return _REASONS.get(status, f"the process ended ({status})")

    def _overtime(self) -> str:
        return f"the submission used up its {self.limits.submission_seconds:g} s"

    # Branches

    @contextmanager
    def fork(self, bans: _Bans | None = None, seconds: float | None = None, tape: bool = False) -> Iterator[Branch]:
        """A fork of the process as it stands; gone at the end of the context.

        Args:
            bans: modules and calls that are refused in it.
            seconds: of one request; the limit of a part unless given.
            tape: keep what is said: the branch's channel is a Tape.

        Raises:
            AnswerCrashed: there is no process to fork, and none can be made.
            AnswerTimeout: the submission has used up its time.
        """
        for forks in (False, True):
            if self.seconds_left == 0:
                raise AnswerTimeout(self._overtime())
            self._ready(forks=forks)  # a cell may have used up threads or descriptors
            opened = self._open_branch(bans)
            if opened is not None:
                break
        else:
            raise AnswerCrashed("the process does not answer")
        near, number = opened
        channel = Tape(near) if tape else near
        branch = Branch(channel, seconds or self.limits.part_seconds, lambda: self._end_branch(number, _PATIENCE))
        try:
            yield branch
        finally:
            branch.close()
            self._end_branch(number, 0.0)

    def _open_branch(self, bans: _Bans | None) -> tuple[Channel, int] | None:
        """A fork's channel and number; None when the process could not be forked, and is ended."""
        ours, theirs = socket.socketpair()
        try:
            modules, calls = (sorted(bans.modules), sorted(bans.calls)) if bans else ([], [])
            number = self._ask("fork", modules, calls, wall=_FORK_SECONDS, fds=(theirs.fileno(),))
            if type(number) is not int:
                raise ProtocolViolation("a branch without number")
            return Channel(ours, self._bounds), number
        except (TooLate, ChannelClosed, ProtocolViolation):
            ours.close()
            self.close()
            return None
        finally:
            theirs.close()

    def _try_fork(self) -> None:
        """Make a branch and end it; a process that cannot do that is ended."""
        opened = self._open_branch(None)
        if opened is not None:
            channel, number = opened
            channel.close()
            self._end_branch(number, _PATIENCE)  # gone and reaped: it would leave room for one more

    def _end_branch(self, number: int, patience: float) -> str:
        """Have the trunk kill and reap a branch; how it had ended by itself. A trunk that cannot is ended."""
        if self._channel is None:
            return ""
        try:
            how = self._ask("end", number, patience, wall=_FORK_SECONDS)
            self.killed |= type(how) is str and how.endswith(("SIGKILL", "SIGTERM"))
            return bounded(how, 200) if type(how) is str else ""
        except (TooLate, ProtocolViolation):
            self.close()
            return ""
        except ChannelClosed:
            why = self._reason()
            self.close()
            return why


_FROM_OUTSIDE = ("lost", "signal 9", "signal 15")
_REASONS = {
    "memory": "the process used more memory than allowed",
    "disk": "the process wrote more files than allowed",
    "killed": "the process was ended",
    "lost": "the process was lost",
    "signal 11": "the process was ended by SIGSEGV",
    "signal 9": "the process was ended by SIGKILL",
    "signal 6": "the process was ended by SIGABRT",
}


def _shown(status: str, why: str) -> dict[str, Any]:
    name = "TimeoutError" if status == "timeout" else "DeadKernelError"
    return {"output_type": "error", "ename": name, "evalue": why, "traceback": [f"{name}: {why}"]}


def _refuse(value: Any) -> NoReturn:
    raise TypeError(f"got {type(value).__name__}, expected text")


def _violate(tag: int, rest: Any) -> NoReturn:
    raise ProtocolViolation("an object where data is expected")
