"""Grade the same submissions with stock nbgrader, otter and dlmath, each on one core, in one run.

python benchmarks/grading.py                        # print
python benchmarks/grading.py --write --plots        # and put table and plot into docs/
python benchmarks/grading.py --unit unit03_optimization --stock 3 --otter 1

Times are read from when a grader says what (nbgrader's log, our progress); a run of otter grades one submission.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported: each grader has one core

import pages
import plots
from bare import Bare, Compute
from courses import LIGHT, Class, Size, prepare
from measure import Cost, copied_page_seconds, heading, one_core, progress, run
from otter_bundle import bundles, require_full_marks
from rhythm import Rhythm, by_name, by_progress, whole

UNIT = "unit02_logistic"
STOCK, OTTER, OURS = "nbgrader autograde", "otter run", "dlmath"
PYTHON = sys.executable
BARE_RUNS = 7
MARKS = (
    "select count(*), sum(auto_score < max_score) from grade join grade_cells on grade.cell_id = grade_cells.id "
    "join base_cell on base_cell.id = grade_cells.id where base_cell.name like 'test!_%' escape '!'"
)


@dataclass(frozen=True)
class Row:
    """One grader on one unit.

    Args:
        submissions: how many were graded.
        each: times of a submission.
        feedback: seconds of a submission's pages.
        compute: the bare compute of one submission.
    """

    unit: str
    grader: str
    submissions: int
    each: Rhythm
    peak_bytes: int
    faults: float
    feedback: float | None
    compute: Compute


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="dlmath-bench-") as folder:
        rows = [row for unit in (LIGHT, options.unit) for row in _rows(Path(folder), unit, options)]
    progress("")
    versions = heading("nbgrader", "otter-grader", "torch", "numpy")
    text = "\n".join([f"{versions} Each grader on one core.", "", *_table(rows), "", *_meaning(rows)])
    print(text)
    pages.write(options, "grading.py", text)
    if options.plots:
        bars = [plots.Bar(r.unit, r.grader, r.compute.seconds, r.each.median) for r in rows]
        plots.times(bars, pages.images(options) / "benchmark_times.svg")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stock", type=int, default=8, help="submissions for stock nbgrader (default: %(default)s)")
    parser.add_argument("--otter", type=int, default=3, help="runs of otter (default: %(default)s)")
    parser.add_argument("--ours", type=int, default=200, help="submissions for dlmath (default: %(default)s)")
    parser.add_argument("--unit", default=UNIT, help="unit beside the light notebook (default: %(default)s)")
    pages.add_options(parser)
    pages.add_plots(parser)
    options = parser.parse_args()
    for name, least in (("stock", 1), ("otter", 1), ("ours", 2)):
        if getattr(options, name) < least:
            parser.error(f"--{name}: got {getattr(options, name)}, expected at least {least}.")
    return options


def _rows(folder: Path, unit: str, options: argparse.Namespace) -> Iterator[Row]:
    """Every grader on a unit."""
    stock = prepare(folder / unit, unit)
    ours = stock.copy(folder / f"{unit}-ours")
    stock.submit(range(options.stock + 1))  # the last one's end is not to be seen
    ours.submit(range(options.ours))
    compute = _compute(ours)
    environment = {"JUPYTER_CONFIG_DIR": str(folder / "empty"), "PYTHONPATH": str(pages.HOME)}
    nbgrader = [PYTHON, "-m", "nbgrader"]
    dlmath = [PYTHON, "-m", "autograder", "--course", str(ours.folder), "--progress", "json"]

    def both(made: Class, grade: list[str], feedback: list[str], times: Callable[[Cost], Rhythm], n: int) -> Row:
        grader = STOCK if made is stock else OURS
        extra = environment if made is stock else {}
        progress(f"{unit}: {grader}, {n} submissions")
        cost = run([*grade, unit], made.folder, extra)
        _require_full_marks(made, grader)
        written = times(run([*feedback, unit], made.folder, extra)).median
        page_time = written if made is stock else written * compute.notebooks  # nbgrader names students, we count pages
        return Row(unit, grader, n, times(cost), cost.peak_bytes, cost.faults / n, page_time, compute)

    yield both(stock, [*nbgrader, "autograde"], [*nbgrader, "generate_feedback"], by_name, options.stock)
    yield _otter(stock, folder / f"{unit}-otter", options.otter, compute)
    yield both(ours, [*dlmath, "grade", "--workers", "1"], [*dlmath, "feedback"], by_progress, options.ours)


def _require_full_marks(made: Class, grader: str) -> None:
    """The answers are right: a grader that says otherwise did something else than grading."""
    with closing(sqlite3.connect(made.folder / "gradebook.db")) as db:
        count, lost = db.execute(MARKS).fetchone()
    if not count or lost:
        raise RuntimeError(f"{grader}: got {lost} of {count} right answers without full marks, expected none.")


def _otter(material: Class, folder: Path, runs: int, compute: Compute) -> Row:
    """Runs over one submission, all its notebooks one after the other."""
    commands = bundles(material, "student0000", folder)
    costs = []
    for number in range(runs):
        progress(f"{material.unit}: {OTTER}, {number + 1}/{runs}")
        parts = [run(command, here, {"PYTHONPATH": str(pages.HOME)}) for command, here in commands]
        require_full_marks([here for _, here in commands])
        samples = [sample for part in parts for sample in part.samples]
        costs.append(Cost(sum(p.seconds for p in parts), 0.0, sum(p.faults for p in parts), samples))
    peak, faults = max(c.peak_bytes for c in costs), statistics.mean(c.faults for c in costs)
    return Row(material.unit, OTTER, runs, whole(costs), peak, faults, None, compute)


def _compute(material: Class) -> Compute:
    """The median of a few submissions; the first one warms up."""
    allowed = os.sched_getaffinity(0)
    one_core()
    bare = Bare(material.course, material.unit)
    found = [bare.compute("student0000") for _ in range(BARE_RUNS + 1)][1:]
    os.sched_setaffinity(0, allowed)
    return sorted(found, key=lambda compute: compute.seconds)[BARE_RUNS // 2]


def _table(rows: list[Row]) -> Iterator[str]:
    """Seconds of one submission; capacity planning reads this table by the names of its columns."""
    yield (
        "| course | grader | submissions | without start-up | lowest | highest | bare compute in it | start-up, s "
        "| feedback, s each | peak memory | times stock |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    stock = {row.unit: row for row in rows if row.grader == STOCK}
    for row in rows:
        feedback = f"{row.feedback:.3f}" if row.feedback else ""
        before = f"{row.each.before:.1f}" if row.each.before else "in each"
        faster = stock[row.unit].each.median / row.each.median
        yield (
            f"| {row.unit} | {row.grader} | {row.submissions} | {row.each.median:.3f} | {min(row.each.each):.3f} "
            f"| {max(row.each.each):.3f} | {row.compute.seconds:.4f} | {before} | {feedback} "
            f"| {row.peak_bytes / 2**20:.0f} MiB | {faster:.1f} |"
        )


def _meaning(rows: list[Row]) -> Iterator[str]:
    """What dlmath adds to the bare compute, against the design's allowance; pages against theirs."""
    page = copied_page_seconds()
    for row in (r for r in rows if r.grader == OURS and r.feedback):
        n, m = row.compute.notebooks, row.compute.exercises
        page_seconds = row.feedback / n
        allowed, added = Size(n, m).allowance, row.each.median - row.compute.seconds
        yield (
            f"- {row.unit}: dlmath adds {1e3 * added:.0f} ms to the bare compute of {n} notebook{'s' * (n > 1)} and "
            f"{m} exercises; the allowance is {1e3 * allowed:.0f} ms, which is {_met(added, allowed)}. A page of "
            f"feedback takes {1e3 * page_seconds:.0f} ms of 40 allowed: {_met(page_seconds, 0.040)}. "
            f"One submission causes {row.faults:,.0f} page faults; a page that a fork copies costs {1e6 * page:.1f} µs "
            f"on this machine, together at most {1e3 * page * row.faults:.0f} ms."
        )


def _met(used: float, allowed: float) -> str:
    return "**met**" if used <= allowed else f"**not met** ({used / allowed:.1f} times)"


if __name__ == "__main__":
    main()
