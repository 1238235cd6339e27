"""The last branch of a session: the process itself, where nobody could tell it from a fork."""

import pytest

from autograder.sandbox.errors import AnswerCrashed

PLACE = """
import os, signal, threading, time
calls, pid = [], os.getpid()

def here():
    calls.append(1)
    return os.getpid() == pid, len(calls)
"""
THREAD = "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
CHILD = "import subprocess\nchild = subprocess.Popen(['sleep', '60'])"
TIMER = """
ticks = []
signal.signal(signal.SIGVTALRM, lambda *_: ticks.append(1))
signal.setitimer(signal.ITIMER_VIRTUAL, 0.05)

def spend():
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    return len(ticks)
"""


def test_the_process_itself_answers(session):
    """Nothing is copied; a branch that is not the last is a fork."""
    session.run_cell(PLACE)
    with session.fork() as branch:
        assert branch.get("here")() == (False, 1)
    with session.fork(last=True) as branch:
        assert branch.get("here")() == (True, 1)


def test_what_comes_nevertheless_finds_the_cells_state(session):
    """The cells run again in a new process, which knows nothing of the branch and is kept from then on."""
    session.run_cell(PLACE)
    with session.fork(last=True) as branch:
        assert branch.get("here")() == (True, 1)
        with session.fork() as other:
            assert other.get("here")() == (False, 1)
        assert branch.get("here")() == (True, 2)
    with session.fork(last=True) as branch:
        assert branch.get("here")() == (False, 1)
    assert session.run_cell("assert not calls").status == "ok"


@pytest.mark.parametrize("left", [THREAD, CHILD])
def test_threads_and_processes_stay_behind(session, left):
    """What a fork would not take along is not there either when it is the last."""
    session.run_cell(PLACE)
    assert session.run_cell(left).status == "ok"
    with session.fork(last=True) as branch:
        assert branch.get("here")() == (False, 1)


@pytest.mark.parametrize("left", ["", THREAD])
def test_random_goes_on_in_a_fork(session, left):
    """Python's generator is in every fork as the cells left it, with threads and without."""
    session.run_cell(f"{PLACE}\n{left}\nimport random\nahead = random.Random()\nahead.setstate(random.getstate())")
    session.run_cell("def draw(): return random.random(), ahead.random()")
    for _ in range(2):
        with session.fork() as branch:
            drawn, expected = branch.get("draw")()
            assert drawn == expected


def test_timers_stay_behind(session):
    """A timer that a cell set does not ring in the last branch."""
    session.run_cell(PLACE)
    assert session.run_cell(TIMER).status == "ok"
    with session.fork(last=True) as branch:
        assert branch.get("spend")() == 0


def test_long_cells_are_not_repeated(session):
    """After cells that took long the last branch is a fork: its loss shall cost nobody their time once more."""
    session.run_cell(PLACE)
    session._cell_seconds = 2.0
    with session.fork(last=True) as branch:
        assert branch.get("here")() == (False, 1)


def test_a_moment_answers_itself(session):
    """Of a moment, too, the last branch is its process; what comes nevertheless finds the cells' state there."""
    session.run_cell(PLACE + "state = 1")
    moment = session.moment()
    session.run_cell("state = 2\npid = 0")
    first = _seen(moment, last=False)
    assert first == _seen(moment, last=False) == (1, 1)
    with moment.fork(last=True) as branch:
        assert moment.channel is None, "the process that waited was not given away"
        assert branch.get("here")()[1] == 1
    assert _seen(moment, last=True) == _seen(moment, last=False) == (1, 1)
    with session.fork() as branch:
        assert branch.get("state") == 2


def _seen(moment, last):
    with moment.fork(last=last) as branch:
        return branch.get("state"), branch.get("here")()[1]


def test_a_moment_that_dies_costs_itself(session):
    """The session and its other moments go on."""
    session.run_cell(PLACE + "state = 1\ndef die(): os._exit(3)")
    early = session.moment()
    session.run_cell("state = 2")
    late = session.moment()
    session.run_cell("state = 3")
    with early.fork(last=True) as branch, pytest.raises(AnswerCrashed, match="exit status 3"):
        branch.get("die")()
    assert _seen(late, last=True) == (2, 1)
    assert _seen(early, last=True) == (1, 1)
    with session.fork(last=True) as branch:
        assert branch.get("state") == 3
