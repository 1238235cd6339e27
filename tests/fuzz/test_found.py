"""Faults that fuzzing, or reading in order to fuzz, has found: each with the input that showed it."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from autograder.hub.collecting_senders import Refused, claim
from autograder.intake import parse_notebook, rebuild, scan
from autograder.key import Mismatch, close, exact
from autograder.marking.transcript import same_values
from autograder.sandbox.errors import AnswerBlocked
from autograder.sandbox.inside import tags, talk
from autograder.sandbox.inside.decoder import Decoder
from autograder.sandbox.inside.encoder import Encoder
from autograder.sandbox.inside.tensors import new_torch_generator
from autograder.sandbox.inside.wire import Bounds, Channel, ProtocolViolation, Unsendable
from autograder.sandbox.session import Session
from autograder.sandbox.tape import Tape
from tests.fuzz import channel
from tests.fuzz.cells import _Box
from tests.fuzz.channel import HANDLE, encoded, reply
from tests.fuzz.frames import frame, packed, stream
from tests.fuzz.inbox import _open_up
from tests.intake import notebooks

SMALL = Bounds(keys=100)
NOBODY = 65534  # user id


def decode(node: Any, bounds: Bounds = SMALL) -> Any:
    return Decoder(bounds, [], channel._refuse).decode(node)


def answers(*messages: Any) -> channel.Branch:
    """The marker's end of a conversation in which the peer has said all this."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(stream(packed(0, *messages))[1])
    return channel.Branch(channel._Deaf(ours, channel.BOUNDS), 60.0)


# The channel


@pytest.mark.parametrize("said", ["stop", "undefined"])
def test_a_call_has_no_reply_of_another_request(said: str) -> None:
    """An end of iteration or an undefined name is no answer to a call; it came out as StopIteration."""
    f = answers(reply("value", [HANDLE]), reply(said)).get("f")
    with pytest.raises(AnswerBlocked, match=f"'{said}' to call"):
        f(1)


@pytest.mark.parametrize("length", [-1, 2**63, 2**79])
def test_a_length_that_none_can_be(length: int) -> None:
    """It came out as the ValueError or OverflowError of `len`."""
    f = answers(reply("value", [HANDLE]), reply("value", encoded(length)[:1])).get("f")
    with pytest.raises(AnswerBlocked, match="length"):
        len(f)


def test_a_shared_object_changes_once_in_a_message() -> None:
    """A structure of 4 MiB could ask for 800,000 copies of an array of the marker's."""
    changes = [[0, [talk.SHARED, 0]], [0, [talk.SHARED, 0]]]
    f = answers(reply("value", [HANDLE]), reply("value", [1], changes=changes)).get("f")
    with pytest.raises(AnswerBlocked, match="two changes of one object"):
        f(np.zeros(3))


def test_long_keys_count_by_their_length() -> None:
    """Tuples with one hash, each of 400 numbers, took the marker minutes to tell apart."""
    key = [tags.TUPLE, tuple(range(60))]
    with pytest.raises(ProtocolViolation, match="keys"):
        decode((tags.SET, (tuple(key), (tags.TUPLE, tuple(range(1, 61))))))
    assert decode((tags.SET, (tuple(key),))) == {tuple(range(60))}
    with pytest.raises(Unsendable, match="more than 100 keys"):
        Encoder(SMALL, channel._refuse).encode({(i, j): 0 for i in range(10) for j in range(10)})


def test_a_state_of_a_torch_generator_stays_within_its_buffer() -> None:
    """With 624 numbers left after the 624th, torch read behind its buffer."""
    state = torch.Generator().get_state().numpy().copy()
    struct.pack_into("=i", state, 8, 624)
    struct.pack_into("=Q", state, 16, 624)
    with pytest.raises(ProtocolViolation, match="outside its buffer"):
        new_torch_generator(state)
    for drawn in (0, 1, 623, 624, 625):
        generator = torch.Generator()
        torch.rand(drawn, generator=generator)
        again = new_torch_generator(generator.get_state().numpy())
        assert torch.equal(torch.rand(9, generator=again), torch.rand(9, generator=generator))


def test_a_generator_state_holds_no_stand_in() -> None:
    """NumPy asked a stand-in for the numbers of the state, in the middle of a message."""
    state = encoded({"bit_generator": "MT19937", "state": {"pos": 1}})[0]
    state[1][3][1] += ["key", HANDLE]
    f = answers(reply("value", [HANDLE]), reply("value", [[talk.GENERATOR, state]])).get("f")
    with pytest.raises(AnswerBlocked, match="not of numbers"):
        f()


def test_texts_in_arrays_can_be_written() -> None:
    """A lone surrogate in an array reached messages that no file can hold."""
    with pytest.raises(ProtocolViolation, match="Unicode"):
        decode((tags.SCALAR, "<U1", b"\0\xd8\0\0"))
    with pytest.raises(Unsendable, match="surrogates"):
        Encoder(SMALL, channel._refuse).encode(np.array(["a", "\ud800"]))


def test_an_empty_array_has_no_astronomical_shape() -> None:
    """A sum over its other axis would have asked for a petabyte."""
    with pytest.raises(ProtocolViolation, match="does not fit"):
        decode((tags.ARRAY, ("<f8", (0, 2**47, 2), "C"), b""))


def test_answers_that_are_kept_ahead_are_bounded() -> None:
    """A known conversation with large callbacks was kept whole; the marker's code goes on where the room ends."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        said = frame(packed(0, reply("value", [[tags.BYTES, b"x" * 500]]))[1:])
        theirs.sendall(said * 3)
        tape = Tape(Channel(ours, Bounds(value_bytes=1000)))
        digests = [tape.exchange(b"", 1.0) for _ in range(3)]
    assert digests[0] and digests[1:] == [b"", b""]
    assert [len(tape.receive()[0]) for _ in range(3)] == [5, 5, 5]


# Cells


@pytest.mark.parametrize(
    "said",
    [
        [np.str_("ok"), [], "", 0.5],
        ["ok", [], "", np.float64(0.5)],
        ["ok", [], "", float("nan")],
        ["ok", [], "", -1.0],
        ["ok", [{"output_type": "stream", "name": "stdout", "text": np.str_("hello")}], "", 0.5],
    ],
)
def test_outcomes_hold_builtin_types(said: list[Any]) -> None:
    """A NumPy text passed for a text, and the notebook could not be written."""
    with Session(_Box(stream(packed(0, *encoded(said)))[1])) as session:
        outcome = session.run_cell("1")
    assert outcome.status == "crash" and "broke the protocol" in outcome.error


def test_an_execution_count_is_a_count() -> None:
    """A number of 40 digits could not be written to the notebook."""
    shown = [{"output_type": "execute_result", "data": {}, "metadata": {}, "execution_count": 10**40}]
    with Session(_Box(stream(packed(0, *encoded(["ok", shown, "", 0.5])))[1])) as session:
        outcome = session.run_cell("1")
    assert outcome.status == "ok" and outcome.outputs[0]["execution_count"] is None


# Comparisons


def test_integers_beyond_floats_are_compared() -> None:
    """They came out as OverflowError, and those that floats round as equal."""
    for compare in (close, exact):
        compare(10**400, 10**400)
        for got, expected in ((10**400, 1.5), (10**400, 10**400 + 1), (2**70, 2**70 + 1), (1, 2**70)):
            with pytest.raises(Mismatch):
                compare(got, expected)
    assert not same_values(1.5, 10**400) and not same_values(10**400, 1.5)


def test_a_value_of_another_kind_is_not_unrolled() -> None:
    """A range as the expected value was made an array first, of whatever length."""
    assert not same_values(range(10**18), 1.0)


# Intake


@pytest.mark.parametrize("kind", [[], {}, [["code"]]])
def test_a_cell_of_an_impossible_type_is_left_out(kind: Any) -> None:
    """A list as the type of a cell was a fault of ours."""
    document = notebooks.notebook({"cell_type": kind, "source": "x"}, notebooks.cell("code", "y"))
    read = parse_notebook(notebooks.packed(document))
    assert [c.source for c in read.cells] == ["y"] and "damaged" in read.notes[0]


@pytest.mark.parametrize("language", ["\ud800", "R\nERROR forged line", "\u202egnp"])
def test_a_kernel_of_any_name_can_be_told(language: str) -> None:
    """The note on another kernel could not be sent to the batch, and the worker died of it."""
    document = notebooks.handed_in()
    document["metadata"]["kernelspec"]["language"] = language
    notes = rebuild(notebooks.released(), None, notebooks.packed(document)).notes
    assert "it was graded with python" in notes[-1] and notes[-1].isprintable()
    msgspec.msgpack.encode(notes)


def test_many_equal_cells_take_linear_time() -> None:
    """Each of 5,000 equal cells tried the ids of all before it: ids are as before, and few are tried."""
    copies = [notebooks.cell("code", "x = 1") for _ in range(2000)]
    document = notebooks.notebook(*notebooks.handed_in()["cells"], *copies)
    tried = 0

    def count(frame: Any, event: str, arg: Any) -> None:
        nonlocal tried
        tried += event == "call" and frame.f_code.co_name == "_digest"

    sys.setprofile(count)
    try:
        rebuilt = rebuild(notebooks.released(), None, notebooks.packed(document))
    finally:
        sys.setprofile(None)
    assert 2000 <= tried < 2100
    assert len({c["id"] for c in rebuilt.notebook["cells"]}) == 2007


def test_format_3_is_read_without_its_converter() -> None:
    """The converter took gigabytes and half a minute for 20 MiB that were no notebook."""
    cells = [
        {"cell_type": "code", "input": ["a = 1\n", "b"], "language": "python"},
        {"cell_type": "heading", "level": 2, "source": "A\ntitle"},
        {"cell_type": "heading", "level": [], "source": 3},
        {"cell_type": "html", "source": "<b>x</b>"},
        5,
    ]
    document = {"nbformat": 3, "worksheets": [{"cells": cells[:1]}, {"cells": cells[1:]}]}
    read = parse_notebook(notebooks.packed(document))
    assert [c.source for c in read.cells] == ["a = 1\nb", "## A title", "# ", "<b>x</b>"]
    assert [c.kind for c in read.cells] == ["code", "markdown", "markdown", "markdown"] and len(read.notes) == 1


def test_the_text_of_all_cells_is_bounded() -> None:
    """Twenty MiB of dense code took a minute to parse."""
    cells = [notebooks.cell("code", f"#{i}" + "x" * 999_990) for i in range(6)]
    read = parse_notebook(notebooks.packed(notebooks.notebook(*cells)))
    assert len(read.cells) == 4 and "4 MiB" in read.notes[0]


@contextmanager
def as_an_ordinary_user() -> Iterator[Path]:
    """A place of that user's; whoever is root acts as nobody meanwhile, for root may read every folder."""
    with TemporaryDirectory() as parent:
        place = Path(parent) / "submitted"
        place.mkdir()
        mine = os.geteuid()
        if mine == 0:
            Path(parent).chmod(0o711)
            os.chown(place, NOBODY, -1)
            os.seteuid(NOBODY)
        try:
            yield place
        finally:
            os.seteuid(mine)


def test_a_closed_folder_costs_itself() -> None:
    """A folder that may not be entered ended the whole batch."""
    with as_an_ordinary_user() as place:
        (place / "closed").mkdir(mode=0o000)
        (place / "a.ipynb").write_text("{}")
        found = scan(place)
        _open_up(place)
    assert found.notebooks == ("a",) and "cannot be read" in found.notes[0]


# Collecting


@pytest.mark.parametrize(
    "stamp", ["9999-99-99 99:99:99 UTC", "2025-12-01 10:00:00 +99999999999", "0001-01-01 00:00:00 +2300"]
)
def test_a_time_that_no_calendar_has_is_refused(tmp_path: Path, stamp: str) -> None:
    """A folder of this name, which any student can make, ended the collecting of the whole class."""
    folder = tmp_path / f"ada+unit01+{stamp}+abc"
    folder.mkdir()
    with pytest.raises(Refused, match="calendar"):
        claim(folder)
