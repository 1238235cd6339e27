"""`nbgrader collect` that takes only what is the student's own, and never harms what was collected before."""

from __future__ import annotations

import fnmatch
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from nbgrader.api import MissingEntry
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import check_mode
from traitlets import Unicode

from autograder.errors import AutograderError
from autograder.hub.collecting_senders import (
    Claim,
    Refused,
    claim,
    lateness,
    require_owner,
    require_receipt,
    require_stamp,
)
from autograder.intake import IntakeError, read_file, scan, shown
from autograder.record.gradebook import open_gradebook

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["Collect", "Collected", "configure_exchange"]

KIB = 1000  # nbgrader's own "kilobyte" of max_file_size and max_dir_size


class RefusedSubmission(msgspec.Struct, frozen=True):
    """One inbound folder that was left where it is."""

    folder: str
    student: str
    why: str


class Collected(msgspec.Struct, kw_only=True):
    """What one collecting did."""

    new: list[str] = []  # students
    updated: list[str] = []
    unchanged: int = 0
    refused: list[RefusedSubmission] = []
    notes: list[str] = []


class Collect(ExchangeCollect):
    """Stock collecting, but for: forged folders are refused before the latest is chosen, files are copied by the
    rules of intake, a submission is replaced in one step, and one bad folder stops nobody else's.
    """

    receipts = Unicode(
        "", help="nbgrader's cache folder in a student's home, with {student}: used where owners say nothing."
    ).tag(config=True)

    def init_src(self) -> None:
        """Find the submissions, without those that are refused, and choose one for each student."""
        self.outcome = Collected()
        if self.coursedir.course_id == "":
            self.fail("No course id specified. Re-run with --course flag.")
        self.course_path = os.path.join(self.root, self.coursedir.course_id)
        self.inbound_path = os.path.join(self.course_path, "inbound")
        if not os.path.isdir(self.inbound_path):
            self.fail(
                f"{self.inbound_path}: got no folder, expected the course's inbound folder. Release a unit first."
            )
        if not check_mode(self.inbound_path, read=True, execute=True):
            self.fail(f"You don't have read permissions for the directory: {self.inbound_path}")
        by_student: dict[str, list[Claim]] = {}
        for found in self._accepted():
            by_student.setdefault(found.student, []).append(found)
        due = self._due()
        self.src_records = [_chosen(claims, due) for claims in by_student.values()]

    def _accepted(self) -> list[Claim]:
        """The claims of this unit that hold, in the order of their names."""
        wanted = self.coursedir.student_id if self.coursedir.student_id not in ("", "*") else ""
        accepted = []
        about = f"+{self.coursedir.assignment_id}+"
        for folder in sorted(path for path in Path(self.inbound_path).iterdir() if about in path.name):
            student = folder.name.split("+")[0]
            try:
                found = claim(folder)
                student = found.student
                if found.unit != self.coursedir.assignment_id or (wanted and student != wanted):
                    continue
                self._require(found)
            except (AutograderError, OSError) as refusal:
                self._refuse(folder.name, student, str(refusal))
            else:
                accepted.append(found)
        return accepted

    def _require(self, found: Claim) -> None:
        if self.check_owner:
            require_owner(found)
        require_stamp(found, datetime.now(UTC).replace(tzinfo=None))
        if self.receipts and not self.check_owner:
            require_receipt(found, self.receipts, self.coursedir.course_id)

    def _refuse(self, folder: str, student: str, why: str) -> None:
        refused = RefusedSubmission(shown(folder), shown(student), why)
        self.outcome.refused.append(refused)
        self.log.warning("REFUSED %s: %s", refused.folder, why)

    def _due(self) -> datetime | None:
        """The due date, where the course counts only what came before it."""
        if not self.before_duedate:
            return None
        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                due: datetime | None = gradebook.find_assignment(self.coursedir.assignment_id).duedate
            except MissingEntry:
                return None
        return due

    def copy_files(self) -> None:
        """Copy what is new; a fault in one submission leaves the others alone."""
        for found in self.src_records:
            try:
                self._collect(found)
            except (AutograderError, OSError) as fault:
                self._refuse(found.folder.name, found.student, str(fault))
        done = self.outcome
        self.log.info(
            "%s: %d new, %d updated, %d unchanged, %d refused",
            self.coursedir.assignment_id, len(done.new), len(done.updated), done.unchanged, len(done.refused),
        )  # fmt: skip

    def _collect(self, found: Claim) -> None:
        unit = self.coursedir.assignment_id
        target = Path(self.coursedir.format_path(self.coursedir.submitted_directory, found.student, unit)).absolute()
        known = self.coursedir.get_existing_timestamp(str(target)) if target.is_dir() else None
        if target.is_dir() and not self._is_wanted(found, known):
            self.outcome.unchanged += 1
            return
        kind = self.outcome.updated if target.is_dir() else self.outcome.new
        self.log.info("Collecting %s of %s, handed in %s", unit, found.student, found.stamp)
        self._replace(found, target)
        kind.append(found.student)
        if note := lateness(found):
            self._note(note)

    def _is_wanted(self, found: Claim, known: datetime | None) -> bool:
        if self.update:
            return known is None or found.time > known
        return bool(self.before_duedate and known != found.time)

    def _replace(self, found: Claim, target: Path) -> None:
        """Put a copy beside the target, then into its place."""
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            fresh = aside / "new"
            self._copy(found, fresh)
            if target.exists():
                target.rename(aside / "old")
            fresh.rename(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _copy(self, found: Claim, to: Path) -> None:
        """The usable files, within the course's own limits; links, pipes, devices and the like are left out."""
        files = scan(found.folder)
        size = sum(file.size for file in files.files)
        if size > KIB * self.coursedir.max_dir_size:
            raise Refused(f"It has {size:,} bytes, expected at most {KIB * self.coursedir.max_dir_size:,}.")
        to.mkdir()
        for file in files.files:
            limit = KIB * self.coursedir.max_file_size
            if self._is_ignored(file.name):
                continue
            try:
                content = read_file(found.folder, file.name, limit)
            except IntakeError as fault:
                self._note(f"{found.student}: {fault}")
                continue
            path = to / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for note in files.notes:
            self._note(f"{found.student}: {note}")
        if self.coursedir.groupshared:
            _share(to)

    def _is_ignored(self, name: str) -> bool:
        parts = name.split("/")
        ignored = any(fnmatch.fnmatch(part, pattern) for part in parts for pattern in self.coursedir.ignore)
        return ignored or not any(fnmatch.fnmatch(parts[-1], pattern) for pattern in self.coursedir.include)

    def _note(self, text: str) -> None:
        self.outcome.notes.append(text)
        self.log.warning("%s", text)


def _chosen(claims: list[Claim], due: datetime | None) -> Claim:
    """The latest; with a due date the latest of those in time, if there is one."""
    in_time = [c for c in claims if due is not None and c.time <= due]
    return max(in_time or claims, key=lambda c: c.time)


def _share(folder: Path) -> None:
    """Readable and writable for the group, as nbgrader's groupshared courses want it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o2770 if path.is_dir() else 0o660))


def configure_exchange(c: Any, settings: Settings) -> None:
    """Let nbgrader's commands and the formgrader use the hub's exchange by our rules.

    Args:
        c: the configuration object of an `nbgrader_config.py`.
        settings: of the hub.
    """
    c.CourseDirectory.course_id = settings.course.id
    c.Exchange.root = str(settings.exchange_root)
    c.Exchange.path_includes_course = True
    c.ExchangeFactory.collect = "autograder.hub.collecting.Collect"
    c.ExchangeFactory.release_assignment = "autograder.hub.releasing.ReleaseAssignment"
    c.ExchangeFactory.release_feedback = "autograder.hub.returning.ReleaseFeedback"
    kind = settings.spawner.kind
    c.ExchangeCollect.check_owner = kind in ("system", "slurm")  # elsewhere students have no accounts of their own
    if kind == "simple":
        c.Collect.receipts = str(settings.state / "homes" / "{student}" / ".local/share/jupyter/nbgrader_cache")
    if settings.course.timezone:
        c.NbGraderAPI.timezone = settings.course.timezone
    c.NbGraderAPI.timestamp_format = "%d %b %Y, %H:%M %Z"
    if settings.gradebook.database:
        c.CourseDirectory.db_url = settings.gradebook.database
