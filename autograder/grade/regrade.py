"""`regrade_units`: grade again, show whose marks move and why, and write only what was shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from autograder.course import Course
from autograder.files import temporary_folder
from autograder.grade.batch import Batch, Progress, interruptible, make_pool
from autograder.grade.messages import Died, Job, Workers
from autograder.grade.pending import jobs
from autograder.grade.unit import Unit
from autograder.lock import single_writer
from autograder.record import Entry, GradebookWriter, Graded
from autograder.results import SCHEMA, ExerciseResult, PartResult, SubmissionResult
from autograder.sandbox.limits import Limits
from autograder.watch import Run, Watch

__all__ = ["Moved", "Regraded", "regrade_units"]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One exercise of one student whose points would change."""

    unit: str
    student: str
    exercise: str
    before: float
    after: float
    max_points: float
    verdict_before: str
    verdict_after: str
    parts: tuple[str, ...]  # "survives_large_logits: PASS, now FAIL: ..." for each part that ends in another way
    because: tuple[str, ...]  # what is not as it was: "the answer key", "the submission", ...


class Regraded(msgspec.Struct, frozen=True, kw_only=True):
    """What grading again changes; the document of `--json`."""

    units: tuple[str, ...]
    compared: int = 0  # submissions
    moved: tuple[Moved, ...] = ()
    reworded: int = 0  # exercises whose points stay, and whose verdict, messages or diagnosis do not
    ungraded: tuple[str, ...] = ()  # "unit/student" that were never graded: there is nothing to compare
    broken: tuple[str, ...] = ()  # "unit/student: ..." for faults of ours; these are never written
    written: bool = False
    interrupted: bool = False
    dashboard: str = ""  # the scheduler's page
    seconds: float = 0.0
    schema: int = SCHEMA


def regrade_units(
    course: Course,
    units: Sequence[str],
    *,
    students: Sequence[str] = (),
    workers: int | None = None,
    scheduler: str = "",
    isolation: str = "strongest",
    floor: str = "rlimits",
    limits: Limits | None = None,
    progress: Progress | None = None,
    confirm: Callable[[Regraded], bool] | None = None,
    watch: Watch | None = None,
) -> Regraded:
    """Grade again what was graded before.

    Args:
        students: only these.
        workers, scheduler, isolation, floor, limits: as `grade_units` has them.
        progress: told after each submission.
        confirm: shown what moves; when it says True, exactly that is written. Without it nothing is ever written.
        watch: as `grade_units` has it. Without `confirm` only a log is kept: somebody else may be grading.

    The course is locked from the first submission to the last, so that nobody else's grading comes in between.
    """
    began = time.perf_counter()
    materials = {name: Unit(course, name) for name in units}
    found = [x for name, unit in materials.items() for x in jobs(course, name, unit.version, students, True)]
    before = {(job.unit, job.student): entry for job, entry, _ in found if entry}
    due = [job for job, entry, _ in found if entry]
    ungraded = tuple(f"{job.unit}/{job.student}" for job, entry, _ in found if not entry)
    done = Regraded(units=tuple(units), ungraded=ungraded)
    with ExitStack() as stack:
        if not due:
            return done
        if confirm is not None:
            stack.enter_context(single_writer(course))
        spool = _Spool(stack.enter_context(temporary_folder()))
        pool = make_pool(course, materials, len(due), workers, scheduler, isolation, floor, limits or Limits())
        watched = (watch or Watch()).run(course, "regrade", units, [j.unit for j in due], keep=confirm is not None)
        run = stack.enter_context(watched)
        _grade(pool, materials, due, spool, progress, run)
        done = _compared(done, before, spool)
        done = msgspec.structs.replace(
            done, interrupted=pool.stopping, dashboard=pool.dashboard, seconds=time.perf_counter() - began
        )
        run.step("asking")
        if confirm is not None and not pool.stopping and confirm(done):
            run.step("writing")
            _write(course, units, before, spool, run)
            done = msgspec.structs.replace(done, written=True)
    return done


class _Spool:
    """Results on disk: those of a class do not fit in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    def add(self, graded: Graded) -> None:
        path = self.folder / f"{self.count:08d}"
        try:
            path.write_bytes(msgspec.msgpack.encode(graded))
        except OSError as fault:
            raise OSError(fault.errno, fault.strerror, str(path)) from fault
        self.count += 1

    def __iter__(self) -> Iterator[Graded]:
        for path in sorted(self.folder.iterdir()):
            yield msgspec.msgpack.decode(path.read_bytes(), type=Graded)


def _grade(
    pool: Workers, units: dict[str, Unit], due: list[Job], spool: _Spool, progress: Progress | None, run: Run
) -> None:
    """Grade into the spool, until all is done or somebody interrupts."""
    with pool, interruptible(pool):
        run.begin(pool)
        for graded in run.follow(units[r.job.unit].lost(r) if isinstance(r, Died) else r for r in pool.run(due)):
            if graded is None:
                continue
            spool.add(graded)
            if progress:
                progress(spool.count, len(due), f"{graded.result.unit} {graded.result.student}")


def _compared(done: Regraded, before: dict[tuple[str, str], Entry], spool: _Spool) -> Regraded:
    moved: list[Moved] = []
    broken: list[str] = []
    reworded = 0
    for graded in spool:
        new, old = graded.result, before[graded.result.unit, graded.result.student].result
        broken += [f"{new.unit}/{new.student}: {fault}" for fault in new.staff]
        if new.staff:  # it is not written: nothing of it moves
            continue
        then = {e.exercise: e for n in old.notebooks for e in n.exercises}
        for exercise in (e for n in new.notebooks for e in n.exercises):
            known = then.pop(exercise.exercise, None)
            if known and known.points == exercise.points:
                reworded += _said(known) != _said(exercise)
            else:
                moved.append(_moved(old, new, known, exercise))
        moved += [_gone(new, known) for known in then.values() if known.points]
    moved.sort(key=lambda m: (m.unit, m.exercise, m.student))
    return msgspec.structs.replace(
        done, compared=spool.count, moved=tuple(moved), reworded=reworded, broken=tuple(broken)
    )


def _said(exercise: ExerciseResult) -> tuple[object, ...]:
    return (exercise.verdict, exercise.message, exercise.diagnosis, exercise.parts)


def _moved(
    old: SubmissionResult, new: SubmissionResult, known: ExerciseResult | None, exercise: ExerciseResult
) -> Moved:
    return Moved(
        unit=new.unit,
        student=new.student,
        exercise=exercise.exercise,
        before=known.points if known else 0.0,
        after=exercise.points,
        max_points=exercise.max_points,
        verdict_before=str(known.verdict) if known else "",
        verdict_after=str(exercise.verdict),
        parts=tuple(_parts(known.parts if known else (), exercise.parts)),
        because=tuple(_because(old, new, known, exercise)),
    )


def _gone(new: SubmissionResult, known: ExerciseResult) -> Moved:
    """The points of an exercise that the unit does not have any more."""
    return Moved(
        unit=new.unit,
        student=new.student,
        exercise=known.exercise,
        before=known.points,
        after=0.0,
        max_points=known.max_points,
        verdict_before=str(known.verdict),
        verdict_after="",
        parts=(),
        because=("the exercise is gone",),
    )


def _parts(old: Sequence[PartResult], new: Sequence[PartResult]) -> Iterator[str]:
    """The parts that end in another way, weigh something else, come or go."""
    then, now = {p.name: p for p in old}, {p.name: p for p in new}
    for name in dict.fromkeys([*then, *now]):
        a, b = then.get(name), now.get(name)
        if a is None and b is not None:
            yield f"{name}: new, {b.verdict}"
        elif b is None and a is not None:
            yield f"{name}: gone"
        elif a is not None and b is not None and a.verdict != b.verdict:
            yield f"{name}: {a.verdict}, now {b.verdict}{f': {b.message}' if b.message else ''}"
        elif a is not None and b is not None and a.weight != b.weight:
            yield f"{name}: weighed {a.weight:g}, now {b.weight:g}"


def _because(
    old: SubmissionResult, new: SubmissionResult, known: ExerciseResult | None, exercise: ExerciseResult
) -> Iterator[str]:
    """What is not as it was when the marks were given."""
    if known is None:
        yield "the exercise is new"
    elif known.key_version != exercise.key_version:
        yield "the answer key"
    if old.submission_hash != new.submission_hash:
        yield "the submission"
    if old.course_hash != new.course_hash and known is not None and known.key_version == exercise.key_version:
        yield "another file of the unit"
    for what in ("isolation", "limits", "versions"):
        if getattr(old.environment, what) != getattr(new.environment, what):
            yield f"the {what}"


def _write(course: Course, units: Sequence[str], before: dict[tuple[str, str], Entry], spool: _Spool, run: Run) -> None:
    """Record what is in the spool, but for submissions in which something of ours failed."""
    with GradebookWriter(course) as gradebook:
        for name in units:
            gradebook.prepare(name)
        Batch(course, gradebook, before, spool.count, None, run).record(g for g in spool if not g.result.staff)
