"""What travels to other machines, and how what comes back is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from uuid import uuid4

import msgspec

from autograder.course import Course
from autograder.errors import CourseError
from autograder.grade.messages import Job, Material, Parcel, Setup
from autograder.grade.unit import Unit
from autograder.intake import take_submission
from autograder.record import Graded

__all__ = ["Offer"]


class Offer:
    """A run as other machines see it.

    Args:
        scheduler: its address, for messages.
        job_seconds: after this time a submission counts as lost.

    Attributes:
        run: its name: a digest of the material, and a word by which two batches of the same course differ.
        setup, material: as bytes.
    """

    def __init__(
        self, scheduler: str, course: Course, units: Mapping[str, Unit], setup: Setup, job_seconds: float
    ) -> None:
        self.scheduler, self.course, self.units, self.job_seconds = scheduler, course, units, job_seconds
        files = {str(p.relative_to(course.home)): p.read_bytes() for unit in units.values() for p in unit.files}
        self.material = msgspec.msgpack.encode(Material(files=files, secret=course.secret()))
        self.setup = msgspec.msgpack.encode(msgspec.structs.replace(setup, home="", work="", database=""))
        self.run = f"{hashlib.sha256(self.material).hexdigest()[:16]}-{uuid4().hex[:8]}"

    def parcel(self, job: Job) -> bytes:
        """The submission as it lies there now, with the hash of just this."""
        files, refused, digest = take_submission(self.course.submitted / job.student / job.unit)
        return msgspec.msgpack.encode(Parcel(unit=job.unit, submission_hash=digest, files=files, refused=refused))

    def received(self, data: bytes, job: Job) -> Graded:
        """A result, which is the student's again.

        Raises:
            CourseError: it was graded against other files than those of this run.
        """
        graded = msgspec.msgpack.decode(data, type=Graded)
        if graded.result.course_hash != self.units[job.unit].version:
            raise CourseError(f"{job.unit}: its files changed after grading began. Run the command again.")
        return msgspec.structs.replace(graded, result=msgspec.structs.replace(graded.result, student=job.student))
