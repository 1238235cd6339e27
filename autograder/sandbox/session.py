"""The trusted end of one notebook: its cells run one after the other, its branches answer calls."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import msgspec

from autograder.errors import SandboxError
from autograder.sandbox.branch import Branch
from autograder.sandbox.endings import FROM_OUTSIDE, REASONS, how_it_ended, shown
from autograder.sandbox.errors import AnswerCrashed, AnswerTimeout
from autograder.sandbox.inside.clock import WALL_FACTOR
from autograder.sandbox.inside.talk import bounded
from autograder.sandbox.inside.wire import Bounds, Channel, ChannelClosed, ProtocolViolation, TooLate, awake
from autograder.sandbox.moment import Moment
from autograder.sandbox.outputs import checked_outputs
from autograder.sandbox.tape import Tape
from autograder.sandbox.trunk import LOST, Box, Trunk

__all__ = ["CellOutcome", "Session"]

_GRACE_SECONDS = 3.0  # beyond the time at which a process interrupts itself
_PATIENCE = 1.0  # until a branch that hung up has ended
_WORD = re.compile(r"[^\W\d]\w*")
_WORTH_A_CHECK = 0.05  # seconds in which a cell can have filled the memory; processes are started in less
_SOON_REPEATED = 1.0  # seconds of all cells together
_WAITING = 32  # moments at once: each is a process, of which a submission may have 64
_GIVEN = -1  # instead of a number: the process of this moment was given away


class CellOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a cell ended."""

    status: str  # "ok", "error", "timeout" or "crash"
    outputs: list[dict[str, Any]] = []  # nbformat outputs
    error: str = ""  # "Name: message"
    seconds: float = 0.0


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

    def __init__(self, box: Box, files: Path | None = None) -> None:
        self.box, self.files, self.limits = box, files, box.limits
        self._bounds = Bounds(value_bytes=self.limits.value_bytes, depth=self.limits.depth)
        # what can be gone through again: cells with what they leave alone, and moments that are kept
        self._done: list[tuple[str, Sequence[str]] | Moment] = []
        self._trunk: Trunk | None = None
        self._ends = awake() + self.limits.submission_seconds
        self._words: set[str] = set()  # in the texts of its cells
        self._latest: Moment | None = None  # kept since the last cell
        self._cell_seconds = 0.0  # of those cells
        self._given = self._again_made = False  # is a process given away; had one to be made again
        self.killed = False
        self.start_seconds = 0.0  # until its processes were ready

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process and all that it started."""
        for moment in self._moments():
            moment.drop()
        trunk, self._trunk = self._trunk, None
        if trunk is not None:
            trunk.process.kill()

    @property
    def seconds_left(self) -> float:
        """Wall time that the submission may still use."""
        return max(0.0, self._ends - awake())

    # Cells

    def run_cell(self, source: str, cell_id: str = "", keep: Sequence[str] = ()) -> CellOutcome:
        """Run a cell after those before it.

        Args:
            keep: names that mean afterwards what they meant before.
        """
        self._latest = None
        self._words.update(_WORD.findall(source))
        if self.seconds_left == 0:
            return CellOutcome(status="timeout", error=self._overtime())
        try:
            self._ready()
        except AnswerTimeout as late:
            return CellOutcome(status="timeout", error=str(late))
        began = time.monotonic()
        outcome = self._run(source, keep)
        if outcome.status in ("ok", "error"):
            self._done.append((source, keep))
            self._cell_seconds += time.monotonic() - began
        return outcome

    def _run(self, source: str, keep: Sequence[str]) -> CellOutcome:
        """Run a cell in the process that there is; when it dies, it is gone."""
        assert self._trunk is not None
        start = time.monotonic()
        seconds = min(self.limits.cell_seconds, self.seconds_left)
        try:
            wall = WALL_FACTOR * seconds + _GRACE_SECONDS
            reply = self._trunk.ask("cell", source, seconds, list(keep), wall=wall)
            match reply:
                case ["ok" | "error" | "timeout" as status, outputs, str(error), float(took)] if 0 <= took < math.inf:
                    checked = checked_outputs(outputs)
                    long = time.monotonic() - start > _WORTH_A_CHECK
                    if (long or self.box.crowded) and self._trunk.process.check(all_bounds=long) != "running":
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
        return CellOutcome(status=status, outputs=[shown(status, why)], error=why, seconds=time.monotonic() - start)

    def _ready(self, *, forks: bool = False) -> None:
        """A process in which the earlier cells have run; `forks`: without those after which it cannot be forked."""
        while not self._running():
            forks = self._replay(forks)

    def _replay(self, forks: bool) -> bool:
        """Run the earlier cells in a new process. When it dies, what to give for `forks` the next time."""
        began = time.monotonic()
        self._trunk = Trunk.begin(self.box, self.files, self._bounds)
        self.start_seconds += time.monotonic() - began
        replay, self._done = self._done, []
        for number, step in enumerate(replay, start=1):
            stays = self._keep(step) if isinstance(step, Moment) else self._again(step, forks)
            if self.seconds_left == 0:  # before all had run: whoever has time again begins anew
                self._done += replay[number - 1 :]
                self.close()
                raise AnswerTimeout(self._overtime())
            if self._running() and stays:
                self._done.append(step)
            if not self._running():  # it died where it lived before: without this cell, once more
                self._done += [step] if isinstance(step, Moment) and not forks else []
                self._done += replay[number:]
                return forks or isinstance(step, Moment)
        return forks

    def _again(self, step: tuple[str, Sequence[str]], forks: bool) -> bool:
        """Run a cell once more; whether it ended as it should."""
        status = self._run(*step).status
        if self._running() and forks:
            self._try_fork()
        return status in ("ok", "error")

    def _running(self) -> bool:
        return self._trunk is not None

    @property
    def _channel(self) -> Channel | None:
        return self._trunk.channel if self._trunk else None

    def _reason(self) -> str:
        """Why the process is gone, in words."""
        assert self._trunk is not None
        status = self._trunk.end()
        return self._in_words(status, f"the process ended ({status})")

    def _in_words(self, status: str, otherwise: str) -> str:
        if status.startswith("fault"):
            raise SandboxError(f"sandbox: {status}")
        self.killed |= status in FROM_OUTSIDE
        return REASONS.get(status, otherwise)

    def _overtime(self) -> str:
        return f"the submission used up its {self.limits.submission_seconds:g} s"

    # Moments

    def begin_questions(self) -> None:
        """The cells are over: what is asked of their functions has as much time as they had, and of its own."""
        self._ends = awake() + self.limits.submission_seconds

    def moment(self) -> Moment:
        """The notebook as it stands now, to be forked when later cells have run.

        So nothing that a function is asked can be told by a cell: when the first question comes, all cells are over.
        """
        if self._latest is None:
            self._latest = Moment(self)
            self._done.append(self._latest)
            if self._running():
                self._keep(self._latest)
        return self._latest

    def _moments(self) -> Iterator[Moment]:
        return (step for step in self._done if isinstance(step, Moment))

    def _keep(self, moment: Moment) -> bool:
        """Have the process leave a copy of itself, unless enough wait; where it cannot, it is ended."""
        if moment.over or sum(m.channel is not None for m in self._moments()) >= _WAITING:
            return True
        opened = self._open("moment")
        moment.channel, moment.number = opened or (None, 0)
        return opened is not None

    def _come_to(self, moment: Moment) -> None:
        """Let those before it go: the cells run again, and the next ones wait."""
        before = True
        for other in self._moments():
            before &= other is not moment
            other.over = before
        self.close()

    # Branches

    @contextmanager
    def fork(
        self,
        bans: _Bans | None = None,
        seconds: float | None = None,
        tape: bool = False,
        moment: Moment | None = None,
        last: bool = False,
    ) -> Iterator[Branch]:
        """A fork of the process as it stands; gone at the end of the context.

        Args:
            bans: modules and calls that are refused in it.
            seconds: of one request; the limit of a part unless given.
            tape: keep what is said: the branch's channel is a Tape.
            moment: fork the notebook as it stood then.
            last: nothing more is to be forked there. Where a fork would be no different, it is the process itself, not
                a copy; what comes nevertheless gets a new process in which the cells have run again.

        Raises:
            AnswerCrashed: there is no process to fork, and none can be made.
            AnswerTimeout: the submission has used up its time.
        """
        if moment and moment.channel is None:
            self._come_to(moment)
        spend = self._can_be_given(moment) and last
        for forks in (False, True):
            if self.seconds_left == 0:
                raise AnswerTimeout(self._overtime())
            self._ready(forks=forks)  # a cell may have used up threads or descriptors
            via = moment.channel if moment else self._channel
            opened = self._open_branch(bans, via, "spend" if spend else "fork") if via else None
            if opened is not None:
                break
        else:
            raise AnswerCrashed("the process does not answer")
        near, number = opened
        channel = Tape(near) if tape else near

        def end_fork(patience: float) -> str:
            same = via is (moment.channel if moment else self._channel)
            return self._end_branch(number, patience, via) if same else ""

        end = self._give_away(moment) if spend and number == 0 else end_fork
        words = frozenset(self._words)
        branch = Branch(channel, seconds or self.limits.part_seconds, lambda: end(_PATIENCE), words)
        try:
            yield branch
        finally:
            end(0.0)  # before it sees that its channel was closed, and ends by itself
            branch.close()

    def _can_be_given(self, moment: Moment | None) -> bool:
        """May this process be a branch itself? Not what was given before, nor what takes long to make again."""
        if moment.number == _GIVEN if moment else self._given:
            self._again_made = True
            if moment:
                self.close()
        return not self._again_made and self._cell_seconds < _SOON_REPEATED

    def _give_away(self, moment: Moment | None) -> Callable[[float], str]:
        """The process serves a branch from now on; how to end it, as `_end_branch` does."""
        if moment:
            number, via, moment.number = moment.number, self._channel, _GIVEN
            moment.drop()
            return lambda patience: self._end_branch(number, patience) if via is self._channel else ""
        assert self._trunk is not None
        process, self._trunk, self._given = self._trunk.process, None, True

        def end(patience: float) -> str:
            status = process.wait(patience) if patience else "running"
            if status == "running":
                process.kill()
                return ""
            return self._in_words(status, how_it_ended(status))

        return end

    def _open_branch(
        self, bans: _Bans | None, via: Channel | None = None, how: str = "fork"
    ) -> tuple[Channel, int] | None:
        """A fork's channel and number; None when the process could not be forked, and all is ended."""
        modules, calls = (sorted(bans.modules), sorted(bans.calls)) if bans else ([], [])
        return self._open(how, modules, calls, via=via)

    def _open(self, *message: Any, via: Channel | None = None) -> tuple[Channel, int] | None:
        """The channel and number of a process that is forked; None when that could not be, and all is ended."""
        assert self._trunk is not None
        try:
            return self._trunk.open(*message, via=via)
        except LOST:
            self.close()
            return None

    def _try_fork(self) -> None:
        """Make a branch and end it; a process that cannot do that is ended."""
        opened = self._open_branch(None)
        if opened is not None:
            channel, number = opened
            channel.close()
            self._end_branch(number, _PATIENCE)  # gone and reaped: it would leave room for one more

    def _end_branch(self, number: int, patience: float, via: Channel | None = None) -> str:
        """Have the trunk kill and reap a branch; how it had ended by itself. A trunk that cannot is ended."""
        if self._trunk is None:
            return ""
        try:
            how = self._trunk.end_branch(number, patience, via)
            self.killed |= type(how) is str and how.endswith(("SIGKILL", "SIGTERM"))
            return bounded(how, 200) if type(how) is str else ""
        except (TooLate, ProtocolViolation):
            self.close()
            return ""
        except ChannelClosed:
            why = self._reason()
            self.close()
            return why
