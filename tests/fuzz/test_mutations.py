"""Valid inputs, changed by hypothesis: every reader gives a value or raises what it declares."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox.inside import tags, talk
from tests.fuzz import frames
from tests.fuzz.target import NAMES, load
from tests.fuzz.trees import mutated, mutated_bytes, odd
from tests.intake import notebooks

FEW = settings(max_examples=60, deadline=None, derandomize=True, database=None)
SEED = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("name", NAMES)
def test_changed_inputs_are_read(name: str) -> None:
    """One to three changes to a valid input are survived."""
    target = load(name)
    inputs = list(target.seeds())

    @FEW
    @given(st.sampled_from(inputs), SEED, st.integers(1, 3))
    def run(data: bytes, seed: int, changes: int) -> None:
        random = Random(seed)
        for _ in range(changes):
            data = target.mutate(data, random)[: target.longest]
        target.run(data)

    run()


@pytest.mark.parametrize("name", NAMES)
def test_any_bytes_are_read(name: str) -> None:
    """Bytes that nobody meant for the reader are survived."""
    FEW(given(st.binary(max_size=300))(load(name).run))()


LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=9)
    | st.binary(max_size=24)
)  # fmt: skip
TAGS = [*range(tags.ELLIPSIS + 2), talk.SHARED, talk.GENERATOR, talk.HANDLE, talk.OURS, talk.REF]
HEADS = st.tuples(
    st.sampled_from(
        ["<f8", "|b1", "<U2", "|S0", "<M8[0D]", "|O", "|V8", "<f16", "float32", "bfloat16", ">c32", "<m8[as]"]
    ),
    st.lists(st.sampled_from([0, 1, 2, 3, -1, 2**31, 2**47, 2**63, True, 1.0, None]), max_size=3),
    st.sampled_from(["C", "F", "A", True, False, [[0], [], False, True]]),
).map(list)
NODES = st.recursive(
    LEAVES | HEADS,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4)).map(
        lambda pair: [pair[0], *pair[1]]
    ) | st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4)).map(list),
    max_leaves=16,
)  # fmt: skip


@settings(FEW, max_examples=150)
@given(
    st.integers(0, 15),
    st.sampled_from(["value", "callback", "attribute", "raised", "stop", "undefined", "unusable", "timeout"]),
    st.lists(NODES, max_size=2),
    st.lists(st.tuples(st.integers(-1, 6), NODES).map(list) | LEAVES, max_size=2),
    st.lists(st.integers(0, 2) | st.sampled_from(["", "step", "__class__"]), max_size=3),
)
def test_any_message_is_survived(scenario: int, kind: str, values: list, changes: list, plain: list) -> None:
    """Tags, heads of arrays, shapes, dtypes and changes in every combination."""
    load("channel").run(frames.packed(scenario, [kind, plain, values, changes, []], b"\0" * 16, b"\xff" * 24))


@FEW
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.lists(st.integers(0, 2**64 - 1), max_size=3), st.binary()
)
def test_any_announced_lengths_are_survived(length: int, count: int, sizes: list[int], rest: bytes) -> None:
    """Whatever a frame's head announces, nothing is read beyond what came."""
    head = length.to_bytes(4, "big") + count.to_bytes(4, "big") + b"".join(n.to_bytes(8, "big") for n in sizes)
    for name in ("channel", "cells"):
        load(name).run(bytes([frames.RAW]) + head + rest)


ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**40,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "\ud800",
    "\x00\n",
    [],
    [[]],
    {},
    {"a": []},
)


def _places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [found for key, value in pairs for found in [(*path, key), *_places(value, (*path, key))]]


def _small() -> dict[str, Any]:
    picture = notebooks.cell("markdown", "![](a)", {}) | {"attachments": {"a": {"image/png": "aGk="}}}
    cells = [c for c in notebooks.handed_in(f=notebooks.RIGHT)["cells"] if c["id"] in ("f", "test_f")]
    return notebooks.notebook(*cells, picture)


@pytest.mark.parametrize("path", _places(_small()), ids=lambda path: "/".join(map(str, path)))
def test_every_field_of_a_notebook_may_hold_anything(path: tuple[Any, ...]) -> None:
    """Each field replaced by each kind of JSON value: the notebook is rebuilt or refused with a sentence."""
    for value in ODD:
        document = _small()
        at: Any = document
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        load("intake").run(json.dumps(document).encode())


@FEW
@given(st.lists(st.tuples(st.sampled_from("fdshpcu"), st.text(max_size=30), st.text(max_size=40)), max_size=5))
def test_any_names_of_files_are_survived(entries: list[tuple[str, str, str]]) -> None:
    """Files, folders, links, pipes and unreadable things under any name."""
    lines = [f"{kind}{name}={content}" for kind, name, content in entries]
    load("inbox").run("\n".join(lines).encode("utf-8", "surrogatepass"))


@FEW
@given(SEED)
def test_mutations_are_values_of_the_same_kind(seed: int) -> None:
    """A changed tree can be packed again, and the same seed gives the same change."""
    tree: Callable[[], Any] = lambda: [1, {"a": [b"x", "y"]}, None]  # noqa: E731 - a fresh one each time
    first, second = (mutated(tree(), Random(seed), ["w", b"w"]) for _ in range(2))
    pack = lambda value: msgpack.packb(value, unicode_errors="surrogatepass")  # noqa: E731
    assert pack(first) == pack(second)
    assert mutated_bytes(b"abc", Random(seed)) == mutated_bytes(b"abc", Random(seed))
    pack(odd(Random(seed)))
