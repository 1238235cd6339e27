"""`grade_units`: grade what is new or changed, record it, and be able to go on after any interruption."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

import msgspec

from autograder.cores import cores
from autograder.course import Course
from autograder.grade.messages import Died, Job, Setup, Workers
from autograder.grade.pending import jobs
from autograder.grade.pool import Pool
from autograder.grade.unit import Unit
from autograder.intake import IntakeError
from autograder.lock import single_writer
from autograder.record import Entry, GradebookWriter, Graded, NotebookAnswers, save, write_autograded
from autograder.record.unrecorded import as_graded, unrecorded
from autograder.results import SCHEMA, Verdict
from autograder.sandbox.installation import needed
from autograder.sandbox.limits import Limits
from autograder.watch import Laps, Phase, Run, Watch

__all__ = ["Batch", "GradeSummary", "GradedRow", "Progress", "grade_units", "interruptible", "make_pool"]

CHUNK = 32  # submissions recorded in one transaction
CHUNK_SECONDS = 2.0  # ... or fewer, after this time

Progress = Callable[[int, int, str], None]  # done, total, what was done last


class GradedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One submission that was graded now."""

    unit: str
    student: str
    points: float
    max_points: float
    verdicts: dict[str, int]
    manual: int  # answers that a person marks: those that were touched
    staff: tuple[str, ...] = ()  # our own faults
    seconds: float = 0.0


class GradeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch did; the document of `--json`. Rows are in the order of units and students."""

    units: tuple[str, ...]
    graded: tuple[GradedRow, ...] = ()
    unchanged: int = 0
    recorded: int = 0  # stored results that the gradebook did not hold: recorded again, without grading
    due: tuple[
        str, ...
    ] = ()  # "unit/student" still to be graded: of a dry run, after an interruption, changed meanwhile
    interrupted: bool = False
    isolation: str = ""
    workers: int = 0
    dashboard: str = ""  # the scheduler's page
    seconds: float = 0.0
    phases: dict[str, Phase] = {}  # where the time went: the workers' phases and the writer's
    schema: int = SCHEMA

    @property
    def broken(self) -> tuple[GradedRow, ...]:
        """Submissions in which something of ours failed."""
        return tuple(row for row in self.graded if row.staff or row.verdicts.get(Verdict.BROKEN))

    @property
    def exit_code(self) -> int:
        """130 after an interruption, 3 when something of ours failed, else 0."""
        return 130 if self.interrupted else 3 if self.broken else 0


def grade_units(
    course: Course,
    units: Sequence[str],
    *,
    students: Sequence[str] = (),
    workers: int | None = None,
    scheduler: str = "",
    isolation: str = "strongest",
    floor: str = "rlimits",
    limits: Limits | None = None,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> GradeSummary:
    """Grade the units' submissions.

    A submission is left alone when neither it nor its unit changed since it was recorded. After Ctrl-C what is
    in hand is finished and recorded; a second Ctrl-C stops at once. Either way the next call goes on from there.

    Args:
        students: only these.
        workers: processes; as many as there are processors to use, if left out.
        scheduler: address of a Dask scheduler, whose workers grade instead.
        isolation: of the sandbox: "strongest" or a level by name.
        floor: the weakest isolation that is accepted.
        limits: of each submission.
        force: grade also what is unchanged.
        dry_run: only say what would be graded.
        progress: told after each submission.
        watch: where else the run is told: a log, metrics. Its state and a log are kept in any case.
    """
    watch = watch or Watch()
    began = time.perf_counter()
    materials = {name: Unit(course, name) for name in units}
    found = [x for name, unit in materials.items() for x in jobs(course, name, unit.version, students, force)]
    due = [job for job, _, must in found if must]
    summary = GradeSummary(units=tuple(units), unchanged=len(found) - len(due), due=_names(due))
    lost = unrecorded(course, [entry for _, entry, must in found if entry and not must])
    summary = msgspec.structs.replace(summary, recorded=len(lost))
    if not (dry_run or due or lost):
        watch.idle(course, units)
    if dry_run or not (due or lost):
        return msgspec.structs.replace(summary, seconds=time.perf_counter() - began)
    before = {(job.unit, job.student): entry for job, entry, _ in found if entry}
    looked = time.perf_counter() - began
    pool = make_pool(course, materials, len(due), workers, scheduler, isolation, floor, limits or Limits())
    watched = watch.run(course, "grade", units, [job.unit for job in due], unchanged=summary.unchanged)
    with single_writer(course), watched as run, GradebookWriter(course) as gradebook, pool:
        run.begin(pool)
        run.spent("looking", looked, len(found))
        for name in units:
            gradebook.prepare(name)
        gradebook.write([as_graded(entry) for entry in lost])
        batch = Batch(course, gradebook, before, len(due), progress, run)
        with interruptible(pool):
            batch.record(run.follow(materials[r.job.unit].lost(r) if isinstance(r, Died) else r for r in pool.run(due)))
    rows = tuple(sorted(batch.rows, key=lambda r: (r.unit, r.student)))
    done = {(r.unit, r.student) for r in rows}
    changed = {name for name, unit in materials.items() if rows and not unit.is_current()}
    return msgspec.structs.replace(
        summary,
        graded=rows,
        due=_names([j for j in due if (j.unit, j.student) not in done or j.unit in changed]),
        interrupted=pool.stopping,
        isolation=pool.isolation,
        workers=pool.size,
        dashboard=pool.dashboard,
        seconds=time.perf_counter() - began,
        phases=run.phases,
    )


def make_pool(
    course: Course,
    units: dict[str, Unit],
    jobs: int,
    workers: int | None,
    scheduler: str,
    isolation: str,
    floor: str,
    limits: Limits,
) -> Workers:
    """Workers for so many submissions of these units, not yet started: processes here, or those of a scheduler."""
    setup = Setup(
        home=str(course.home),
        work=str(course.work),
        database=course.database,
        isolation=isolation,
        floor=floor,
        limits=limits,
        heavy=needed(course.texts(units)),
    )
    course.secret()  # made here, once, before the workers ask for it
    notebooks = max(len(unit.released) for unit in units.values())
    job_seconds = 60 + 4 * limits.submission_seconds * notebooks
    if scheduler:
        from autograder.grade.cluster import Cluster  # Dask takes a second to import
        from autograder.grade.offer import Offer

        return Cluster(Offer(scheduler, course, units, setup, job_seconds))
    return Pool(setup, min(workers or cores(), jobs), job_seconds)


class Batch:
    """The writer: collects results and records them in chunks.

    Args:
        before: what is recorded so far, by unit and student.
        total: how many results are expected.
        progress: told after each.
        run: told what was recorded.
    """

    def __init__(
        self,
        course: Course,
        gradebook: GradebookWriter,
        before: dict[tuple[str, str], Entry],
        total: int,
        progress: Progress | None,
        run: Run,
    ) -> None:
        self.course, self.gradebook, self.before, self.run = course, gradebook, before, run
        self.total, self.progress = total, progress
        self.ignore = gradebook.settings.ignore
        self.rows: list[GradedRow] = []
        self.done = 0  # those that came and do not wait any more
        self.waiting: list[Graded] = []
        self.since = time.monotonic()
        self.failed = False  # recording was begun and not ended

    def record(self, results: Iterable[Graded | None]) -> None:
        """Record results as they come; None says that nothing came for a moment."""
        try:
            for result in results:
                if result is not None:
                    self._take(result)
                if len(self.waiting) >= CHUNK or time.monotonic() - self.since > CHUNK_SECONDS:
                    self._record()
        finally:
            if not self.failed:
                self._record()

    def _take(self, graded: Graded) -> None:
        self.waiting.append(graded)
        if self.progress:
            self.progress(self.done + len(self.waiting), self.total, f"{graded.result.unit} {graded.result.student}")

    def _record(self) -> None:
        """Files first, then the gradebook, our own record last: it says that the rest is there."""
        self.since = time.monotonic()
        if not self.waiting:
            return
        self.failed = True
        laps = Laps()
        chunk = [self._with_before(g) for g in self.waiting if self._is_filed(g)]
        laps.lap("files")
        self.gradebook.write(chunk)
        laps.lap("gradebook")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for g in chunk:
            save(self.course, Entry(result=g.result, answers=g.answers, graded=now))
        laps.lap("store")
        self.run.recorded(chunk, laps.seconds)
        self.done += len(self.waiting)
        self.rows += [_row(g) for g in chunk]
        self.waiting.clear()
        self.failed = False

    def _is_filed(self, graded: Graded) -> bool:
        """Write what belongs into `autograded/`; False when the submission was removed meanwhile."""
        result = graded.result
        try:
            write_autograded(self.course, result.unit, result.student, graded.notebooks, self.ignore)
        except IntakeError:
            return False
        return True

    def _with_before(self, graded: Graded) -> Graded:
        entry = self.before.get((graded.result.unit, graded.result.student))
        return msgspec.structs.replace(graded, before=entry.answers) if entry else graded


@contextmanager
def interruptible(pool: Workers) -> Iterator[None]:
    """The first SIGINT or SIGTERM lets the pool finish what is in hand, the second stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if pool.stopping:
            raise KeyboardInterrupt
        pool.stopping = True
        print("Finishing what is in hand; press Ctrl-C again to stop at once.", file=sys.stderr)

    previous = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _row(graded: Graded) -> GradedRow:
    result, answers = graded.result, graded.answers
    verdicts = [e.verdict for n in result.notebooks for e in n.exercises]
    return GradedRow(
        unit=result.unit,
        student=result.student,
        points=result.points,
        max_points=result.max_points,
        verdicts={str(v): verdicts.count(v) for v in Verdict if v in verdicts},
        manual=sum(
            name not in answers.get(n.name, NotebookAnswers()).untouched for n in result.notebooks for name in n.manual
        ),
        staff=result.staff,
        seconds=result.seconds,
    )


def _names(due: Sequence[Job]) -> tuple[str, ...]:
    return tuple(f"{job.unit}/{job.student}" for job in due)
