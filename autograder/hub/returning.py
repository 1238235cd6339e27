"""`nbgrader release_feedback` that skips what cannot be returned, and says who still waits for a person."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
from nbgrader.api import Assignment, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.utils import notebook_hash
from sqlalchemy import select

from autograder.errors import AutograderError
from autograder.intake import IntakeError, read_file

__all__ = ["ReleaseFeedback", "Returned", "waiting"]

SECRET = "submission_secret.txt"
SMALL = 4096


class Returned(msgspec.Struct, kw_only=True):
    """What one returning did."""

    students: list[str] = []  # whose pages are in the exchange now
    skipped: list[str] = []  # a sentence each
    waiting: list[str] = []  # students of whom a person must still mark something


class ReleaseFeedback(ExchangeReleaseFeedback):
    """Stock releasing, but for: a page without its submission's secret is skipped; stock stops there for everybody."""

    def copy_files(self) -> None:
        self.outcome = Returned()
        excluded = set(filter(None, self.coursedir.student_id_exclude.split(",")))
        for folder in self._folders():
            student = folder.parent.name
            if student in excluded:
                continue
            pages = sorted(folder.glob("*.html"))
            if not pages:
                continue
            try:
                secret = read_file(folder, SECRET, SMALL).decode()
            except (IntakeError, UnicodeDecodeError):
                self.outcome.skipped.append(
                    f"{student}: handed in outside of the exchange, so nothing can be returned by it."
                )
                continue
            for page in pages:
                self._put(page, notebook_hash(secret=secret, notebook_id=page.stem))
            self.outcome.students.append(student)
        for line in self.outcome.skipped:
            self.log.warning("SKIPPED %s", line)
        self.log.info(
            "Returned feedback of %s to %d students", self.coursedir.assignment_id, len(self.outcome.students)
        )

    def _folders(self) -> list[Path]:
        """`feedback/<student>/<unit>` of those that are asked for."""
        unit = self.coursedir.assignment_id
        root = Path(self.coursedir.format_path(self.coursedir.feedback_directory, "x", unit)).parents[1]
        if Path(self.coursedir.format_path(self.coursedir.feedback_directory, "x", unit)) != root / "x" / unit:
            raise AutograderError("CourseDirectory.directory_structure: got another one, expected nbgrader's default.")
        wanted = self.coursedir.student_id
        found = sorted(path for path in root.glob(f"*/{unit}") if path.is_dir())
        return [path for path in found if wanted in ("", "*", path.parent.name)]

    def _put(self, page: Path, name: str) -> None:
        """Into the exchange in one step, so that a student never fetches half a page."""
        part = Path(self.dest_path) / f"{name}-tmp.html"
        shutil.copyfile(page, part)
        part.chmod(0o644)
        part.replace(part.with_name(f"{name}.html"))


def waiting(gradebook: Gradebook, unit: str) -> list[str]:
    """Students of whose submission a person must still mark something."""
    query = (
        select(SubmittedAssignment.student_id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .where(Assignment.name == unit, Grade.needs_manual_grade)
        .distinct()
        .order_by(SubmittedAssignment.student_id)
    )
    return [str(student) for student in gradebook.db.scalars(query)]
