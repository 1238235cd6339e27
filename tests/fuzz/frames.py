"""Inputs of the channel's targets: a scenario and what the peer says, as bytes or as messages.

The first byte says which scenario, and by its highest bit that the rest is the stream as it stands. Otherwise the
rest is a row of msgpack values: each is the structure of one frame, bytes after it are the frame's bulk data. So a
mutation need not guess the lengths that a frame begins with.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from random import Random
from typing import Any

import msgpack

from autograder.sandbox.inside import tags, talk
from tests.fuzz.trees import mutated, mutated_bytes

__all__ = ["WORDS", "frame", "mutate", "packed", "stream"]

RAW = 0x80
WORDS: tuple[Any, ...] = (
    *range(tags.ELLIPSIS + 1), talk.SHARED, talk.GENERATOR, talk.HANDLE, talk.REF, talk.CALLBACK, talk.OURS,
    talk.OBJECT,
    "value", "callback", "attribute", "raised", "undefined", "blocked", "unusable", "timeout", "stop", "state", "step",
    "<f8", "|b1", "<U2", ">i4", "<M8[ns]", "<f16", "|S3", "<c32", "<m8", "C", "F", "float32", "bool", "bfloat16", "d",
    "q",
    "bit_generator", "PCG64", "MT19937", "Philox", "SFC64", "key", "pos", "buffer_pos", "ok", "error", "stream", "text",
    b"", b"\0" * 8, b"\xff" * 8, b"\x7f" * 16, b"\x02", [tags.LIST, []], [tags.DICT, []], [talk.SHARED, 0],
    [talk.HANDLE, 1, "function", "f", True], [tags.ARRAY, ["<f8", [1], "C"], b"\0" * 8], [tags.SCALAR, "<U1",
    b"a\0\0\0"],
    [tags.TENSOR, ["float32", [1], False], b"\0" * 4, None], [tags.BIGINT, b"\xff" * 40], [tags.SCALAR, "<f8",
    b"\xff" * 8],
)  # fmt: skip


def frame(payload: bytes, bulks: Sequence[bytes] = ()) -> bytes:
    sizes = struct.pack(f">{len(bulks)}Q", *map(len, bulks))
    return struct.pack(">II", len(payload), len(bulks)) + sizes + payload + b"".join(bulks)


def stream(data: bytes) -> tuple[int, bytes]:
    """The scenario and the bytes that the peer sends."""
    if not data:
        return 0, b""
    scenario, rest = data[0] & ~RAW, data[1:]
    return scenario, rest if data[0] & RAW else _framed(rest)


def _framed(rest: bytes) -> bytes:
    said, begun = b"", None
    bulks: list[bytes] = []
    for payload, value in _values(rest):
        if isinstance(value, bytes) and begun is not None:
            bulks.append(value)
            continue
        said += b"" if begun is None else frame(begun, bulks)
        begun, bulks = payload, []
    return said if begun is None else said + frame(begun, bulks)


def _values(rest: bytes) -> list[tuple[bytes, Any]]:
    """The packed values one after the other, with their bytes; what cannot be read comes last."""
    unpacker = msgpack.Unpacker(strict_map_key=False, raw=True, max_buffer_size=max(1, len(rest)))
    unpacker.feed(rest)
    found, place = [], 0
    while place < len(rest):
        try:
            value = unpacker.unpack()
        except Exception:
            found.append((rest[place:], None))
            break
        found.append((rest[place : unpacker.tell()], value))
        place = unpacker.tell()
    return found


def packed(scenario: int, *messages: Any) -> bytes:
    """An input from structures, and bulks as bytes after them."""
    return bytes([scenario]) + b"".join(map(_pack, messages))


def _pack(value: Any) -> bytes:
    return bytes(msgpack.packb(value, use_bin_type=True, unicode_errors="surrogatepass"))


def mutate(data: bytes, random: Random) -> bytes:
    """Change the messages as trees, or the bytes."""
    if len(data) < 2 or random.random() < 0.1:
        return mutated_bytes(data, random)
    scenario, said = stream(data)
    if data[0] & RAW or random.random() < 0.05:
        return bytes([scenario | RAW]) + mutated_bytes(said, random)
    scenario ^= random.choice([0] * 6 + [1, 2, 3, 4, 8])
    try:
        unpacker = msgpack.Unpacker(strict_map_key=False, unicode_errors="surrogateescape")
        unpacker.feed(data[1:])
        return packed(scenario, *mutated(list(unpacker), random, WORDS))
    except Exception:  # not msgpack, or no longer
        return mutated_bytes(data, random)
