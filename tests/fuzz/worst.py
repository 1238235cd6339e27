"""The most expensive inputs that are within every limit, each read in a process whose memory and time are bounded.

`python -m tests.fuzz.worst [NAME…]` prints what did not keep within them, and ends with status 1.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
from collections.abc import Callable
from typing import Any

import msgpack

from autograder.intake import IntakeError, rebuild
from autograder.sandbox.branch import Branch
from autograder.sandbox.errors import AnswerError
from autograder.sandbox.inside import tags
from autograder.sandbox.inside.wire import Bounds, Channel
from tests.fuzz.frames import frame
from tests.intake import notebooks

__all__ = ["CASES", "main"]

MEMORY = 1536 * 2**20  # beyond what the process has before
SECONDS = 60  # of processor time; each takes a few
HASH = 2**61 - 1  # integers that differ by it have one hash
MIB = 2**20


class _Stream(Channel):
    """A channel whose peer said all this: its bytes need not fit into a socket's buffer."""

    def __init__(self, said: bytes) -> None:
        super().__init__(socket.socketpair()[0], Bounds())
        self._said, self._place = memoryview(said), 0

    def write(self, *args: Any, **kwargs: Any) -> None:
        pass

    def _read(self, size: int, deadline: float | None, fds: list[int] | None = None) -> bytearray:
        self._place += size
        return bytearray(self._said[self._place - size : self._place])


def _message(*values: Any) -> bytes:
    return frame(bytes(msgpack.packb(["value", [], list(values), [], []])))


def _asked(said: bytes) -> None:
    """The answer to one question."""
    try:
        Branch(_Stream(said), 60.0).get("f")
    except AnswerError:
        pass


def _read(document: bytes) -> None:
    try:
        rebuild(notebooks.released(), notebooks.source(), document)
    except IntakeError:
        pass


def _integer(value: int) -> list[Any]:
    return [tags.BIGINT, value.to_bytes(12, "little", signed=True)]


def _cells(text: str, count: int) -> bytes:
    return notebooks.packed(notebooks.notebook(*(notebooks.cell("code", f"{text}#{i}") for i in range(count))))


CASES: dict[str, Callable[[], None]] = {
    "empty lists": lambda: _asked(_message(*[[tags.LIST, []]] * 900_000)),
    "lists of lists": lambda: _asked(_message([tags.LIST, [[tags.LIST, []]] * 999_000])),
    "tensors": lambda: _asked(_message(*[[tags.TENSOR, ["bool", [0], False], b"", None]] * 50_000)),
    "arrays": lambda: _asked(_message(*[[tags.ARRAY, ["|b1", [0], "C"], b""]] * 100_000)),
    "keys of one hash": lambda: _asked(_message([tags.SET, [_integer(5 + i * HASH) for i in range(1, 5_000)]])),
    "long keys of one hash": lambda: _asked(
        _message([tags.SET, [[tags.TUPLE, [*range(300, 400), _integer(i * HASH)]] for i in range(1, 2_000)]])
    ),
    "a text with one wide character": lambda: _asked(
        frame(
            bytes(msgpack.packb(["value", [], [[tags.TEXT, 0]], [], []])),
            [b"x" * (100 * MIB) + "\U0001f600".encode()],
        )
    ),
    "packed numbers": lambda: _asked(
        frame(bytes(msgpack.packb(["value", [], [[tags.PACKED, True, "d", 0]], [], []])), [b"\x3f" * (64 * MIB)])
    ),
    "empty objects": lambda: _read(b'{"nbformat": 4, "cells": [' + b"{}," * 3_000_000 + b"{}]}"),
    "empty cells of format 3": lambda: _read(
        b'{"nbformat": 3, "worksheets": [{"cells": [' + b"{}," * 1_500_000 + b"{}]}]}"
    ),
    "dense code": lambda: _read(_cells("f=1;" + "a=b+c*d;" * 2_000, 20)),
    "equal cells": lambda: _read(notebooks.packed(notebooks.notebook(*[notebooks.cell("code", "x" * 500)] * 5_000))),
    "cells that define everything": lambda: _read(_cells("f = g = y = 1", 5_000)),
}


def limit() -> None:
    """Bound what this process may still take."""
    with open("/proc/self/statm", encoding="ascii") as sizes:
        size = int(sizes.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))


def survives(name: str) -> bool:
    """Does a fork that is so bounded read the case's input?"""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            limit()
            CASES[name]()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def main(names: list[str]) -> int:
    failed = [name for name in names or CASES if not survives(name)]
    names = names or list(CASES)
    print(f"{len(names) - len(failed)} of {len(names)} inputs kept within {MEMORY // MIB} MiB and {SECONDS} s")
    print("".join(f"not within them: {name}\n" for name in failed), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
