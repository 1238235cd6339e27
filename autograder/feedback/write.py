"""Feedback pages of a class: `feedback/<student>/<unit>/<notebook>.html`, where nbgrader's release and fetch look."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from autograder.cells import Role, role
from autograder.course import Course
from autograder.feedback.marks import NotebookMarks, unit_marks
from autograder.feedback.page import page
from autograder.files import write_whole
from autograder.record import Entry, results
from autograder.record.gradebook import open_gradebook
from autograder.results import SCHEMA, NotebookResult

__all__ = ["FeedbackSummary", "write_feedback"]

CHUNK = 25  # pages that one worker process takes at a time
BESIDE = ("timestamp.txt", "submission_secret.txt")  # nbgrader's release_feedback reads them beside the page

Progress = Callable[[int, int], None]  # pages done, pages in all


class FeedbackSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What `write_feedback` did; the document of `--json`."""

    written: tuple[str, ...] = ()  # paths below feedback/
    unchanged: int = 0
    schema: int = SCHEMA


class _Job(msgspec.Struct, frozen=True):
    """One page to write."""

    executed: Path
    released: Path
    target: Path
    entry: Entry
    result: NotebookResult
    marks: NotebookMarks | None


def write_feedback(
    course: Course,
    units: Sequence[str],
    students: Sequence[str] = (),
    *,
    dry_run: bool = False,
    force: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> FeedbackSummary:
    """Write the pages of the units' graded submissions; pages that are up to date are left alone."""
    jobs = [job for unit in units for job in _jobs(course, unit, set(students))]
    due = [j for j in jobs if force or not _is_current(j)]
    if not dry_run:
        for done, _ in enumerate(_written(due, workers), start=1):
            if progress:
                progress(done, len(due))
    written = tuple(str(j.target.relative_to(course.feedback)) for j in due)
    return FeedbackSummary(written=written, unchanged=len(jobs) - len(due))


def _jobs(course: Course, unit: str, students: set[str]) -> Iterator[_Job]:
    with open_gradebook(course.database) as gradebook:
        marks = unit_marks(gradebook, unit)
    for entry in results(course, unit):
        student = entry.result.student
        if students and student not in students:
            continue
        for result in entry.result.notebooks:
            executed = course.autograded / student / unit / f"{result.name}.ipynb"
            target = course.feedback / student / unit / f"{result.name}.html"
            released = course.release / unit / f"{result.name}.ipynb"
            yield _Job(executed, released, target, entry, result, marks.get((student, result.name)))


def _written(jobs: list[_Job], workers: int) -> Iterator[None]:
    if workers <= 1 or len(jobs) <= CHUNK:
        yield from map(_write, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_write, jobs, chunksize=CHUNK)


def _write(job: _Job) -> None:
    html = page(job.entry.result, job.result, _notebook(job), job.marks, job.entry.graded, _inputs(job))
    job.target.parent.mkdir(parents=True, exist_ok=True)
    for name in BESIDE:
        beside = job.executed.parent / name
        if beside.is_file() and not beside.is_symlink():
            shutil.copyfile(beside, job.target.parent / name)
    write_whole(job.target, html.encode("utf-8", "replace"))


def _notebook(job: _Job) -> dict[str, Any]:
    """The executed notebook; for one that was not handed in or could not be read, the released one without answers."""
    if job.executed.is_file():
        return dict(json.loads(job.executed.read_bytes()))
    released = json.loads(job.released.read_bytes())
    released["cells"] = [c for c in released["cells"] if role(c) not in (Role.SOLUTION, Role.FREE)]
    for cell in released["cells"]:
        if role(cell) is Role.MANUAL:
            cell["source"] = ""
    return dict(released)


def _is_current(job: _Job) -> bool:
    """Whether the page was made from the same result, marks and template."""
    try:
        with open(job.target, "rb") as f:
            return f'name="dlmath-inputs" content="{_inputs(job)}"'.encode() in f.read(2000)
    except FileNotFoundError:
        return False


def _inputs(job: _Job) -> str:
    digest = hashlib.sha256(_look())
    for part in (job.entry, job.marks):
        digest.update(msgspec.json.encode(part, order="deterministic"))
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _look() -> bytes:
    """Digest of the template and the style sheet: a page of an older look is written anew."""
    folder = files("autograder.feedback")
    return hashlib.sha256(b"".join(folder.joinpath(n).read_bytes() for n in ("page.html.j2", "page.css"))).digest()
