"""A reader with a fault, to prove that the search finds faults."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fuzz.target import Target
from tests.fuzz.trees import mutated_bytes

__all__ = ["TARGET"]


def run(data: bytes) -> None:
    """Fall over inputs whose fifth byte is 0xff."""
    if data[:2] == b"ab" and len(data) > 4 and data[4] == 0xFF:
        raise IndexError("planted")


def seeds() -> Iterator[bytes]:
    """An input that is one byte away."""
    yield b"abcdefgh"


TARGET = Target("planted", "nothing", run, mutated_bytes, seeds, 100)
