"""A conversation that was had before gives the result it gave before; every other one is judged anew."""

from __future__ import annotations

import weakref

import msgspec
import numpy as np
import pytest

from autograder.key import Mismatch
from autograder.marking.conversations import POINT_BYTES, Conversations, Ending
from autograder.marking.exercise import mark_exercise
from autograder.marking.parts import Run
from autograder.marking.reach import CodeCell
from autograder.marking.sandboxed import SandboxAnswers
from autograder.results import Verdict
from autograder.sandbox import Limits, Sandbox
from autograder.sandbox.tape import Said, Tape
from tests.marking.keys import GOOD, SOFTMAX, body, planted

OTHER_STYLE = """
def softmax(z):
    shifted = z - np.max(z, axis=-1)[..., None]
    weights = np.exp(shifted)
    return weights / np.sum(weights, axis=-1)[..., None]
"""
LAST_BIT = "def softmax(z):\n    return np.nextafter(np.exp(z - np.logaddexp.reduce(z, -1, keepdims=True)), 2)"
OVERFLOW = "def softmax(z):\n    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)"
HALF = "def softmax(z):\n    if np.abs(z).max() > 100: raise ValueError('z is large')\n" + GOOD.split("\n", 2)[2]


@pytest.fixture(scope="module")
def box():
    with Sandbox(limits=Limits(part_seconds=1), heavy=()) as opened:
        yield opened


@pytest.fixture
def mark(box, tmp_path):
    """Marks the source of an answer, with what `mark.had` remembers unless `fresh`."""

    def go(source, key=None, fresh=False, names=None):
        key = key or planted(tmp_path)
        had = None if fresh else go.had
        with box.session() as session:
            for cell in ("import numpy as np", source):
                assert session.run_cell(cell).status == "ok"
            answers = SandboxAnswers(session, key.bans, names, tape=had is not None)
            cells = [CodeCell("softmax", source, True)]
            result = mark_exercise(key, answers, b"s", cells=cells, names=names, conversations=had)
        return msgspec.structs.replace(result, seconds=0.0)

    go.had = Conversations()
    return go


@pytest.mark.parametrize("source", [GOOD, OVERFLOW, HALF, "softmax = 3", "softmaxx = None"])
def test_the_second_time_gives_the_same_result_from_memory(mark, source):
    """Right, wrong with a diagnosis, raising, not callable, missing: all that a student reads is the same."""
    expected = mark(source, fresh=True)
    assert [mark(source), mark(source), mark(source)] == [expected] * 3
    assert (mark.had.recalled, mark.had.begun) == (2, 3)


def test_another_text_with_the_same_values_is_known(mark):
    """What counts is what the code computes."""
    mark(GOOD)
    assert mark(OTHER_STYLE).points == 8
    assert mark.had.recalled == 1


def test_one_bit_makes_a_new_conversation(mark):
    """A value that was never given is compared with the reference, wherever in the conversation it comes."""
    mark(GOOD)
    assert mark(LAST_BIT).points == 8
    assert mark(OVERFLOW) == mark(OVERFLOW, fresh=True)
    assert mark.had.recalled == 0


def test_a_right_beginning_earns_nothing_more(mark):
    """An answer that is right in the first parts only is judged by its own later values."""
    mark(GOOD)
    result = mark(HALF)
    assert result == mark(HALF, fresh=True)
    assert [p.verdict for p in result.parts] == [Verdict.PASS, Verdict.PASS, Verdict.CRASH]


def test_a_timeout_is_never_remembered(mark):
    """A slow machine's verdict is not another submission's."""
    slow = "import time\ndef softmax(z):\n    time.sleep(9)"
    verdicts = [p.verdict for _ in range(2) for p in mark(slow).parts]
    assert set(verdicts) == {Verdict.TIMEOUT}
    assert mark.had.recalled == 0


def test_a_death_on_the_way_costs_its_part_alone(mark, tmp_path):
    """The conversation breaks off where it went well before; the other parts get a new fork."""
    parts = """
    @key.part("worked", weight=1)
    def one(answer, rng):
        close(answer(1.0), 2.0)
    @key.part("core", weight=1)
    def two(answer, rng):
        close(answer(2.0), 4.0)
    @key.part("core", weight=1)
    def three(answer, rng):
        close(answer(3.0), 6.0)
    """
    key = planted(tmp_path, body(parts), "f")
    mark("def f(x): return 2 * x", key)
    result = mark("import os\ndef f(x): return 2 * x if x != 2 else os._exit(1)", key)
    assert [p.verdict for p in result.parts] == [Verdict.PASS, Verdict.CRASH, Verdict.PASS]


def test_callbacks_are_part_of_a_conversation(mark, tmp_path):
    """A function of the marker's is answered from memory for known arguments, and called for others."""
    parts = """
    @key.part("core", weight=2)
    def uses_h(answer, rng):
        calls = []
        def h(x):
            calls.append(x)
            return x + rng.normal()
        close(answer(h), 2 * calls[0] + 1)
        check(len(calls) == 1, "h must be called once")
    """
    key = planted(tmp_path, body(parts, reference="def f(h): return 2 * h(3.0) + 1"), "f")
    right = "def f(h):\n    h(3.0)\n    return 7.0"
    assert [mark(right, key).points for _ in range(2)] == [2, 2]
    assert mark.had.recalled == 1
    assert mark("def f(h):\n    h(4.0)\n    return 9.0", key).points == 2
    assert mark("def f(h):\n    h(4.0)\n    return 7.0", key).points == 0
    twice = mark("def f(h):\n    h(3.0), h(3.0)\n    return 7.0", key)
    assert "h must be called once" in twice.parts[0].message


def test_other_names_and_other_keys_are_other_conversations(mark, tmp_path):
    """A conversation belongs to one version of one key and to the names that the notebook gives."""
    mark(GOOD)
    renamed = GOOD.replace("softmax", "mine")
    assert mark(renamed, names={"softmax": "mine"}).points == 8
    changed = planted(tmp_path, SOFTMAX.replace("weight=2", "weight=3"))
    assert mark(GOOD, changed).points == 9
    assert mark.had.recalled == 0


def test_the_marker_that_says_something_else_begins_anew(mark, monkeypatch):
    """Should the marker's messages ever differ from those remembered, a fresh fork is judged without memory."""
    mark(GOOD)
    frames = Tape.exchange

    def altered(tape, frame, part):
        answer = frames(tape, frame, part)
        tape.said[-1].frame += b"x"
        return answer[:-1]  # unknown, so the marker's code takes over

    monkeypatch.setattr(Tape, "exchange", altered)
    assert mark(GOOD) == mark(GOOD, fresh=True)


def test_memory_is_bounded(mark):
    """Past the room everything is forgotten, and learned again."""
    mark.had = Conversations(room=1)
    mark(GOOD)
    mark(OVERFLOW)
    mark(GOOD)
    assert mark.had.recalled == 0
    assert mark.had._bytes > 0


def test_answers_that_differ_are_bounded_too():
    """The same questions with ever new answers: only the points between them take room."""
    had, ending = Conversations(room=100 * POINT_BYTES), Ending({"one": Run(Verdict.PASS)}, "")
    for number in range(1000):
        had.learn("place", [Said(b"q", 0.0, bytes([part]) + str(number).encode()) for part in range(9)], ending)
        assert points_below(had._points["place"]) < 120


def points_below(point):
    return 1 + sum(map(points_below, point.then.values()))


def test_values_of_an_answer_are_not_kept():
    """An answer may be 128 MiB of numbers; what may be shown of it was put into words."""
    wrong = Mismatch("the result differs", got=np.zeros(3), expected=np.ones(3))
    seen, had = weakref.ref(wrong.got), Conversations()
    had.learn("place", [Said(b"q", 0.0, b"a")], Ending({"one": Run(Verdict.FAIL, wrong, shown=("0", "1"))}, ""))
    assert seen() is None
    assert had._points["place"].then[b"a"].ending.runs["one"].shown == ("0", "1")


def test_a_conversation_too_long_to_be_kept(mark, tmp_path, monkeypatch):
    """A function of the key may answer with as much as the student gives it: the marker keeps the last of it."""
    parts = """
    @key.part("core", weight=2)
    def uses_h(answer, rng):
        close(answer(lambda x: x + 1), 1.0)
    """
    key = planted(tmp_path, body(parts, reference="def f(h): return h(0.0)"), "f")
    monkeypatch.setattr("autograder.sandbox.tape._ROOM", 100_000)
    tapes = []
    monkeypatch.setattr(Conversations, "recall", lambda had, place, tape: tapes.append(tape))
    assert mark("def f(h):\n    for _ in range(9): h(np.zeros(9000))\n    return h(0.0)", key).points == 2
    assert sum(len(said.frame) for said in tapes[0].said) < 100_000
    assert not mark.had._points


def test_random_is_not_seeded_anew_in_a_fork(box):
    """`random` reseeds itself in every fork of Python; a mark that hung on that could not be repeated."""
    drawn = []
    for _ in range(2):
        with box.session() as session:
            session.run_cell("import random\ndef draw():\n    return random.random()")
            with session.fork() as branch:
                drawn.append(branch.get("draw")())
    assert drawn[0] == drawn[1]
