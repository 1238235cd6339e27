"""Answers from a session of the sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from autograder.key import Bans
from autograder.marking.faults import AnswerFault, blocked, unusable
from autograder.results import Verdict
from autograder.sandbox.branch import Branch as Fork
from autograder.sandbox.errors import (
    AnswerBlocked,
    AnswerCrashed,
    AnswerRaised,
    AnswerTimeout,
    AnswerUnusable,
)
from autograder.sandbox.moment import Moment
from autograder.sandbox.session import Session
from autograder.sandbox.tape import Tape

__all__ = ["SandboxAnswers"]

LINE = re.compile(r", line (\d{1,4}), in ")


class SandboxAnswers:
    """Forks of a session, as its notebook stands now.

    Args:
        session: or a moment of one, which is forked as it stood then.
        names: the student's name of each function that the key asks for, where it is another.
        tape: keep what is said, for `Conversations`.
        last: nobody else uses it.
    """

    def __init__(
        self,
        session: Session | Moment,
        bans: Bans,
        names: Mapping[str, str] | None = None,
        tape: bool = False,
        last: bool = False,
    ) -> None:
        self.session, self.bans, self.names, self.tape, self.last = session, bans, dict(names or {}), tape, last

    @contextmanager
    def branch(self) -> Iterator[_Branch]:
        with self.session.fork(bans=self.bans, tape=self.tape, last=self.last) as fork:
            yield _Branch(fork, self.names, self.session.limits.part_seconds)

    def failure(self, error: BaseException) -> AnswerFault:
        """What a failed request says about the student's code; raises what is no fault of it."""
        match error:
            case AnswerRaised():
                lines = [m.group(1) for text in error.lines if (m := LINE.search(text))]
                kind = error.type_name.rpartition(".")[2]
                place = f"line {lines[-1]}" if lines else ""
                return AnswerFault(Verdict.CRASH, kind, error.message, place, error.builtin)
            case AnswerTimeout():
                return AnswerFault(Verdict.TIMEOUT, text=f"Your code took too long: {error}.")
            case AnswerCrashed():
                return AnswerFault(Verdict.CRASH, text=f"Your code did not survive: {error.reason}.")
            case AnswerBlocked():
                return AnswerFault(Verdict.BLOCKED, text=blocked(error.name))
            case AnswerUnusable():
                return AnswerFault(Verdict.FAIL, text=unusable(error.what))
            case AnswerFault():
                return error
        raise error


class _Branch:
    """A fork that knows the functions by the key's names."""

    exposes = True  # objects are shown through `expose`

    def __init__(self, fork: Fork, names: Mapping[str, str], seconds: float) -> None:
        self.fork, self.names, self.seconds = fork, names, seconds
        self.found: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        if name not in self.found:
            self.found[name] = self.fork.get(self.names.get(name, name))
        return self.found[name]

    def forget(self, name: str) -> None:
        """Delete a name of the student's in this fork."""
        self.found.pop(name, None)
        self.fork.forget(self.names.get(name, name))

    def put(self, value: Any) -> Any:
        return self.fork.put(value)

    def place(self, objects: tuple[Any, ...]) -> Sequence[Any]:
        there = self.fork.put(*objects)
        return there if len(objects) > 1 else (there,)

    def give(self, functions: Mapping[str, Any]) -> bool:
        for name, function in functions.items():
            self.fork.bind(name, function)
        return True

    def random_state(self) -> str:
        return self.fork.random_state()

    def begin_part(self) -> None:
        self.fork.begin_part(self.seconds)

    @property
    def alive(self) -> bool:
        return self.fork.alive

    @property
    def tape(self) -> Tape | None:
        """What is said on this fork, if it is kept."""
        return self.fork.channel if isinstance(self.fork.channel, Tape) else None
