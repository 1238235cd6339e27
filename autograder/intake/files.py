"""The files of a submission: which are safe, their hash, a private copy of the data among them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.intake.faults import IntakeError
from autograder.intake.reading import check_name, open_folder, open_inside, read_file, read_open, shown

__all__ = [
    "Scan",
    "SubmittedFile",
    "copy_files",
    "fits",
    "scan",
    "submission_files",
    "submission_hash",
    "take_submission",
]

MAX_FILES = 1000
MAX_FILE_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20
SKIPPED_FOLDERS = frozenset({"__pycache__"})
NOT_DATA = frozenset({"timestamp.txt"})


@dataclass(frozen=True)
class SubmittedFile:
    """One regular file of a submission.

    Args:
        name: path below the submission's folder, with forward slashes.
        size: bytes.
    """

    name: str
    size: int

    @property
    def is_notebook(self) -> bool:
        return self.name.endswith(".ipynb")

    @property
    def is_data(self) -> bool:
        """A file that the student's code may want to read: copied to the sandbox's working folder."""
        return not self.is_notebook and self.name not in NOT_DATA


@dataclass(frozen=True)
class Scan:
    """What a submission's folder holds: the usable files, and a note on each file that was refused."""

    files: tuple[SubmittedFile, ...]
    notes: tuple[str, ...]

    @property
    def notebooks(self) -> tuple[str, ...]:
        """Names without suffix of the notebooks at the top of the folder."""
        return tuple(f.name.removesuffix(".ipynb") for f in self.files if f.is_notebook and "/" not in f.name)


def scan(folder: Path) -> Scan:
    """Walk a submission's folder in the order of the names, following no link."""
    root = open_folder(folder)
    files: list[SubmittedFile] = []
    notes: list[str] = []
    try:
        _walk(root, "", files, notes)
    finally:
        os.close(root)
    return Scan(tuple(sorted(files, key=lambda f: f.name)), tuple(notes))


def _walk(here: int, prefix: str, files: list[SubmittedFile], notes: list[str]) -> None:
    """Add the files below the descriptor `here`, notebooks first; hidden files and byte code are passed over."""
    for entry in sorted(os.listdir(here), key=lambda e: (not e.endswith(".ipynb"), e)):
        if entry.startswith(".") or entry in SKIPPED_FOLDERS:
            continue
        if len(files) + len(notes) >= MAX_FILES:
            first = shown(prefix + entry)
            notes.append(f"Your submission has more than {MAX_FILES} files: those from {first} on are left out.")
            return
        name = prefix + entry
        try:
            _add(here, entry, name, files, notes)
        except IntakeError as refusal:
            notes.append(str(refusal))
        except OSError:
            notes.append(f"{shown(name)}: this cannot be read. Hand in ordinary files and folders.")


def _add(here: int, entry: str, name: str, files: list[SubmittedFile], notes: list[str]) -> None:
    check_name(name)
    facts = os.stat(entry, dir_fd=here, follow_symlinks=False)
    if stat.S_ISDIR(facts.st_mode):
        below = os.open(entry, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
        try:
            _walk(below, name + "/", files, notes)
        finally:
            os.close(below)
    elif stat.S_ISLNK(facts.st_mode):
        raise IntakeError(f"{shown(name)}: this is a link. Hand in the file itself.")
    else:
        os.close(open_inside(here, entry))
        _require_room(name, facts.st_size, files)
        files.append(SubmittedFile(name, facts.st_size))


def _require_room(name: str, size: int, files: list[SubmittedFile]) -> None:
    if size > MAX_FILE_BYTES or size + sum(f.size for f in files) > MAX_TOTAL_BYTES:
        raise IntakeError(f"{shown(name)}: the file is too large and is left out.")


def submission_files(folder: Path) -> list[SubmittedFile]:
    """The usable files of a submission."""
    return list(scan(folder).files)


def fits(name: str, others: Collection[str]) -> bool:
    """Whether a file can lie beside the others: of no two is one a file where the other needs a folder."""
    return not any(other.startswith(f"{name}/") or name.startswith(f"{other}/") for other in others)


def copy_files(folder: Path, to: Path, beside: Collection[str] = ()) -> tuple[SubmittedFile, ...]:
    """Copy the data files of a submission below the existing folder `to`; returns what was copied.

    Args:
        beside: names of files that come there, too; what does not fit beside them is left out.

    Python files are data like the others: `to` is a working directory that is not on `sys.path`,
    so that a submitted `numpy.py` shadows nothing, and a helper module must be pasted into a cell.
    """
    copied = []
    for file in scan(folder).files:
        if not (file.is_data and fits(file.name, beside)):
            continue
        target = to / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_file(folder, file.name, MAX_FILE_BYTES))
        copied.append(file)
    return tuple(copied)


def submission_hash(folder: Path) -> str:
    """SHA-256 of the names and contents of a submission's usable files, and of what was refused."""
    found = scan(folder)
    return _hash(_contents(folder, found), found.notes)


def take_submission(folder: Path) -> tuple[tuple[tuple[str, bytes], ...], tuple[str, ...], str]:
    """Names and contents of the usable files, the notes on what was refused, and the hash of just these."""
    found = scan(folder)
    files = tuple(_contents(folder, found))
    return files, found.notes, _hash(files, found.notes)


def _contents(folder: Path, found: Scan) -> Iterator[tuple[str, bytes]]:
    root = open_folder(folder)
    try:
        for file in found.files:
            yield file.name, read_open(open_inside(root, file.name), file.name, MAX_FILE_BYTES)
    finally:
        os.close(root)


def _hash(files: Iterable[tuple[str, bytes]], notes: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(hashlib.sha256(content).digest())
    for note in notes:
        digest.update(b"\0refused\0" + note.encode())
    return digest.hexdigest()
