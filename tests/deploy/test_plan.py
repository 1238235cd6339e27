"""The planning table says what its formulas say, on costs that are known beforehand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

HOME = Path(__file__).resolve().parents[2]
BENCHMARKS = str(HOME / "benchmarks")
GIB = 2**30
TABLE = """
| course | grader | submissions | without start-up | feedback, s each | peak memory |
|---|---|---:|---:|---:|---:|
| unit | nbgrader autograde | 3 | 17.6 | 1.8 | 231 MiB |
| unit | dlmath | 100 | 0.72 | 0.036 | 512 MiB |
"""


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The script, imported as it is run."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield import_module("plan")
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(BENCHMARKS):
            del sys.modules[name]


def cost(plan: ModuleType, grading: float = 0.72, memory: float = GIB / 2):
    return plan.UnitCost(grading, 0.036, memory, handed_in=60e3, message=40e3, kept=50e3, pages=80e3)


def costs(plan: ModuleType):
    recorded = plan.Recorded(seconds=0.018, computing=0.004, parts={"files": 0.01}, row_bytes=10e3)
    scheduled = plan.Scheduled(cpu_seconds=0.0036, batch_seconds=0.0018, seconds=0.02)
    return plan.Costs(cost(plan), scheduled, recorded, None)


def test_amounts_follow_from_costs(plan: ModuleType) -> None:
    """100,000 an hour at 0.72 s each are 20 cores that never wait, 25 at 0.8; the rest by the same arithmetic."""
    found = {need.what: need.amount(100_000) for need in plan.needs(costs(plan))}
    assert found == {
        "workers' cores": "25 cores",
        "workers' memory, usual": "12 GiB",  # 25 x 0.5 = 12.5
        "workers' memory, to be safe": "62 GiB",  # 25 x 2.5 = 62.5
        "scheduler": "0.1 cores",
        "batch, sending and taking": "0.05 cores",
        "scheduler's network": "44 Mbit/s",  # 100 kB in and out: 1.6 Mbit x 27.8 a second
        "writer, SQLite": "0.5 of one writer",
        "feedback pages": "1.2 cores",
        "disk, for each hour": "20 GB",
    }


def test_a_mix_is_a_mean(plan: ModuleType) -> None:
    """By shares, but for memory: any worker may be given any unit."""
    units = {"heavy": cost(plan, 3.0, 4 * GIB), "light": cost(plan, 1.0, GIB)}
    found = plan.mixed(units, {"heavy": 1, "light": 3})
    assert (found.grading, found.memory) == (1.5, 4 * GIB)


def test_seconds_and_memory_come_from_the_benchmarks_page(plan: ModuleType) -> None:
    assert plan.read_table(TABLE) == {"unit": (0.72, 0.036, 512 * 2**20)}
    assert "unit02_logistic" in plan.read_table((HOME / "docs" / "benchmarks.md").read_text())


def test_the_rate_of_the_one_writer_is_told(plan: ModuleType) -> None:
    said = plan._limits(costs(plan))
    assert "at 200,000 submissions an hour with SQLite. " in said and "busy at 1,000,000 an hour" in said


def test_the_page_has_a_place_for_the_table() -> None:
    page = (HOME / "docs" / "clusters.md").read_text()
    assert page.count("<!-- figures: benchmarks/plan.py -->") == 1
