"""Which submissions are to be graded: those that are new or changed, or were graded by another version of the unit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.course import Course
from autograder.errors import UsageError
from autograder.grade.messages import Job
from autograder.intake import IntakeError, submission_hash
from autograder.record import Entry, load

__all__ = ["jobs", "students_of"]


def jobs(
    course: Course, unit: str, version: str, students: Sequence[str], force: bool
) -> Iterator[tuple[Job, Entry | None, bool]]:
    """The unit's submissions by student: the job, what is recorded of it, and whether it must be done.

    People hand in, and collect, while this looks: what is gone when its turn comes is no submission.
    """
    present = students_of(course, unit)
    for student in students:
        if student not in present:
            raise UsageError(f"submitted/{student}/{unit}: got no such submission.")
    for student in present:
        if students and student not in students:
            continue
        digest = _hash(course.submitted / student / unit)
        if digest is None:
            continue
        job = Job(unit=unit, student=student, submission_hash=digest)
        entry = load(course, unit, student)
        yield job, entry, force or not _is_done(course, job, entry, version)


def students_of(course: Course, unit: str) -> list[str]:
    """Who handed in the unit. A name that is hidden or that cannot be shown is nobody's; links are not followed."""
    if not course.submitted.is_dir():
        return []
    with os.scandir(course.submitted) as folders:
        names = [f.name for f in folders if f.is_dir(follow_symlinks=False) and _is_name(f.name)]
    places = ((name, course.submitted / name / unit) for name in sorted(names))
    return [name for name, place in places if place.is_dir() and not place.is_symlink()]


def _hash(folder: Path) -> str | None:
    """The submission's hash; "" when it is being replaced, so that it counts as changed, None when it is gone."""
    try:
        return submission_hash(folder)
    except IntakeError:
        return "" if folder.is_dir() else None


def _is_name(name: str) -> bool:
    return name.isprintable() and not name.startswith(".")


def _is_done(course: Course, job: Job, entry: Entry | None, version: str) -> bool:
    if entry is None or entry.broken or not (course.autograded / job.student / job.unit).is_dir():
        return False
    return (entry.result.submission_hash, entry.result.course_hash) == (job.submission_hash, version)
