"""Killed and interrupted at random moments, each of its processes: run again, a batch ends in the same state."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from autograder.course import Course
from autograder.lock import lock_file
from tests.faults.engine import LAYERS, LIMIT_WORDS, Command, in_use, layer, until
from tests.faults.state import STUDENTS, is_sound, stored

pytestmark = pytest.mark.faults

SEED = int(os.environ.get("FAULTS_SEED", "7"))
ROUNDS = 3
STRIKES = {"SIGKILL": [signal.SIGKILL], "SIGINT": [signal.SIGINT], "SIGINT twice": [signal.SIGINT] * 2}


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> random.Random:
    """Random moments that are the same in every run; FAULTS_SEED asks for others."""
    print(f"FAULTS_SEED={SEED}")  # shown with a failure
    return random.Random(f"{SEED} {request.node.name}")


def strike(command: Command, what: str, signals: list[int], moments: random.Random) -> bool:
    """Wait until something of the kind is there, and a moment more; whether it was still there to be struck."""
    until(lambda: not command.running or layer(command, what), f"a {what}")
    time.sleep(moments.random() * 0.8)
    for number in signals:
        present = layer(command, what)
        if not present:
            return False
        try:
            moments.choice(present).send_signal(number)
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def start(course: Course) -> Iterator[Callable[..., Command]]:
    """Starts a grading command that is ended with the test."""
    started = []

    def grade(*words: str) -> Command:
        started.append(Command(course, "grade", *LIMIT_WORDS, "--workers=1", "--json", *words))
        return started[-1]

    yield grade
    for command in started:
        command.stop()


def until_begun(command: Command) -> None:
    """Wait until it holds the lock, or has ended already."""
    file = lock_file(command.course)
    until(lambda: not command.running or (file.exists() and file.read_text() == f"{command.pid}\n"), "the lock")


@pytest.mark.parametrize("how", STRIKES, ids=lambda how: how.replace(" ", "-"))
def test_the_command(course, start, moments, tried, ends_as_undisturbed, how) -> None:
    """The writer lives in it. What it had recorded stays, and what it was writing is there whole or not at all."""
    for _ in range(ROUNDS):
        command = start()
        until_begun(command)
        time.sleep(moments.random() * 3)
        if command.running:
            tried(f"{how} of the command")
            for number in STRIKES[how]:
                if command.running:
                    command.send(number)
                time.sleep(0.05)
        done = command.wait()
        # Python itself ends by the signal when it is struck while it leaves: for a shell that is 130, too.
        assert done.code in (-signal.SIGKILL, -signal.SIGINT, 130, 0), done.err
        assert "Traceback" not in done.err
    ends_as_undisturbed(course)


@pytest.mark.parametrize("what", LAYERS[1:])
def test_what_it_started(course, start, moments, tried, ends_as_undisturbed, what) -> None:
    """The batch goes on: what was struck is replaced, and nobody's verdict is another one for it."""
    for how, signals in STRIKES.items():
        command = start("--force")
        if strike(command, what, signals, moments):
            tried(f"{how} of the {what}")
        done = command.wait()
        assert done.code == 0, done.err
        assert len(done.document["graded"]) == len(STUDENTS)
        is_sound(course)
    ends_as_undisturbed(course)


def test_session_in_use(graded, tried, ends_as_undisturbed) -> None:
    """The system kills a submission's process, as it does when memory runs short: it is graded again at once."""
    expected = stored(graded)
    command = Command(graded, "grade", *LIMIT_WORDS, "--workers=1", "--force", "--json")
    try:
        for _ in range(2):
            until(lambda: in_use(command), "a session that computes").kill()
            tried("SIGKILL of a session in use")
            time.sleep(0.5)
        assert command.wait().code == 0
    finally:
        command.stop()
    assert stored(graded) == expected
    ends_as_undisturbed(graded)
