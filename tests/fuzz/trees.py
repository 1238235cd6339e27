"""Mutations of values made of None, numbers, texts, bytes, lists and dicts: JSON and msgpack alike."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from random import Random
from typing import Any

__all__ = ["mutated", "mutated_bytes", "odd"]

NUMBERS = (
    0, 1, -1, 2, 3, 4, 7, 16, 31, 32, 33, 39, 63, 64, 255, 256, 623, 624, 625, 2**31 - 1, 2**31, 2**32, 2**47, 2**53,
    2**63 - 1, -(2**63), 2**64 - 1, 0.0, -0.0, 0.5, 1e308, float("inf"), float("-inf"), float("nan"), True, False, None,
)  # fmt: skip
TEXTS = (
    "", "a", "nbgrader", "\x00", "\r", "\u2028", "\u202e", "é", "😀", "a" * 300, "%%bash", "f = 1",
    "def f(x): return 1", "\\ud800", "x\ny", "\ufeff", "## BEGIN SOLUTION", "<script>", "../..", "code", "markdown",
)  # fmt: skip
MOST_NODES = 4000


def odd(random: Random, words: Sequence[Any] = ()) -> Any:
    """One value that a careless reader stumbles over."""
    pick = random.randrange(6)
    if pick == 0:
        return random.choice(TEXTS)
    if pick == 1:
        return random.choice([[], {}, [[]], [{}], {"": []}, [None] * 20])
    if pick == 2:
        return nested(random.choice([2, 20, 70, 200]), random.random() < 0.5)
    if pick == 3 and words:
        return copy.deepcopy(random.choice(words))
    return random.choice(NUMBERS)


def nested(depth: int, lists: bool) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value] if lists else {"a": value}
    return value


def mutated(tree: Any, random: Random, words: Sequence[Any] = ()) -> Any:
    """The tree with one to four changes; `words` are values that mean something to the reader."""
    tree = copy.deepcopy(tree)
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        places = _places(tree)
        if not places:
            return odd(random, words)
        _change(*random.choice(places), places, random, words)
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value below the root."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting and len(found) < MOST_NODES:
        node = waiting.pop()
        pairs = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
        for key, value in pairs:
            found.append((node, key))
            waiting.append(value)
    return found


def _change(at: Any, key: Any, places: list[Any], random: Random, words: Sequence[Any]) -> None:
    """Replace, remove, repeat, wrap, swap or bend the value at `at[key]`."""
    how = random.randrange(7)
    value = at[key]
    if how == 0:
        at[key] = odd(random, words)
    elif how == 1:
        del at[key]
    elif how == 2 and isinstance(at, list):
        at[key:key] = [copy.deepcopy(value)] * random.choice([1, 1, 2, 30])
    elif how == 3:
        at[key] = [value]
    elif how == 4:
        other, name = random.choice(places)
        if _has(other, name):
            at[key] = copy.deepcopy(other[name])
    elif how == 5 and isinstance(at, dict):
        at[str(odd(random))[:40]] = at.pop(key)
    else:
        at[key] = _bent(value, random)


def _has(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else key < len(container)


def _bent(value: Any, random: Random) -> Any:
    """A value of the same type, a little different."""
    if isinstance(value, bytes):
        return mutated_bytes(value, random)
    if isinstance(value, str):
        place = random.randint(0, len(value))
        return value[:place] + random.choice(TEXTS) + value[place + random.randrange(3) :]
    if isinstance(value, (int, float)):
        return value + random.choice([1, -1, 0.5, 2**31])
    return [] if isinstance(value, list) else value


def mutated_bytes(data: bytes, random: Random) -> bytes:
    """The bytes with some changed, cut or repeated."""
    changed = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 8])):
        place = random.randint(0, len(changed))
        how = random.randrange(4)
        if how == 0:
            changed[place : place + 1] = bytes([random.choice([0, 1, 0x7F, 0x80, 0xC0, 0xFF, random.randrange(256)])])
        elif how == 1:
            del changed[place : place + random.choice([1, 2, 8])]
        elif how == 2:
            changed[place:place] = changed[place : place + random.randrange(1, 33)]
        else:
            changed[place:place] = random.randbytes(random.choice([1, 4, 8]))
    return bytes(changed)
