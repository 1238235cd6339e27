"""`autograded/<student>/<unit>/`: what nbgrader and the formgrader expect after autograding."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path

from autograder.course import Course
from autograder.files import write_whole
from autograder.intake import IntakeError, fits, read_file, scan

__all__ = ["write_autograded"]

NOT_COPIED = ("*.ipynb", "*.py", ".*", "__pycache__")  # of the lecturer's source folder


def write_autograded(
    course: Course, unit: str, student: str, notebooks: Mapping[str, bytes], ignore: Sequence[str] = ()
) -> Path:
    """Make the folder hold the executed notebooks and the files that belong to them, and nothing else.

    As in nbgrader, files handed in come along and the lecturer's files of the same name win; so they do where one is
    a file and the other a folder. Links are never followed nor copied. Each file is replaced in one step.

    Raises:
        IntakeError: there is no such submission any more. Nothing was written.
    """
    target = course.autograded / student / unit
    ours = {f"{name}.ipynb": content for name, content in notebooks.items()}
    ours |= _lecturers(course.source / unit, ignore)
    handed_in = _submitted(course.submitted / student / unit, ignore)
    files = {name: content for name, content in handed_in.items() if fits(name, ours)} | ours
    _clear(target, files.keys())
    for name, content in files.items():
        write_whole(target / name, content, 0o444)
    return target


def _submitted(folder: Path, ignore: Sequence[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for file in scan(folder).files:
        if not file.is_notebook and not _ignored(file.name, ignore):
            with suppress(IntakeError):  # changed since it was looked at: it has no place here any more
                files[file.name] = read_file(folder, file.name, file.size)
    return files


def _lecturers(folder: Path, ignore: Sequence[str]) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in _walk(folder, (*ignore, *NOT_COPIED))}


def _walk(folder: Path, ignore: Sequence[str]) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(d for d in folders if not _ignored(d, ignore))
        yield from (Path(place, name) for name in sorted(files) if not _ignored(name, ignore))


def _ignored(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(part, p) for part in Path(name).parts for p in patterns)


def _clear(target: Path, wanted: Set[str]) -> None:
    """Remove what an earlier grading or a stranger left in the folder."""
    if target.is_symlink():
        target.unlink()
    kept = {str(above) for name in wanted for above in Path(name).parents}
    for place, folders, files in os.walk(target, topdown=False):
        for path in (Path(place, name) for name in (*files, *folders)):
            name = str(path.relative_to(target))
            if path.is_symlink() or not path.is_dir():
                if name not in wanted:
                    path.unlink()
            elif name not in kept:
                path.rmdir()
