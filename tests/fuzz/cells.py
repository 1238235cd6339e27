"""The replies to cells and forks: a cell has an outcome whatever its process says, and the outcome can be kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from autograder.feedback.outputs import Pictures, outputs
from autograder.grade.executed import encoded as notebook_file
from autograder.results import NotebookResult
from autograder.sandbox.errors import AnswerError
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import CellOutcome, Session
from tests.fuzz.channel import encoded
from tests.fuzz.exact import require_writable
from tests.fuzz.frames import frame, mutate, packed, stream
from tests.fuzz.target import Target

__all__ = ["TARGET"]

LIMITS = Limits(value_bytes=2**20, depth=32)
GREETING = frame(b"\xc0")


class _Puppet:
    """A process that says its lines and hangs up."""

    def __init__(self, said: bytes) -> None:
        self.channel, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)
        self._theirs.send(said)
        self._theirs.shutdown(socket.SHUT_WR)  # it listens, or nothing of it would be read

    def kill(self) -> str:
        self.channel.close()
        self._theirs.close()
        return "killed"

    def wait(self, seconds: float) -> str:
        return "killed"

    def check(self, all_bounds: bool = True) -> str:
        return "running"


class _Box:
    """Starts puppets, as often as a session asks."""

    limits = LIMITS
    crowded = True  # after each cell the session asks after its process

    def __init__(self, said: bytes) -> None:
        self.said = said

    def spawn(self, files: Path | None = None) -> _Puppet:
        return _Puppet(GREETING + self.said)


def run(data: bytes) -> None:
    """Run two cells, fork, and run a third in a session whose process says what the input holds."""
    scenario, said = stream(data)
    with Session(_Box(said)) as session:
        if scenario % 2:
            _fork(session)
        for number in range(2):
            _look_at(session.run_cell(f"x = {number}", f"cell{number}", ["x"]))
        _fork(session)
        _look_at(session.run_cell("y = 1"))


def _fork(session: Session) -> None:
    try:
        with session.fork():
            pass  # nobody is at the other end of the fork: what is said there is the target `channel`
    except AnswerError as error:
        str(error).encode()


def _look_at(outcome: CellOutcome) -> None:
    """The outcome is plain, and becomes a part of the notebook and of the feedback."""
    require_writable(msgspec.structs.asdict(outcome))
    assert type(outcome) is CellOutcome and outcome.status in ("ok", "error", "timeout", "crash")
    assert outcome.seconds >= 0 and outcome.seconds < 1e9, f"{outcome.seconds} seconds"
    cell = {"cell_type": "code", "metadata": {}, "source": "", "outputs": outcome.outputs, "execution_count": 1}
    outputs(cell, Pictures()).encode()
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    notebook_file(notebook, NotebookResult(name="n", notes=(outcome.error,), seconds=outcome.seconds))


def _reply(status: str, shown: list[Any], error: str = "", seconds: float = 0.25) -> list[Any]:
    """What a process answers to a cell, and the bulks."""
    return encoded([status, shown, error, seconds])


def seeds() -> Iterator[bytes]:
    """Honest outcomes with every kind of output."""
    data = {
        "text/plain": "3",
        "image/png": "aGVsbG8=",
        "text/html": "<b>3</b>",
        "application/json": {"a": [1, None, 1.5]},
    }
    shown = [
        {"output_type": "stream", "name": "stdout", "text": "hello\n" * 3},
        {"output_type": "stream", "name": "stderr", "text": "\x1b[31mred"},
        {"output_type": "display_data", "data": data, "metadata": {"image/png": {"width": 3}}},
        {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 3},
        {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["line", "line"]},
    ]
    for output in shown:
        yield packed(0, *_reply("ok", [output]))
    yield packed(0, *_reply("error", shown, "ValueError: no"), *_reply("timeout", [], "too slow"), *_reply("ok", []))
    yield packed(1, 1, *_reply("ok", shown), 2, "signal 9", *_reply("ok", []))


TARGET = Target("cells", "what the sandbox says about a cell that it ran", run, mutate, seeds, 20_000)
