"""Grade the same submissions with stock nbgrader, otter and dlmath, each on one core, in one run.

python benchmarks/grading.py            # print
python benchmarks/grading.py --write    # and put the figures into docs/benchmarks.md
python benchmarks/grading.py --unit unit03_optimization --stock 3
"""

from __future__ import annotations

import argparse
import importlib.metadata
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bare
import courses
from measure import Cost, copied_page_seconds, machine, run

HOME = Path(__file__).resolve().parent.parent
PAGE = HOME / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: benchmarks/grading.py -->", "<!-- end of figures -->"
UNIT = "unit02_logistic"
FEW = 2  # submissions of the run that is subtracted
PYTHON = sys.executable


@dataclass(frozen=True)
class Row:
    """One grader on one course.

    Args:
        submissions: how many were graded in the run that counts.
        grade: cost of that run.
        first: cost of a run of the same kind over `FEW` other submissions.
    """

    course: str
    grader: str
    submissions: int
    grade: Cost
    feedback: Cost | None
    first: Cost | None

    @property
    def each(self) -> float:
        """Seconds for each submission, start-up included."""
        return self.grade.seconds / self.submissions

    @property
    def marginal(self) -> float:
        """Seconds that one more submission takes."""
        if self.first is None:
            return self.each
        return (self.grade.seconds - self.first.seconds) / (self.submissions - FEW)

    @property
    def faults(self) -> float:
        """Page faults that one more submission causes."""
        return (self.grade.faults - self.first.faults) / (self.submissions - FEW) if self.first else 0.0


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="dlmath-bench-") as folder:
        rows = list(_measured(Path(folder), arguments))
        overhead = _overhead(rows, arguments.unit, bare.seconds_each(HOME, arguments.unit))
    text = "\n".join([_heading(), "", *_table(rows), "", *overhead])
    print(text)
    if arguments.write:
        _write(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stock", type=int, default=8, help="submissions for stock nbgrader")
    parser.add_argument("--ours", type=int, default=200, help="submissions for dlmath")
    parser.add_argument("--unit", default=UNIT, help="unit of the course (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    return parser.parse_args()


def _measured(folder: Path, arguments: argparse.Namespace) -> Iterator[Row]:
    light = courses.light_course(folder / "light")
    yield from _both(light, courses.UNIT, {"mlp": courses.ANSWER}, arguments)
    otter = folder / "otter"
    yield Row(courses.UNIT, "otter run", 1, run(courses.light_otter(otter), otter), None, None)
    unit = courses.unit_course(HOME, folder / "unit", arguments.unit)
    yield from _both(unit, arguments.unit, bare.solutions(HOME, arguments.unit), arguments)


def _both(course: Path, unit: str, answers: dict[str, str], arguments: argparse.Namespace) -> Iterator[Row]:
    (course / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.ignore = ['*.py', '.ipynb_checkpoints']\n"
    )
    if unit != courses.UNIT:
        run([PYTHON, "-m", "autograder", "release", unit], course)
    else:
        run([PYTHON, "-m", "nbgrader", "generate_assignment", unit], course)
    ours = Path(shutil.copytree(course, course.with_name(f"{course.name}-ours")))
    stock = {"JUPYTER_CONFIG_DIR": str(course / "empty"), "PYTHONPATH": str(HOME)}
    nbgrader = [PYTHON, "-m", "nbgrader"]
    dlmath = [PYTHON, "-m", "autograder", "--course", str(ours)]
    row = "nbgrader autograde"
    yield _row(
        row, course, unit, answers, arguments.stock, [*nbgrader, "autograde"], [*nbgrader, "generate_feedback"], stock
    )
    yield _row(
        "dlmath", ours, unit, answers, arguments.ours, [*dlmath, "grade", "--workers", "1"], [*dlmath, "feedback"], {}
    )


def _row(
    grader: str,
    course: Path,
    unit: str,
    answers: dict[str, str],
    count: int,
    grade: list[str],
    feedback: list[str],
    environment: dict[str, str],
) -> Row:
    courses.submit_copies(course, unit, answers, range(FEW))
    first = run([*grade, unit], course, environment)
    courses.submit_copies(course, unit, answers, range(FEW, FEW + count))
    cost = run([*grade, unit], course, environment)
    return Row(unit, grader, count, cost, run([*feedback, unit], course, environment), first)


def _heading() -> str:
    packages = ("nbgrader", "otter-grader", "torch", "numpy")
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    python = ".".join(map(str, sys.version_info[:3]))
    return f"Machine: {machine()}. Python {python}, {versions}. Each grader on one core."


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| course | grader | submissions | s each | without start-up | feedback, s each | peak memory | times stock |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    stock = {row.course: row for row in rows if row.grader.startswith("nbgrader")}
    for row in rows:
        feedback = f"{row.feedback.seconds / (row.submissions + FEW):.3f}" if row.feedback else ""
        faster = stock[row.course].marginal / row.marginal
        yield (
            f"| {row.course} | {row.grader} | {row.submissions} | {row.each:.3f} | {row.marginal:.3f} | {feedback} "
            f"| {row.grade.peak_bytes / 2**20:.0f} MiB | {faster:.1f} |"
        )


def _overhead(rows: list[Row], unit: str, compute: bare.Compute) -> Iterator[str]:
    """What grading adds to the bare compute of the answers of the unit, against the design's allowance."""
    ours = next(row for row in rows if (row.course, row.grader) == (unit, "dlmath"))
    allowed = 0.025 * compute.notebooks + 0.008 * compute.exercises
    added = ours.marginal - compute.seconds
    yield (
        f"Bare compute of one submission of {unit} (its cells and the calls of its functions, in one warm process): "
        f"{compute.seconds:.3f} s. dlmath adds {added:.3f} s for {compute.notebooks} notebooks and "
        f"{compute.exercises} exercises; the allowance is {allowed:.3f} s."
    )
    page = copied_page_seconds()
    yield (
        f"One submission causes {ours.faults:,.0f} page faults. A page that a fork copies costs {1e6 * page:.1f} µs on "
        f"this machine: together at most {page * ours.faults:.3f} s."
    )


def _write(text: str) -> None:
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")
    print(f"written: {PAGE.relative_to(HOME)}", file=sys.stderr)


if __name__ == "__main__":
    main()
