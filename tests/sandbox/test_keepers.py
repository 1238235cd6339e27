"""A keeper that has room again: it is used where nothing of the last submission can be left, and nothing is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder.sandbox.box import Sandbox
from autograder.sandbox.probe import probe
from tests.sandbox.attack import printed, processes_with, until

OFFERED = probe()["namespaces"]
pytestmark = pytest.mark.skipif(bool(OFFERED), reason=f"namespaces: {OFFERED}")

STATE = """
import os
fds = sorted(int(n) for n in os.listdir('/proc/self/fd'))
places = [os.listdir(p) for p in ('.', '/tmp', '/dev/shm', os.environ['HOME'], os.environ['TMPDIR'])]
print(os.getpid(), os.getppid(), sorted(n for n in os.listdir('/proc') if n.isdigit()), fds[:-1], places)
"""
LITTER = """
import ctypes, os, signal, subprocess, tempfile
private = os.environ['TMPDIR']
for place in ('.', private, '/dev/shm'):
    open(place + '/left', 'w').write('x')
os.mkfifo(private + '/pipe')
ctypes.CDLL(None).prctl(15, b'secret-name')
if os.fork() == 0:
    os.setsid()
    held = open(private + '/left')
    if os.fork() == 0:
        for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(n, signal.SIG_IGN)
        os.execv('/usr/bin/sleep', ['sleep', '6543.%d'])
    os._exit(0)
print('left')
"""
SEARCH = """
import re

def count(word):  # as a pattern that does not match itself
    found = 0
    with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            start, end = (int(x, 16) for x in span.split('-'))
            if rights.startswith('rw') and '[v' not in line:
                memory.seek(start)
                found += len(re.findall(word, memory.read(end - start)))
    return found
print(count(b'[s]ecret-name'), count(b'[s]ecret-data'))
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(isolation="namespaces", heavy=()) as box:
        yield box


def keepers(box: Sandbox) -> set[int]:
    assert box._zygote is not None
    (zygote,) = psutil.Process(box._zygote.pid).children()
    return {p.pid for p in zygote.children()}


def test_the_next_submission_finds_what_the_first_found(box: Sandbox) -> None:
    """The same keeper, the same process numbers, no file, no process and no word of the one before."""
    with box.session() as session:
        first = printed(session, STATE)
    before = keepers(box)
    with box.session() as session:
        assert printed(session, LITTER % os.getpid()) == "left"
        assert until(lambda: processes_with(f"6543.{os.getpid()}"))
        assert session._trunk is not None
        session._trunk.process.check()  # the keeper reads the name that the process has given itself
    assert not processes_with(f"6543.{os.getpid()}")
    with box.session() as session:
        assert keepers(box) == before
        assert printed(session, STATE) == first
        assert printed(session, SEARCH) == "0 0"
        assert printed(session, "secret = b'eman-terces'[::-1]\n" + SEARCH).split()[0] != "0", (
            "the search finds nothing"
        )


def test_processor_time_is_that_of_one_submission(box: Sandbox) -> None:
    """What an earlier one used is not counted again."""
    burn = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass"
    with box.session() as session:
        session.run_cell(burn)
        assert session._trunk is not None
        first = session._trunk.process.cpu_seconds()
    with box.session() as session:
        session.run_cell("1")
        assert session._trunk is not None
        assert session._trunk.process.cpu_seconds() < first


def test_a_keeper_that_saw_files_goes(box: Sandbox, tmp_path: Path) -> None:
    """Data files went through its memory: no other submission comes from it."""
    (tmp_path / "data.txt").write_bytes(b"secret-data" * 1000)
    with box.session(tmp_path) as session:
        assert printed(session, "print(len(open('data.txt').read()))") == "11000"
        before = keepers(box)
    with box.session() as session:
        assert until(lambda: not before <= keepers(box))
        assert printed(session, SEARCH) == "0 0"


@pytest.mark.parametrize("end", ["import os; os._exit(0)", "import os; os.kill(os.getpid(), 9)"])
def test_a_keeper_goes_with_a_process_that_ended_by_itself(box: Sandbox, end: str) -> None:
    """Only an end that we asked for leaves room."""
    with box.session() as session:
        session.run_cell("1")
        before = keepers(box)
        assert session.run_cell(end).status == "crash"
        assert until(lambda: not before <= keepers(box))
        assert session.run_cell("1").status == "ok"


def test_a_keeper_that_died_is_passed_over(box: Sandbox) -> None:
    """One that waits for a submission may be killed by the system: another is taken."""
    with box.session() as session:
        session.run_cell("1")
    for pid in keepers(box):
        for child in psutil.Process(pid).children():
            child.kill()
    for _ in range(3):
        with box.session() as session:
            session.run_cell("1")
