"""Build, release, simulate a class, grade it, write feedback and the class page."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from autograder.build import build, release
from autograder.cores import cores
from autograder.course import Course
from autograder.demo.account import Account, take_account
from autograder.demo.simulate import simulate
from autograder.feedback import write_feedback
from autograder.files import write_whole
from autograder.grade import grade_units
from autograder.grade.versions import everything
from autograder.record import results
from autograder.report import write_report
from autograder.results import SubmissionResult
from autograder.sandbox import Limits

__all__ = ["Demo", "make_room", "run"]

REPORT = "report.html"
LIMITS = Limits(cell_seconds=4, part_seconds=4, submission_seconds=60, memory_bytes=1024 * 2**20)
Step = Callable[[str], Any]  # told what begins; gives a callback (done, total, label)


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What the demonstration did."""

    students: int
    unchanged: int  # of the students: graded by an earlier demonstration, and left alone by this one
    exercises: int
    accounts: dict[str, Account]  # by unit
    seconds: dict[str, float]  # by step
    isolation: str
    look_at: dict[str, str]  # what -> path
    schema: int = 1


def run(
    home: Course,
    folder: Path,
    *,
    size: int = 60,
    seed: int = 2026,
    force: bool = False,
    step: Step = lambda what: None,
) -> Demo:
    """Run the whole way of a class of `size` simulated students, with everything that it leaves in `folder`.

    Each student hands in one of the units. The same class that was graded here before by the very same code is
    graded again only as any class is: where something changed.

    Args:
        home: the course; `source/`, `solutions/` and `release/` are used, the rest is left alone.
        force: grade everybody again.
        step: told the name of each step as it begins; what it returns is told the step's progress.
    """
    course = Course.at(home.home, folder)
    seconds: dict[str, float] = {}
    with _timed(seconds, "build"):
        build(course)
    with _timed(seconds, "release"):
        step("release")
        release(course)
    units = course.units()
    with _timed(seconds, "simulate"):
        make_room(course, f"{size} students, seed {seed}: {' '.join(units)}; {everything()}")
        classes = simulate(course, units, size, seed)
    with _timed(seconds, "grade"):
        summary = grade_units(course, units, force=force, limits=LIMITS, progress=step("grade"))
    if summary.interrupted:
        raise KeyboardInterrupt
    with _timed(seconds, "feedback"):
        write_feedback(course, units, workers=cores(), progress=step("feedback"))
    with _timed(seconds, "report"):
        step("report")
        write_report(course, units, course.work / REPORT)
    graded = {unit: {entry.result.student: entry.result for entry in results(course, unit)} for unit in units}
    everyone = [result for of_unit in graded.values() for result in of_unit.values()]
    return Demo(
        students=size,
        unchanged=summary.unchanged,
        exercises=sum(len(n.exercises) for r in everyone for n in r.notebooks),
        accounts={unit: take_account(course, classes[unit], graded[unit]) for unit in units},
        seconds=seconds,
        isolation=everyone[0].environment.isolation,
        look_at=_look_at(course, everyone),
    )


def make_room(course: Course, name: str) -> None:
    """Take away another simulated class that was here before: its students would count as ours."""
    sign = course.work / ".simulated"
    before = sign.read_text() if sign.exists() else name
    if before != name:
        for folder in (course.submitted, course.autograded, course.feedback, course.private / "results"):
            shutil.rmtree(folder, ignore_errors=True)
        (course.work / "gradebook.db").unlink(missing_ok=True)
    write_whole(sign, name.encode())


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - start, 2)


def _look_at(course: Course, graded: list[SubmissionResult]) -> dict[str, str]:
    """The pages that a newcomer should open: the class, and a student whose mistakes were named."""
    told = max(graded, key=lambda r: sum(bool(e.diagnosis) for n in r.notebooks for e in n.exercises))
    pages = {
        "the class page": course.work / REPORT,
        "a student's feedback": course.feedback / told.student / told.unit / f"{told.notebooks[0].name}.html",
        "what students get": course.release / told.unit,
        "nbgrader's gradebook": course.work / "gradebook.db",
    }
    return {what: str(path) for what, path in pages.items()}
