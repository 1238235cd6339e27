"""One submission: all notebooks of its unit, each of which can only fail by itself."""

from __future__ import annotations

import shutil
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from autograder.course import Course
from autograder.errors import SandboxError, system_refusal
from autograder.grade.executed import encoded
from autograder.grade.messages import OURS
from autograder.grade.unit import Unit
from autograder.intake import IntakeError, Scan, copy_files, rebuild, scan
from autograder.key import load_key
from autograder.marking.notebook import run_notebook
from autograder.record import Graded, NotebookAnswers, fingerprint
from autograder.results import Environment, NotebookResult, SubmissionResult, Verdict
from autograder.sandbox import Sandbox
from autograder.watch import Laps, worker_name

__all__ = ["grade_submission"]


def grade_submission(
    course: Course,
    unit: Unit,
    student: str,
    box: Sandbox,
    environment: Environment,
    submission_hash: str,
    refused: Sequence[str] = (),
    aside: Path | None = None,
) -> Graded:
    """Grade what a student handed in for a unit; a fault of ours becomes BROKEN and a note for staff.

    Args:
        refused: notes on files that were left behind when the submission was brought here.
        aside: for copies of data files while they are needed; TMPDIR if left out.
    """
    began = time.perf_counter()
    laps = Laps()
    folder = course.submitted / student / unit.name
    found = scan(folder)
    work = _Submission(course, unit, folder, found, box, laps, aside)
    results = tuple(work.notebook(name) for name in unit.released)
    strangers = [n for n in found.notebooks if n not in unit.released]
    left_out = (f"{n}.ipynb: not a notebook of this unit; it was left out." for n in strangers[:20])
    result = SubmissionResult(
        student=student,
        unit=unit.name,
        notebooks=results,
        submission_hash=submission_hash,
        course_hash=unit.version,
        environment=environment,
        notes=(*refused, *found.notes, *left_out),
        staff=tuple(work.faults),
        seconds=time.perf_counter() - began,
    )
    return Graded(
        result=result, answers=work.answers, notebooks=work.executed, phases=laps.seconds, worker=worker_name()
    )


class _Submission:
    """What comes together while the notebooks of a submission are graded."""

    def __init__(
        self, course: Course, unit: Unit, folder: Path, found: Scan, box: Sandbox, laps: Laps, aside: Path | None
    ) -> None:
        self.course, self.unit, self.folder, self.found, self.box = course, unit, folder, found, box
        self.laps, self.aside = laps, aside
        self.secret = course.secret()
        self.faults: list[str] = []
        self.answers: dict[str, NotebookAnswers] = {}
        self.executed: dict[str, bytes] = {}

    def notebook(self, name: str) -> NotebookResult:
        if name not in self.found.notebooks:
            return self.unit.zero(name, Verdict.FAIL, f"{name}.ipynb: the file is missing from your submission.")
        try:
            return self._graded(name)
        except IntakeError as refusal:
            self.laps.lap("intake")
            return self.unit.zero(name, Verdict.FAIL, str(refusal), (str(refusal),))
        except Exception as fault:
            self.laps.lap("broken")
            self.faults.append(f"{self.unit.name}/{name}: {_place(fault)}")
            return self.unit.zero(name, Verdict.BROKEN, OURS)

    def _graded(self, name: str) -> NotebookResult:
        released = self.unit.released[name]
        rebuilt = rebuild(released, self.unit.source[name], self.folder / f"{name}.ipynb")
        result, executed = self._run_twice(rebuilt.notebook, name)
        self.answers[name] = fingerprint(executed, released)
        result = _with_notes(result, rebuilt.notes)
        self.executed[name] = encoded(executed, result)
        self.laps.lap("encoding")
        return result

    def _run_twice(self, notebook: dict[str, Any], name: str) -> tuple[NotebookResult, dict[str, Any]]:
        """Once more after a fault of ours or a process killed early: what was no student's doing may not come again."""
        noted = len(self.faults)
        try:
            result, executed, again = self._run(notebook, name)
            if not again:
                return result, executed
        except SandboxError:
            self.laps.lap("broken")
        del self.faults[noted:]
        return self._run(notebook, name)[:2]

    def _run(self, notebook: dict[str, Any], name: str) -> tuple[NotebookResult, dict[str, Any], bool]:
        """Result and executed notebook, and whether something of ours failed or a process was killed early on."""
        with self._data() as files, self.box.session(files=files) as session:
            self.laps.lap("intake")
            result, executed = run_notebook(
                notebook,
                session,
                unit=self.unit.name,
                name=name,
                secret=self.secret,
                keys=lambda exercise: load_key(self.course.solutions, exercise),
                faults=self.faults,
                conversations=self.unit.conversations,
                ends=True,
            )
            self.laps.lap("cells", session=session.start_seconds, marking=sum(e.seconds for e in result.exercises))
            killed = session.killed and session.seconds_left > self.box.limits.submission_seconds / 2
        self.laps.lap("session")
        return result, executed, killed or any(e.verdict is Verdict.BROKEN for e in result.exercises)

    @contextmanager
    def _data(self) -> Iterator[Path | None]:
        """A private copy of the data files, the lecturer's over the student's; None when there are none."""
        if not self.unit.data and not any(f.is_data for f in self.found.files):
            yield None
            return
        ours = {str(path.relative_to(self.unit.folder)): path for path in self.unit.data}
        with tempfile.TemporaryDirectory(prefix="autograder-", dir=self.aside) as place:
            copy_files(self.folder, Path(place), beside=ours)
            for name, path in ours.items():
                target = Path(place, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            yield Path(place)


def _with_notes(result: NotebookResult, notes: tuple[str, ...]) -> NotebookResult:
    return msgspec.structs.replace(result, notes=(*notes, *result.notes)) if notes else result


def _place(fault: BaseException) -> str:
    """The fault and where it arose, in one line for staff."""
    frames = traceback.extract_tb(fault.__traceback__)
    if refusal := system_refusal(fault):
        return refusal
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}: {str(fault)[:500]}{where}".replace("\n", " ")
