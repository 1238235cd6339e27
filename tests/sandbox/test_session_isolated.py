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
        with Sandbox(limits=Limits(cell_seconds=5, part_seconds=2)) as box:
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


def test_memory_beyond_the_limit_costs_only_the_cell(box):
    """A cell that fills the memory fails or dies; the session goes on."""
    with box.session() as session:
        assert session.run_cell("x = 1").status == "ok"
        assert session.run_cell("a = [bytearray(2**26) for _ in range(1000)]").status in ("error", "crash")
        assert session.run_cell("assert x == 1").status == "ok"
