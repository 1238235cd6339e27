"""The session as it is used: in the strongest isolation that this machine offers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from autograder.sandbox import AnswerCrashed, Limits, Sandbox


@pytest.fixture(scope="module")
def box():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with Sandbox(limits=Limits(cell_seconds=5, part_seconds=2), heavy=()) as box:
            box.start()
            yield box


def test_a_notebook_from_beginning_to_end(box):
    """Cells, magics, figures, a crash, calls, callbacks and a dying answer, all in isolation."""
    with box.session() as session:
        cells = [
            "import numpy as np, os\nimport matplotlib.pyplot as plt",
            "import asyncio\nawait asyncio.sleep(0)",
            "!echo shell\nos.system('echo system')",
            "plt.plot([1, 2]);",
            "def apply(f, x): return f(x) + 1\ndef die(): os._exit(3)",
        ]
        outcomes = [session.run_cell(source) for source in cells]
        assert [o.status for o in outcomes] == ["ok"] * 5, outcomes
        assert "image/png" in outcomes[3].outputs[0]["data"]
        assert session.run_cell("os._exit(0)").status == "crash"
        with session.fork() as branch:
            assert branch.get("apply")(lambda x: 2 * x, np.arange(3)).tolist() == [1, 3, 5]
        with session.fork() as branch, pytest.raises(AnswerCrashed, match="exit status 3"):
            branch.get("die")()


DEATHS = ("os._exit(3)", "os.abort()", "os.kill(os.getpid(), signal.SIGTERM)")


def test_the_last_branch_dies_in_the_words_of_a_fork(box):
    """It is the session's process itself; the session goes on."""
    for death in DEATHS:
        with box.session() as session:
            session.run_cell(
                f"import os, signal\npid = os.getpid()\ndef die(): {death}\ndef here(): return os.getpid() == pid"
            )
            said = []
            for last in (False, True):
                with session.fork(last=last) as branch, pytest.raises(AnswerCrashed) as crash:
                    assert branch.get("here")() is last
                    branch.get("die")()
                said.append(str(crash.value))
            assert said[0] == said[1] != ""
            with session.fork(last=True) as branch:
                assert branch.get("here")() is False


def test_memory_beyond_the_limit_costs_only_the_cell(box):
    """A cell that fills the memory fails or dies; the session goes on."""
    with box.session() as session:
        assert session.run_cell("x = 1").status == "ok"
        assert session.run_cell("a = [bytearray(2**26) for _ in range(1000)]").status in ("error", "crash")
        assert session.run_cell("assert x == 1").status == "ok"


@pytest.mark.parametrize(
    "source",
    [
        "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(1e6,)).start()",
        "import os\nfds = []\nwhile True:\n    fds.append(os.dup(1))",
    ],
    ids=["threads", "descriptors"],
)
def test_a_cell_that_leaves_nothing_for_a_fork_is_left_out(box, source):
    """Answers are asked for as if the cell that used up all threads or descriptors were not there."""
    with box.session() as session:
        assert session.run_cell("x = 1").status == "ok"
        assert session.run_cell(source).status == "error"
        assert session.run_cell("x += 1").status == "ok"
        for _ in range(2):
            with session.fork() as branch:
                assert branch.get("x") == 2


def test_warnings_in_answers_stay_warnings(box):
    """A cell that turns warnings into errors changes the cells after it, not the answers."""
    strict = "import warnings, numpy as np\nwarnings.simplefilter('error')\nnp.seterr(all='raise')"
    with box.session() as session:
        session.run_cell(strict)
        session.run_cell("def log(x):\n    warnings.warn('careful')\n    return np.log(x)")
        assert session.run_cell("np.log(np.zeros(1))").error.startswith("FloatingPointError")
        assert session.run_cell("warnings.warn('careful')").error.startswith("UserWarning")
        with session.fork() as branch:
            assert branch.get("log")(np.zeros(1)) == -np.inf


def test_memory_that_a_cell_keeps_is_not_the_next_ones_fault(box):
    """The cell that goes beyond the limit is left out, not the one after it."""
    with box.session() as session:
        filling = "a = []\ntry:\n    while True: a.append(bytearray(2**26))\nexcept MemoryError: pass"
        assert session.run_cell(filling).status == "crash"
        assert session.run_cell("x = sum(range(10**6))").status == "ok"
