"""A worker on another machine than the course's: a private folder, the course in it, one submission at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.course import Course
from autograder.files import temporary_folder
from autograder.grade.messages import Material, Parcel
from autograder.intake.reading import check_name

__all__ = ["STUDENT", "handed_in", "visiting_course"]

STUDENT = "student"  # whose submission it is, the machine is not told


@contextmanager
def visiting_course(material: Material) -> Iterator[Course]:
    """A course in a folder that nobody else may enter; gone afterwards."""
    with temporary_folder() as folder:
        course = Course.at(folder / "course", folder / "work")
        _write(course.home, material.files.items())
        _write(course.private, [("secret", material.secret)])
        yield course


@contextmanager
def handed_in(course: Course, parcel: Parcel) -> Iterator[None]:
    """For a while the course has this one submission."""
    folder = course.submitted / STUDENT / parcel.unit
    try:
        folder.mkdir(parents=True)
        _write(folder, parcel.files)
        yield
    finally:
        shutil.rmtree(course.submitted)


def _write(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Files that are not there yet; the names were checked when they were read, and are again."""
    for name, content in files:
        check_name(name)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            file.write(content)
