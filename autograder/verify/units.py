"""Whole units verified: one exercise after the other, on as many processes as there are cores."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from autograder.cores import cores
from autograder.course import Course
from autograder.errors import UsageError
from autograder.sandbox import Limits, Sandbox
from autograder.sandbox.installation import needed
from autograder.verify.exercise import verify_exercise
from autograder.verify.report import ExerciseReport, UnitReport, Verification

__all__ = ["verify_units"]

LIMITS = Limits(part_seconds=5)  # a mutant may loop for ever
Progress = Callable[[int, int, str], None]  # done, total, what was finished


def verify_units(
    course: Course,
    units: Sequence[str] = (),
    *,
    exercises: Sequence[str] = (),
    mutate: bool = True,
    isolation: str = "strongest",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Prove the keys of units (all of them when none is named).

    Args:
        exercises: only these, as "unit/exercise".
        mutate: also make mutants of the solutions.
        isolation: level of the sandbox in which the answers run.
        workers: processes; the number of cores unless said otherwise.
        progress: told how many exercises are done, how many there are, and which one was finished.
    """
    wanted = _wanted(course, course.choose(tuple(units)), exercises)
    with Sandbox(isolation=isolation, limits=LIMITS, heavy=()) as box:
        level = box.level
    reports = dict(_proved(course, wanted, mutate, level, workers or cores(), progress))
    by_unit: dict[str, list[ExerciseReport]] = {}
    for exercise in wanted:
        by_unit.setdefault(exercise.split("/")[0], []).append(reports[exercise])
    found = tuple(UnitReport(unit=unit, exercises=tuple(found)) for unit, found in by_unit.items())
    return Verification(units=found, isolation=level)


def _wanted(course: Course, units: list[str], exercises: Sequence[str]) -> list[str]:
    known = [f"{u}/{p.stem}" for u in units for p in sorted((course.solutions / u).glob("*.py"))]
    for exercise in exercises:
        if exercise not in known:
            raise UsageError(f"exercise: got {exercise!r}, expected one of {', '.join(known)}.")
    return [e for e in known if e in exercises] if exercises else known


def _proved(
    course: Course, wanted: list[str], mutate: bool, isolation: str, workers: int, progress: Progress | None
) -> list[tuple[str, ExerciseReport]]:
    done: list[tuple[str, ExerciseReport]] = []
    context = multiprocessing.get_context("spawn")
    units = sorted({exercise.split("/")[0] for exercise in wanted})
    with ProcessPoolExecutor(min(workers, len(wanted)) or 1, context, _start, (course, isolation, units)) as pool:
        futures = {pool.submit(_verify, exercise, mutate): exercise for exercise in wanted}
        for future in as_completed(futures):
            done.append((futures[future], future.result()))
            if progress:
                progress(len(done), len(wanted), futures[future])
    return done


_worker: tuple[Course, Sandbox] | None = None  # one warm sandbox in each process


def _start(course: Course, isolation: str, units: list[str]) -> None:
    global _worker
    heavy = needed(course.texts(units))
    _worker = course, Sandbox(isolation=isolation, limits=LIMITS, library=course.library(), heavy=heavy)


def _verify(exercise: str, mutate: bool) -> ExerciseReport:
    assert _worker is not None
    course, box = _worker
    return verify_exercise(course, box, exercise, mutate)
