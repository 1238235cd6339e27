"""A course made ready for its first day on the hub: passwords, gradebook, released units."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from autograder.course import Course
from autograder.hub.people import Passwords

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["enrol", "make_passwords", "offer_units"]


def make_passwords(settings: Settings) -> dict[str, str]:
    """A password for each person of the settings who has none; name -> password, to be shown once."""
    if settings.authenticator.kind != "file":
        return {}
    made: dict[str, str] = {}
    passwords = Passwords(settings.state)
    passwords.add({*settings.people.lecturers, *settings.people.students} - passwords.names(), made.update)
    return made


def course_of(settings: Settings) -> Course:
    return Course.find(settings.home, None, settings.gradebook.database or None)


def enrol(settings: Settings, tell: Callable[[str], None]) -> None:
    """The settings' students in the gradebook, where the formgrader lists them before they hand in.

    Without a gradebook students can work all the same, so that it is told and the hub is started.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from autograder.errors import GradebookError

    try:
        _enrol(settings)
    except (GradebookError, SQLAlchemyError) as error:
        tell(f"The gradebook cannot be used: {str(error).splitlines()[0]}. The formgrader will not start.")
        tell("Put a backup back: autograder hub restore")


def _enrol(settings: Settings) -> None:
    from autograder.record.gradebook import open_gradebook
    from autograder.record.settings import Settings as GradebookSettings

    course = course_of(settings)
    with open_gradebook(course.database, GradebookSettings.of(course).course_id or settings.course.id) as gradebook:
        known = {student.id for student in gradebook.students}
        for name in settings.people.students:
            if name not in known:
                gradebook.add_student(name)


def offer_units(settings: Settings, tell: Callable[[str], None]) -> list[str]:
    """Release every unit to the exchange, the first time; later a lecturer decides in the formgrader.

    Returns:
        The units that were released now.
    """
    outbound = settings.exchange_root / settings.course.id / "outbound"
    course = course_of(settings)
    if outbound.is_dir() or not course.units():
        return []
    tell("Building and releasing the course (the first time only)")
    from autograder.build import release
    from autograder.record.settings import Settings as GradebookSettings

    release(course, course_id=GradebookSettings.of(course).course_id or settings.course.id)
    for unit in course.units():
        publish(settings, unit)
    return list(course.units())


def publish(settings: Settings, unit: str) -> None:
    """One unit by nbgrader's own exchange."""
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from autograder.hub.releasing import ReleaseAssignment

    config = Config()
    config.CourseDirectory.root = str(settings.home)
    config.CourseDirectory.course_id = settings.course.id
    config.CourseDirectory.assignment_id = unit
    config.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py"]
    config.Exchange.root = str(settings.exchange_root)
    with quiet("traitlets"), umask(0o022):
        coursedir = CourseDirectory(config=config)
        ReleaseAssignment(coursedir=coursedir, config=config).start()


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    """nbgrader relies on it for what students may read."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def quiet(name: str) -> Iterator[None]:
    """Without a logger's everyday lines."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
