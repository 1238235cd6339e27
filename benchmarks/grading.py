"""Grade the same submissions with stock nbgrader, otter and dlmath, each on one core, in one run.

python benchmarks/grading.py            # print
python benchmarks/grading.py --write    # and put the figures into docs/benchmarks.md
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
from measure import Cost, machine, run

HOME = Path(__file__).resolve().parent.parent
PAGE = HOME / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: benchmarks/grading.py -->", "<!-- end of figures -->"
UNIT = "unit02_logistic"
PYTHON = sys.executable


@dataclass(frozen=True)
class Row:
    """One grader on one course: seconds for each submission, start-up included and apart."""

    course: str
    grader: str
    submissions: int
    grade: Cost
    feedback: Cost | None
    start: float  # seconds of a run that grades nothing new

    @property
    def each(self) -> float:
        return self.grade.seconds / self.submissions

    @property
    def marginal(self) -> float:
        return (self.grade.seconds - self.start) / self.submissions


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="dlmath-bench-") as folder:
        rows = list(_measured(Path(folder), arguments))
        overhead = _overhead(rows, bare.seconds_each(HOME, UNIT))
    text = "\n".join([_heading(), "", *_table(rows), "", *overhead])
    print(text)
    if arguments.write:
        _write(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stock", type=int, default=8, help="submissions for stock nbgrader")
    parser.add_argument("--ours", type=int, default=200, help="submissions for dlmath")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    return parser.parse_args()


def _measured(folder: Path, arguments: argparse.Namespace) -> Iterator[Row]:
    light = courses.light_course(folder / "light")
    yield from _both(light, courses.UNIT, {"mlp": courses.ANSWER}, arguments)
    otter = folder / "otter"
    yield Row(courses.UNIT, "otter run", 1, run(courses.light_otter(otter), otter), None, 0.0)
    unit = courses.unit_course(HOME, folder / "unit", UNIT)
    yield from _both(unit, UNIT, bare.solutions(HOME, UNIT), arguments)


def _both(course: Path, unit: str, answers: dict[str, str], arguments: argparse.Namespace) -> Iterator[Row]:
    (course / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.ignore = ['*.py', '.ipynb_checkpoints']\n"
    )
    if unit == UNIT:
        run([PYTHON, "-m", "autograder", "release", unit], course)
    else:
        run([PYTHON, "-m", "nbgrader", "generate_assignment", unit], course)
    ours = Path(shutil.copytree(course, course.with_name(f"{course.name}-ours")))
    courses.submit_copies(course, unit, answers, arguments.stock)
    courses.submit_copies(ours, unit, answers, arguments.ours)
    yield _stock(course, unit, arguments.stock)
    yield _dlmath(ours, unit, arguments.ours)


def _stock(course: Path, unit: str, count: int) -> Row:
    stock = {"JUPYTER_CONFIG_DIR": str(course / "empty"), "PYTHONPATH": str(HOME)}
    grade = run([PYTHON, "-m", "nbgrader", "autograde", unit], course, stock)
    feedback = run([PYTHON, "-m", "nbgrader", "generate_feedback", unit], course, stock)
    again = run([PYTHON, "-m", "nbgrader", "autograde", unit], course, stock)
    return Row(unit, "nbgrader autograde", count, grade, feedback, again.seconds)


def _dlmath(course: Path, unit: str, count: int) -> Row:
    command = [PYTHON, "-m", "autograder", "--course", str(course)]
    grade = run([*command, "grade", unit, "--workers", "1"], course)
    feedback = run([*command, "feedback", unit], course)
    again = run([*command, "grade", unit, "--workers", "1"], course)
    return Row(unit, "dlmath", count, grade, feedback, again.seconds)


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
        feedback = f"{row.feedback.seconds / row.submissions:.3f}" if row.feedback else ""
        faster = stock[row.course].each / row.each
        yield (
            f"| {row.course} | {row.grader} | {row.submissions} | {row.each:.3f} | {row.marginal:.3f} | {feedback} "
            f"| {row.grade.peak_bytes / 2**20:.0f} MiB | {faster:.1f} |"
        )


def _overhead(rows: list[Row], compute: bare.Compute) -> Iterator[str]:
    """What grading adds to the bare compute of the answers of the unit, against DESIGN's allowance."""
    ours = next(row for row in rows if (row.course, row.grader) == (UNIT, "dlmath"))
    allowed = 0.025 * compute.notebooks + 0.008 * compute.exercises
    added = ours.marginal - compute.seconds
    yield (
        f"Bare compute of one submission of {UNIT} (the same cells and checks in one warm process): "
        f"{compute.seconds:.3f} s. dlmath adds {added:.3f} s for {compute.notebooks} notebooks and "
        f"{compute.exercises} exercises; the allowance is {allowed:.3f} s."
    )


def _write(text: str) -> None:
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")
    print(f"written: {PAGE.relative_to(HOME)}", file=sys.stderr)


if __name__ == "__main__":
    main()
