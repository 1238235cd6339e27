"""A peer that speaks raw bytes instead of the protocol: the marker is never fooled, blocked or filled."""

from __future__ import annotations

import resource
import socket
import struct
import threading

import msgpack
import pytest

from autograder.sandbox import AnswerBlocked, AnswerCrashed, AnswerError, AnswerTimeout, Branch, expose
from autograder.sandbox.inside import talk, wire
from autograder.sandbox.inside.wire import Bounds, Channel, awake


def frame(message, bulks=()):
    payload = msgpack.packb(message)
    sizes = struct.pack(f">{len(bulks)}Q", *map(len, bulks))
    return struct.pack(">II", len(payload), len(bulks)) + sizes + payload + b"".join(bulks)


def reply(kind, plain=(), values=(), changes=(), dropped=()):
    return frame([kind, list(plain), list(values), list(changes), list(dropped)])


class Env:
    secret = "42"

    def step(self, action):
        return action


class Peer:
    """Answers every request with the next of the given frames; the last one is repeated."""

    def __init__(self, *frames, seconds=60):
        self.ours, theirs = socket.socketpair()
        self.branch = Branch(Channel(theirs, Bounds()), seconds)
        self.thread = threading.Thread(target=self.run, args=(frames,), daemon=True)
        self.thread.start()

    def run(self, frames):
        frames = list(frames)
        try:
            while self.ours.recv(1 << 20):
                self.ours.sendall(frames.pop(0) if len(frames) > 1 else frames[0])
        except OSError:
            pass

    def __enter__(self):
        return self.branch

    def __exit__(self, *_):
        self.branch.close()
        self.ours.close()
        self.thread.join()


def handle(number=1, name="f"):
    return [talk.HANDLE, number, "function", name, True]


LIES = {
    "no array of parts": frame("value"),
    "too few parts": frame(["value", []]),
    "parts of a wrong type": frame(["value", 1, 2, 3, 4]),
    "no message kind": frame([1, [], [], [], []]),
    "unknown kind": reply("hello"),
    "value without value": reply("value"),
    "two values": reply("value", values=[1, 2]),
    "unknown tag": reply("value", values=[[999, 1]]),
    "negative tag": reply("value", values=[[-1]]),
    "tag off the table": reply("value", values=[[20, 1]]),
    "empty structure": reply("value", values=[[]]),
    "deep nesting": reply("value", values=[eval("[4,[" * 90 + "]]" * 90)]),
    "a map": frame({"value": 1}),
    "raised without text": reply("raised", [1, 2, 3, 4]),
    "raised with odd lines": reply("raised", ["E", "Exception", "m", [1]]),
    "a callback to nobody": reply("callback", [7, ""], [[5, []], [6, []]]),
    "a callback by a negative number": reply("callback", [-1, ""], [[5, []], [6, []]]),
    "an attribute of nobody": reply("attribute", [0, "secret"]),
    "an object never given": reply("value", values=[[talk.OURS, 0]]),
    "a reference": reply("value", values=[[talk.REF, 1]]),
    "a pickled object": reply("value", values=[[talk.OBJECT, -1]]),
    "a callback of theirs": reply("value", values=[[talk.CALLBACK, 0, "f"]]),
    "a malformed handle": reply("value", values=[[talk.HANDLE, "1", 2, 3, 4]]),
    "a shared object never given": reply("value", values=[[32, 5]]),
    "a change of nobody": reply("value", values=[1], changes=[[0, 1]]),
    "a malformed change": reply("value", values=[1], changes=[3]),
    "a bulk that is not there": reply("value", values=[[2, 5]]),
    "an unknown generator": reply("value", values=[[33, [6, ["bit_generator", "Evil"]]]]),
    "a generator read outside its buffer": reply(
        "value", values=[[33, [6, ["bit_generator", "MT19937", "state", [6, ["key", None, "pos", 10**6]]]]]]
    ),
    "an unhashable key": reply("value", values=[[6, [[4, []], 1]]]),
    "a half pair": reply("value", values=[[6, ["a"]]]),
    "a huge length": struct.pack(">II", 2**32 - 1, 0),
    "a huge bulk": struct.pack(">IIQ", 1, 1, 2**62) + b"\xc0",
    "many bulks": struct.pack(">II", 1, 2**31) + b"\xc0",
    "no msgpack": struct.pack(">II", 4, 0) + b"\xc1\xc1\xc1\xc1",
    "trailing bytes": struct.pack(">II", 4, 0) + b"\xc0\xc0\xc0\xc0",
}


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_ends_the_conversation(lie):
    """A message that no honest process sends is BLOCKED, not waited for, and the branch is not asked again."""
    with Peer(LIES[lie]) as branch:
        with pytest.raises(AnswerBlocked, match="protocol"):
            branch.get("f")
        with pytest.raises(AnswerBlocked):
            branch.get("f")
        assert not branch.alive


@pytest.mark.parametrize("name", ["secret", "__class__", "__init__", "__globals__", "__subclasses__", "value", ""])
@pytest.mark.parametrize("kind", ["callback", "attribute"])
def test_names_that_were_not_exposed(kind, name):
    """Neither methods nor attributes beyond the exposed ones can be reached."""
    values = [[5, []], [6, []]] if kind == "callback" else []
    with Peer(reply("value", values=[handle()]), reply(kind, [0, name], values)) as branch:
        with pytest.raises(AnswerBlocked, match="not exposed"):
            branch.get("f")(expose(Env(), "step"))


def test_a_function_can_only_be_called():
    """Names of a plain function are refused."""
    for name in ("__globals__", "__code__", "__call__"):
        with Peer(reply("value", values=[handle()]), reply("callback", [0, name], [[5, []], [6, []]])) as branch:
            with pytest.raises(AnswerBlocked, match="not exposed"):
                branch.get("f")(lambda: None)


def test_callback_arguments_are_checked():
    """Positional arguments are a tuple, keywords texts."""
    for values in ([1, 2], [[5, []], [6, [1, 2]]], [[5, []]], [[4, []], [6, []]]):
        with Peer(reply("value", values=[handle()]), reply("callback", [0, ""], values)) as branch:
            with pytest.raises(AnswerBlocked, match="without arguments"):
                branch.get("f")(lambda: None)


def test_endless_callbacks_end(monkeypatch):
    """The number of callbacks in one call is limited."""
    monkeypatch.setattr("autograder.sandbox.branch._MAX_CALLBACKS", 200)
    calls = []
    with Peer(reply("value", values=[handle()]), reply("callback", [0, ""], [[5, []], [6, []]])) as branch:
        with pytest.raises(AnswerBlocked, match="more than 200"):
            branch.get("f")(lambda: calls.append(1))
    assert len(calls) == 200


def test_a_peer_that_hangs_up_or_is_silent():
    """The end of the stream is a crash, silence a timeout, also within a frame."""
    ours, theirs = socket.socketpair()
    ours.close()
    with pytest.raises(AnswerCrashed):
        Branch(Channel(theirs, Bounds()), 0.1).get("f")
    for said in (b"", b"\0\0\0\5\0"):
        ours, theirs = socket.socketpair()
        ours.send(said)
        with ours, pytest.raises(AnswerTimeout):
            Branch(Channel(theirs, Bounds()), 0.1).get("f")


@pytest.mark.parametrize(("passed", "used", "counts"), [(1.5, 0.0, 1.5), (11.0, 0.5, 1.0), (11.0, 10.5, 11.0)])
def test_time_in_which_the_marker_is_stopped_is_nobodys(monkeypatch, passed, used, counts):
    """Wherever it is stopped; waiting for a second and computing for long are not standing still."""
    clock = {"now": wire._now(), "used": wire._used()}
    monkeypatch.setattr(wire, "_now", lambda: clock["now"])
    monkeypatch.setattr(wire, "_used", lambda: clock["used"])
    monkeypatch.setattr(wire, "_stood_still", 0.0)
    before = awake()
    clock["now"] += passed
    clock["used"] += used
    assert awake() - before == pytest.approx(counts)


def test_a_trickle_of_bytes_does_not_extend_the_time():
    """The deadline is of the whole answer."""
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def trickle():
        try:
            ours.send(struct.pack(">II", 1000, 0))
            while not stop.wait(0.05):
                ours.send(b"\xc0")
        except OSError:
            pass

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        with pytest.raises(AnswerTimeout):  # the whole frame would come, in 50 s, and break the protocol
            Branch(Channel(theirs, Bounds()), 0.1).get("f")
    finally:
        stop.set()
        thread.join()
        ours.close()


def test_replies_to_nobody_are_not_taken_for_later_ones():
    """A reply too many shows as the wrong answer of the same liar, or as a violation; never as anything else."""
    two = reply("value", values=[1]) + reply("nonsense")
    with Peer(two) as branch:
        assert branch.get("f") == 1
        with pytest.raises(AnswerError):
            branch.get("f")


def test_the_worst_structure_takes_bounded_memory():
    """Four MiB of the most expensive structure cost the marker less than 300 MiB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worst = b"\xdd" + struct.pack(">I", 2_000_000) + b"\x91\xc0" * 2_000_000
    with Peer(struct.pack(">II", len(worst), 0) + worst) as branch:
        with pytest.raises(AnswerBlocked):
            branch.get("f")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024


def test_invented_handles_hurt_only_the_inventor():
    """A handle is a number that goes back to where it came from."""
    missing = reply("raised", ["KeyError", "KeyError", "no", []])
    with Peer(reply("value", values=[handle(2**40, "x" * 10**4)]), missing) as branch:
        f = branch.get("f")
        assert len(f.__name__) <= 200
        with pytest.raises(AnswerError, match="KeyError"):
            f(1)
