"""A notebook as it stood after some of its cells, forked when all of them have run."""

from __future__ import annotations

import pytest

from autograder.sandbox import AnswerCrashed
from autograder.sandbox.inside.wire import awake


def seen(moment, name="x"):
    with moment.fork() as branch:
        return branch.get(name)


def test_later_cells_change_nothing(session):
    """A moment holds what the names meant then."""
    session.run_cell("x = [1]")
    first = session.moment()
    session.run_cell("x.append(2)\ny = 1")
    second = session.moment()
    session.run_cell("x = 'later'")
    assert seen(first) == [1] and seen(second) == [1, 2] and seen(session) == "later"
    assert seen(first) == [1]


def test_moments_without_a_cell_between_are_one(session):
    """Tests that follow each other share a process."""
    session.run_cell("x = 1")
    assert session.moment() is session.moment()


def test_more_moments_than_processes(session):
    """A notebook may have a hundred test cells: in their order, in any order, and more than once."""
    moments = []
    for i in range(70):
        session.run_cell(f"x = {i}")
        moments.append(session.moment())
    assert [seen(m) for m in moments] == list(range(70))
    assert [seen(moments[i]) for i in (3, 69, 40, 40)] == [3, 69, 40, 40]
    with moments[5].fork(last=True) as branch:
        assert branch.get("x") == 5
    assert seen(moments[5]) == 5
    session.close()  # as when an answer has killed everything
    assert seen(moments[60]) == 60


def test_a_cell_that_was_stopped_counts(session):
    """What it had defined when its time was up is there, as in the notebook itself."""
    session.run_cell("x = 1")
    first = session.moment()
    assert session.run_cell("x = 2\nwhile True: pass").status == "timeout"
    assert session.moment() is not first
    assert seen(session.moment()) == 2 and seen(first) == 1


@pytest.mark.parametrize(
    "cell",
    ["import os\nos._exit(1)", "import os, signal\nos.kill(0, signal.SIGKILL)", "import ctypes\nctypes.string_at(0)"],
)
def test_a_cell_that_ends_the_process_costs_no_moment(session, cell):
    """They are made again from the cells that ran before."""
    session.run_cell("x = 1")
    first = session.moment()
    session.run_cell("x = 2")
    second = session.moment()
    assert session.run_cell(cell).status == "crash"
    third = session.moment()
    assert [seen(m) for m in (third, first, second)] == [2, 1, 2]


def test_who_kills_what_waits_harms_only_that(session):
    """Student code may end its own: that exercise crashes, as its answer would, and the next is marked."""
    session.run_cell("x = 1")
    first = session.moment()
    kill = (
        "import os, signal\nme = str(os.getpid())\n"
        "for pid in open(f'/proc/{me}/task/{me}/children').read().split():\n    os.kill(int(pid), signal.SIGKILL)"
    )
    assert session.run_cell(kill).status == "ok"
    second = session.moment()
    with pytest.raises(AnswerCrashed):
        seen(first)
    assert seen(second) == 1


def test_an_answer_that_dies_costs_no_moment(session):
    """The next part is asked of a new fork of the same moment."""
    session.run_cell("import os\nx = 1\ndef die(): os._exit(3)")
    moment = session.moment()
    session.run_cell("x = 2")
    for _ in range(2):
        with moment.fork() as branch, pytest.raises(AnswerCrashed, match="exit status 3"):
            branch.get("die")()
    assert seen(moment) == 1


def test_questions_have_time_of_their_own(session):
    """However long the cells took, the functions that they defined are asked."""
    session.run_cell("x = 1")
    moment = session.moment()
    session._ends = 0.0  # the submission's time is up
    assert session.run_cell("x = 2").status == "timeout"
    session.begin_questions()
    assert seen(moment) == 1


def test_time_that_ends_while_cells_run_again_costs_none_of_them(session):
    """The process died, and the time was over before all earlier cells had run once more: questions meet them all."""
    session.run_cell("import os, time\ntime.sleep(0.5)")
    session.run_cell("x = 1")
    assert session.run_cell("os._exit(3)").status == "crash"
    session._ends = awake() + 0.4
    late = session.run_cell("x = 2")
    assert (late.status, late.error) == ("timeout", "the submission used up its 60 s")
    moment = session.moment()
    session.begin_questions()
    assert seen(moment) == 1
