"""The marker's end of a conversation: whatever the peer says, a call gives exact data or an `AnswerError`."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any
from zlib import crc32

import numpy as np
import torch

from autograder.key import Mismatch, close, exact
from autograder.key.kinds import describe
from autograder.marking.transcript import same_bits, same_values, snapshot
from autograder.sandbox.branch import Branch
from autograder.sandbox.errors import AnswerError
from autograder.sandbox.inside import tags, talk
from autograder.sandbox.inside.encoder import Encoder
from autograder.sandbox.inside.wire import Bounds, Channel
from autograder.sandbox.remote import Remote, expose
from autograder.sandbox.tape import Tape
from tests.fuzz.exact import require_exact
from tests.fuzz.frames import frame, mutate, packed, stream
from tests.fuzz.target import Target

__all__ = ["TARGET", "reply"]

BOUNDS = Bounds(value_bytes=2**20, structure_bytes=2**16, depth=32, elements=20_000, keys=500)
HANDLE = [talk.HANDLE, 1, "function", "f", True]
SCENARIOS = 8
SECONDS = 60.0  # the peer has said all before it is asked: nobody waits
EXPECTED = (
    1.5, 3, True, "a", b"a", None, [1.0, 2.0], {"a": 1.0}, np.zeros((2, 3)), np.arange(3), np.zeros(2, bool), 1j,
    torch.zeros(2, 3), np.float32(1),
)  # fmt: skip


class _Deaf(Channel):
    """A channel that sends nothing: the peer does not listen, and its end of the stream would fill up."""

    def write(self, parts: Sequence[Any], deadline: float | None = None, fds: Sequence[int] = ()) -> None:
        pass


class _DeafTape(Tape, _Deaf):
    pass


class _Env:
    size = 3

    def step(self, *args: Any, **kwargs: Any) -> Any:
        return args, kwargs


def run(data: bytes) -> None:
    """Hold the conversation of the input's scenario."""
    scenario, said = stream(data)
    scenario %= 2 * SCENARIOS
    if scenario % SCENARIOS:  # the answer to the first question is honest: a function
        said = frame(_message("value", [HANDLE])) + said
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        theirs.send(said)
        theirs.shutdown(socket.SHUT_WR)
        near = Channel(ours, BOUNDS)
        taped = scenario >= SCENARIOS
        channel = _DeafTape(near) if taped else _Deaf(ours, BOUNDS)
        if taped:
            _ahead(channel)
        _talk(Branch(channel, SECONDS), scenario % SCENARIOS)


def _ahead(tape: Tape) -> None:
    """Say the first question as it was said before; the answer waits."""
    structure = ["get", [SECONDS, "f"], [None], [], []]
    tape.exchange(b"".join(tape.frame(structure)), 0.0)


def _talk(branch: Branch, scenario: int) -> None:
    try:
        found = branch.get("f")
        _look_at(found)
        if isinstance(found, Remote):
            TALKS[scenario](branch, found)
    except AnswerError as error:
        str(error).encode()
        assert len(str(error)) < 5000
    finally:
        branch.close()


def _look_at(value: Any, *given: Any) -> None:
    """Exact types; and what the marker does with any value goes well."""
    require_exact(value, given)
    describe(value)
    text = repr(value).encode("utf-8", "backslashreplace")
    kept = snapshot(value)
    assert same_bits(kept, snapshot(value))
    expected = EXPECTED[crc32(text) % len(EXPECTED)]  # one of them: all would take most of the time
    same_values(value, expected)
    same_values(expected, value)
    for compare in (close, exact):
        try:
            compare(value, expected)
        except Mismatch as fault:
            str(fault).encode()


def _just_call(branch: Branch, f: Remote) -> None:
    for _ in range(3):
        _look_at(f(1, "a"))


def _call_with_arrays(branch: Branch, f: Remote) -> None:
    array, wide = np.arange(6.0).reshape(2, 3), np.arange(4, dtype=">i4")[::2]
    tensor = torch.ones(2, requires_grad=True)
    for _ in range(2):
        _look_at(f(array, [wide], {"t": tensor}), array, wide, tensor)
    assert array.shape == (2, 3) and array.dtype == np.float64 and wide.shape == (2,) and wide.dtype == ">i4"
    assert tensor.shape == (2,) and tensor.dtype is torch.float32
    require_exact([array, wide.copy(), tensor.detach()])


def _call_with_generators(branch: Branch, f: Remote) -> None:
    kinds = (np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64)
    given = [np.random.Generator(kind(1)) for kind in kinds] + [torch.Generator()]
    for _ in range(2):
        _look_at(f(*given), *given)
        for generator in given[:-1]:
            generator.integers(10, size=3)
            generator.normal(size=700)
        torch.rand(700, generator=given[-1])


def _call_with_callbacks(branch: Branch, f: Remote) -> None:
    seen: list[Any] = []

    def back(*args: Any, **kwargs: Any) -> Any:
        seen.append((args, kwargs))
        require_exact((args, kwargs), given)
        return args[0] if args else None

    env = expose(_Env(), "step", "size")
    given = (back, env)
    with suppress(ValueError):  # a callback may give back what cannot be sent
        _look_at(f(back, env, _Env().step), *given)
    assert len(seen) < 20_000


def _use_as_container(branch: Branch, f: Remote) -> None:
    _look_at(len(f))
    for item in islice(f, 50):
        _look_at(item)
    _look_at(f[0])
    f[0] = 1


def _use_as_object(branch: Branch, f: Remote) -> None:
    _look_at(f.attribute)
    f.attribute = 2
    branch.random_state()
    branch.bind("g", 1)
    branch.forget("g")


def _placed(branch: Branch, f: Remote) -> None:
    stands_in = branch.put(torch.nn.Linear(1, 1))
    _look_at(stands_in(torch.zeros(1)))
    gc.get_count()


TALKS = (_just_call, _just_call, _call_with_arrays, _call_with_generators, _call_with_callbacks, _use_as_container,
         _use_as_object, _placed)  # fmt: skip


def _message(kind: str, values: Sequence[Any] = (), plain: Sequence[Any] = (), changes: Sequence[Any] = ()) -> bytes:
    return packed(0, reply(kind, values, plain, changes))[1:]


def reply(kind: str, values: Sequence[Any] = (), plain: Sequence[Any] = (), changes: Sequence[Any] = ()) -> list[Any]:
    """The structure of one message."""
    return [kind, list(plain), list(values), list(changes), []]


def _refuse(value: Any) -> Any:
    raise TypeError(value)


def encoded(value: Any) -> list[Any]:
    """A value as an honest peer sends it: its node, then its bulks."""
    e = Encoder(BOUNDS, _refuse)
    node = e.encode(value)
    return [node, *map(bytes, e.bulks)]


VALUES: tuple[Any, ...] = (
    None, True, 7, 2**80, 1.5, 2j, "text", "é" * 1500, b"data", b"d" * 5000, [1, [2.0]], (1, "a"), {"a": 1, 2: "b"},
    {1, 2},
    frozenset({"x"}), slice(1, None, 2), range(1, 9, 2), ..., [1.0] * 20, tuple(range(20)), np.arange(6.0).reshape(2,
    3),
    np.asfortranarray(np.ones((2, 3), "f4")), np.array(["ab", "c"]), np.array([b"x"]), np.array([True]), np.zeros((0,
    3)),
    np.array(["2020-01-01"], "M8[D]"), np.float32(1.5), np.str_("ab"), np.longdouble(3), np.zeros(900, "c16"),
    torch.ones(2, 3), torch.zeros(2, dtype=torch.bfloat16), torch.ones(1, requires_grad=True), torch.tensor([True]),
)  # fmt: skip


def seeds() -> Iterator[bytes]:
    """Honest conversations of every scenario."""
    for value in VALUES:
        node, *bulks = encoded(value)
        yield packed(0, reply("value", [node]), *bulks)
    said = [reply("value", [1.5]), reply("raised", plain=["ValueError", "ValueError", "no", ["line 1"]])]
    for kind in ("undefined", "timeout", "stop"):
        yield packed(1, reply(kind))
    yield packed(SCENARIOS, *said)
    yield packed(1, reply("unusable", plain=["a module"]), reply("blocked", plain=["numpy.linalg"]))
    array, tensor = encoded(np.ones((2, 3)))[0], encoded(torch.ones(2))[0]
    yield packed(2, reply("value", [[talk.SHARED, 0]], changes=[[0, array]]), *said)
    yield packed(SCENARIOS + 2, reply("value", [[talk.SHARED, 2]], changes=[[2, tensor], [0, array]]), *said)
    for number, generator in enumerate((np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64)):
        node = encoded(generator(3).state)[0]
        yield packed(3, reply("value", [[talk.GENERATOR, node]], changes=[[number, node]]), *said)
    node, *bulks = encoded(torch.Generator().get_state().numpy())
    yield packed(3, reply("value", [[talk.SHARED, 4]], changes=[[4, node]]), *bulks)
    nothing = [[tags.TUPLE, []], [tags.DICT, []]]
    called = [[tags.TUPLE, [array, HANDLE]], [tags.DICT, ["a", 1]]]
    yield packed(4, reply("callback", called, [0, ""]), reply("callback", called, [1, "step"]), said[0])
    yield packed(4, reply("attribute", [], [1, "size"]), reply("callback", nothing, [2, ""]), reply("value", [[38, 0]]))
    yield packed(
        5, reply("value", [3]), reply("value", [HANDLE]), said[0], reply("stop"), said[0], reply("value", [None])
    )
    yield packed(6, said[0], said[0], reply("value", [12345]), said[0], said[0])
    yield packed(7, reply("value", [None]), reply("value", [tensor]))


TARGET = Target("channel", "what the sandbox answers to the marker's calls", run, mutate, seeds, 20_000)
