"""What so many submissions an hour need: cores, memory, network, scheduler, writer, pages, disk, from measured costs.

python benchmarks/plan.py                                          # one unit, 100,000 an hour
python benchmarks/plan.py --submissions 20000 --mix unit02_logistic=3 light=1
python benchmarks/plan.py --write                                  # and put the table into docs/clusters.md

Seconds of a core and memory are those of docs/benchmarks.md where it has the unit; everything else is measured now, in
a few minutes. PostgreSQL is measured where it is installed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from courses import Class, prepare
from measure import machine, run
from pages import BENCHMARKS, HOME, add_options, write
from recording import CHUNK, Recorded, Sample, record, sample
from scheduling import Scheduled, schedule

sys.path.insert(0, str(HOME))
from tests.postgresql import database, missing, server

PAGE = HOME / "docs" / "clusters.md"
BUSY = 0.8  # share of its time in which a worker grades: classes do not arrive evenly
FEW, MORE = 2, 10  # submissions of the two runs that tell what one more takes
HOUR, MIB, GIB = 3600.0, 2**20, 2**30
LIMIT_BYTES = 2 * GIB  # what one submission may use, unless --limit says otherwise


@dataclass(frozen=True)
class UnitCost:
    """What one submission of a unit costs; of a mix, the mean.

    Args:
        grading: seconds of a worker's core.
        feedback: seconds of a core for its pages.
        memory: bytes of a worker with everything below it.
        handed_in, message, kept, pages: bytes, as in `Sample`.
    """

    grading: float
    feedback: float
    memory: float
    handed_in: float
    message: float
    kept: float
    pages: float


@dataclass(frozen=True)
class Costs:
    """All that the plan rests on."""

    unit: UnitCost
    scheduler: Scheduled
    sqlite: Recorded
    postgresql: Recorded | None


def main() -> None:
    options = _options()
    mix = dict(_share(word) for word in options.mix)
    with tempfile.TemporaryDirectory(prefix="dlmath-plan-") as folder:
        costs = _measured(Path(folder), mix, options.records, options.tasks)
    text = "\n".join(_text(costs, mix, options))
    print(text)
    write(options, "plan.py", text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=100_000, metavar="N", help="in an hour (%(default)s)")
    parser.add_argument("--mix", nargs="+", default=["unit02_logistic=1"], metavar="UNIT=SHARE")
    parser.add_argument("--records", type=int, default=2000, help="results to record (%(default)s)")
    parser.add_argument("--tasks", type=int, default=2000, help="tasks for the scheduler (%(default)s)")
    add_options(parser, PAGE)
    return parser.parse_args()


def _share(word: str) -> tuple[str, float]:
    unit, _, number = word.partition("=")
    return unit, float(number or 1)


# What things cost.


def _measured(folder: Path, mix: dict[str, float], records: int, tasks: int) -> Costs:
    table = read_table(BENCHMARKS.read_text(encoding="utf-8"))
    classes = {unit: prepare(folder / unit, unit) for unit in mix}
    samples = {unit: sample(given.copy(folder / f"{unit}-sample")) for unit, given in classes.items()}
    units = {}
    for unit, given in classes.items():
        known = table.get(unit) or _tried(given.copy(folder / f"{unit}-tried"))
        units[unit] = _unit_cost(known, samples[unit])
    mean = mixed(units, mix)
    first = next(iter(mix))  # of several units the first is recorded: rows and files are alike
    kept = classes[first].copy(folder / "sqlite"), samples[first].graded, records
    sqlite = record(*kept, "")
    with _postgresql(folder / "server") as url:
        there = classes[first].copy(folder / "postgresql")
        postgresql = record(there, samples[first].graded, records, url) if url else None
    return Costs(mean, schedule(folder, tasks, int(mean.handed_in), int(mean.message)), sqlite, postgresql)


def read_table(page: str) -> dict[str, tuple[float, float, float]]:
    """Seconds for grading, seconds for feedback and bytes of memory by unit: our rows of the page's table."""
    lines = [[c.strip() for c in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    head = next((line for line in lines if {"course", "grader", "without start-up"} <= set(line)), None)
    if head is None:
        return {}
    rows = [dict(zip(head, line, strict=True)) for line in lines if len(line) == len(head)]
    return {
        row["course"]: (
            float(row["without start-up"]),
            float(row["feedback, s each"]),
            float(row["peak memory"].split()[0]) * MIB,
        )
        for row in rows
        if row["grader"] == "dlmath"
    }


def _tried(given: Class) -> tuple[float, float, float]:
    """The same for a unit that the page does not have: the difference of two short runs on one core."""
    course, unit = given.folder, given.unit
    words = [sys.executable, "-m", "autograder", "--course", str(course)]
    given.submit(range(FEW))
    first = run([*words, "grade", "--workers", "1", unit], course)
    given.submit(range(FEW, FEW + MORE))
    more = run([*words, "grade", "--workers", "1", unit], course)
    pages = run([*words, "feedback", unit], course)
    return (more.seconds - first.seconds) / (MORE - FEW), pages.seconds / (FEW + MORE), more.peak_bytes


def _unit_cost(known: tuple[float, float, float], found: Sample) -> UnitCost:
    return UnitCost(*known, found.handed_in, found.message, found.kept, found.pages)


def mixed(units: dict[str, UnitCost], mix: dict[str, float]) -> UnitCost:
    """The mean submission of a mix; workers need the memory of the largest."""
    whole = sum(mix.values())
    mean = {f.name: sum(getattr(units[u], f.name) * mix[u] for u in mix) / whole for f in fields(UnitCost)}
    return UnitCost(**{**mean, "memory": max(units[u].memory for u in mix)})


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    """An empty database of a server that waits for its disk; an empty word where PostgreSQL is not installed."""
    if missing():
        yield ""
        return
    with server(folder, durable=True) as url, database(url) as made:
        yield made


# What a class needs.


@dataclass(frozen=True)
class Need:
    """One line of the table."""

    what: str
    formula: str
    each: str
    hourly: float  # for one submission an hour
    unit: str

    def amount(self, submissions: int) -> str:
        value = self.hourly * submissions
        return f"{value:,.0f} {self.unit}" if value >= 10 else f"{value:.2g} {self.unit}"


def needs(costs: Costs) -> Iterator[Need]:
    """What one submission an hour needs of everything."""
    unit, scheduler = costs.unit, costs.scheduler
    cores = unit.grading / HOUR / BUSY
    yield Need("workers' cores", f"N s / 3600 / {BUSY}", f"s = {unit.grading:.3f} s", cores, "cores")
    usual, most = unit.memory, unit.memory + LIMIT_BYTES
    yield Need("workers' memory, usual", "cores m", f"m = {usual / MIB:.0f} MiB", cores * usual / GIB, "GiB")
    yield Need("workers' memory, to be safe", "cores (m + limit)", f"{most / MIB:.0f} MiB", cores * most / GIB, "GiB")
    yield Need("scheduler", "N c / 3600", _milli(scheduler.cpu_seconds), scheduler.cpu_seconds / HOUR, "cores")
    carrying = scheduler.batch_seconds
    yield Need("batch, sending and taking", "N c / 3600", _milli(carrying), carrying / HOUR, "cores")
    moved = unit.handed_in + unit.message
    megabits = 2 * 8e-6 * moved  # what comes into the scheduler also leaves it
    yield Need("scheduler's network", "16 N b / 3600", f"b = {moved / 1e3:.0f} kB", megabits / HOUR, "Mbit/s")
    for name, found in (("SQLite", costs.sqlite), ("PostgreSQL", costs.postgresql)):
        if found:
            yield Need(f"writer, {name}", "N w / 3600", _milli(found.seconds), found.seconds / HOUR, "of one writer")
    yield Need("feedback pages", f"N f / 3600 / {BUSY}", _milli(unit.feedback), unit.feedback / HOUR / BUSY, "cores")
    lasting = unit.handed_in + unit.kept + unit.pages + costs.sqlite.row_bytes
    yield Need("disk, for each hour", "N d", f"d = {lasting / 1e3:.0f} kB", lasting / 1e9, "GB")


def _milli(seconds: float) -> str:
    return f"{1e3 * seconds:.1f} ms"


def _text(costs: Costs, mix: dict[str, float], options: argparse.Namespace) -> Iterator[str]:
    names = ", ".join(f"{unit} ({share / sum(mix.values()):.0%})" for unit, share in mix.items())
    columns = sorted({1_000, 10_000, options.submissions})
    yield (
        f"Machine: {machine()}. Submissions: {names}. Recorded: {options.records:,} results in chunks of {CHUNK}; "
        f"sent: {options.tasks:,} tasks."
    )
    yield ""
    yield f"| what | formula | each | {' | '.join(f'N = {n:,}' for n in columns)} |"
    yield f"|---|---|---:|{'---:|' * len(columns)}"
    for need in needs(costs):
        yield f"| {need.what} | {need.formula} | {need.each} | {' | '.join(map(need.amount, columns))} |"
    yield ""
    yield _limits(costs)


def _limits(costs: Costs) -> str:
    """From which rate on something that there is one of is busy all the time."""
    written = [("SQLite", costs.sqlite), ("PostgreSQL", costs.postgresql)]
    rates = [f"{HOUR / found.seconds:,.0f} submissions an hour with {name}" for name, found in written if found]
    parts = [f"{name}: {_inside(found)}" for name, found in written if found]
    return (
        f"The one writer is busy all the time at {' and '.join(rates)}. What it does for one "
        f"({'; '.join(parts)}). The scheduler is busy at {HOUR / costs.scheduler.cpu_seconds:,.0f} an hour; a task in "
        f"which nothing is computed takes {_milli(costs.scheduler.seconds)} from end to end."
    )


def _inside(found: Recorded) -> str:
    parts = ", ".join(f"{name} {_milli(seconds)}" for name, seconds in found.parts.items())
    return f"{parts}, of all {_milli(found.computing)} computing"


if __name__ == "__main__":
    main()
