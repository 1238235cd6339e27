"""source/unit/*.ipynb -> release/unit/*.ipynb, by nbgrader's own conversion."""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

import msgspec
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from autograder.build.leaks import leaks, private_lines, released_texts
from autograder.build.notebooks import Progress, check, write
from autograder.build.text import SourceNotebook, notebook_bytes
from autograder.course import UNNAMED, Course
from autograder.errors import BuildError
from autograder.files import write_whole
from autograder.schema import stamp_schema

__all__ = ["ReleasedUnit", "release"]

IGNORE = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache", "*.py", ".*"]


class ReleasedUnit(msgspec.Struct, frozen=True, kw_only=True):
    """One unit in `release/`."""

    unit: str
    files: tuple[str, ...]  # relative to the course
    changed: tuple[str, ...]  # those that are new or differ from before
    removed: tuple[str, ...]  # those that were there and no longer belong to the unit


def release(
    course: Course,
    units: Sequence[str] = (),
    *,
    course_id: str = "",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> list[ReleasedUnit]:
    """Build the units and write what students get; the gradebook learns the assignments.

    A unit appears in `release/` whole, after no private line was found in it; until then the old one stays.

    Args:
        course: where `source/`, `solutions/`, `release/` and the gradebook are.
        units: ids of units; all of them when empty.
        course_id: the course of new assignments in the gradebook; nbgrader's `default_course` when empty.
        dry_run: check the units, convert them aside with a gradebook of their own, change nothing.
        progress: told the number of units done, their total, and the unit that comes next.

    Raises:
        BuildError: a unit is not sound, nbgrader refused it, or a private line was about to be published.
    """
    checked = check(course, units)
    write(course, checked, dry_run)
    course.release.mkdir(exist_ok=True)
    done = []
    for number, (unit, notebooks) in enumerate(checked.items()):
        if progress:
            progress(number, len(checked), unit)
        with tempfile.TemporaryDirectory(dir=course.release, prefix=".making-") as aside:
            done.append(release_unit(course, unit, notebooks, Path(aside), course_id or UNNAMED, dry_run))
    return done


def release_unit(
    course: Course, unit: str, notebooks: list[SourceNotebook], aside: Path, course_id: str, dry_run: bool
) -> ReleasedUnit:
    stage(course, unit, notebooks, aside)
    convert(unit, aside, course_id, f"sqlite:///{aside / 'gradebook.db'}" if dry_run else course.database)
    made = aside / "release" / unit
    private = [line for notebook in notebooks for line in private_lines(notebook)]
    texts = chain(
        released_texts(made, aside), *(released_texts(folder, course.home) for folder in others(course, unit))
    )
    faults = list(leaks(private, texts))
    if faults:
        raise BuildError("\n".join(faults))
    return publish(course, unit, made, dry_run)


def others(course: Course, unit: str) -> list[Path]:
    """The released units but this one."""
    return sorted(p for p in course.release.iterdir() if p.is_dir() and p.name != unit and not p.name.startswith("."))


def stage(course: Course, unit: str, notebooks: list[SourceNotebook], aside: Path) -> None:
    """The unit's built notebooks and data files in a folder of their own."""
    source = aside / "source" / unit
    shutil.copytree(course.source / unit, source, ignore=shutil.ignore_patterns(*IGNORE, "*.ipynb"))
    for notebook in notebooks:
        write_whole(source / f"{notebook.name}.ipynb", notebook_bytes(notebook.node))


def convert(unit: str, root: Path, course_id: str, database: str) -> None:
    """nbgrader's generate_assignment, quiet; what it had to say becomes the error when it fails."""
    log, said = quiet_log()
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = course_id
    config.CourseDirectory.db_url = database
    config.CourseDirectory.assignment_id = unit
    config.CourseDirectory.ignore = IGNORE
    folder = CourseDirectory(config=config, log=log)
    with suppress(SQLAlchemyError):  # nbgrader says what is wrong with it
        stamp_schema(database)
    try:
        GenerateAssignment(coursedir=folder, config=config, log=log).start()
    except NbGraderException as error:
        told = [line for text in said for line in text.strip().splitlines()]
        reason = next(
            (line for line in reversed(told) if re.match(r"^[\w.]+(Error|Exception|Entry)\b", line)), str(error)
        )
        raise BuildError(f"source/{unit}: nbgrader refused it: {reason}") from None


def quiet_log() -> tuple[logging.Logger, list[str]]:
    """A logger that keeps errors in a list and prints nothing."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    log = logging.getLogger(__name__)
    log.setLevel(logging.ERROR)
    log.propagate = False
    log.handlers = [Keep()]
    return log, said


def publish(course: Course, unit: str, made: Path, dry_run: bool) -> ReleasedUnit:
    """Put the files into `release/unit`, each whole, and take away those that no longer belong there."""
    home = course.release / unit
    new = {p.relative_to(made).as_posix(): p for p in sorted(made.rglob("*")) if p.is_file()}
    old = {p.relative_to(home).as_posix(): p for p in sorted(home.rglob("*")) if p.is_file()} if home.is_dir() else {}
    changed = [name for name, p in new.items() if name not in old or old[name].read_bytes() != p.read_bytes()]
    removed = [name for name in old if name not in new]
    if not dry_run:
        for name in changed:
            write_whole(home / name, new[name].read_bytes())
        for name in removed:
            old[name].unlink()
    place = f"release/{unit}/"
    return ReleasedUnit(
        unit=unit,
        files=tuple(place + name for name in new),
        changed=tuple(place + name for name in changed),
        removed=tuple(place + name for name in removed),
    )
