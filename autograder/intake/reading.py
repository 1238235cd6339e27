"""Reading a submitted file without being led elsewhere.

A submission may hold links, pipes and devices. Every component of a path is opened with
O_NOFOLLOW, without blocking, and what was opened must be a regular file with one name.
A second hard link is refused too: a link to the lecturer's source or to a fellow student's
answer would be graded as if the student had written it. `cp` makes an honest copy of such a file.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path, PurePosixPath

from autograder.intake.faults import IntakeError

__all__ = ["MAX_NAME_BYTES", "check_name", "open_folder", "open_inside", "read_file", "read_open", "shown"]

MAX_NAME_BYTES = 200
MAX_DEPTH = 8
SHOWN_LENGTH = 80


def shown(name: str | bytes) -> str:
    """A file name fit for a report: control, bidirectional and undecodable characters are escaped."""
    text = os.fsdecode(name)
    safe = "".join(_escaped(c) if _is_deceptive(c) else c for c in text)
    return safe if len(safe) <= SHOWN_LENGTH else safe[:SHOWN_LENGTH] + "..."


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _is_deceptive(character: str) -> bool:
    """Control, format (among them right-to-left marks), surrogate and line-separating characters."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def check_name(name: str) -> None:
    """Refuse a relative path that leads out of its folder or cannot be shown as it is."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or any(p in {"..", "."} for p in name.split("/")) or "\\" in name:
        raise IntakeError(f"{shown(name)}: this is not the name of a file in your submission's folder.")
    if len(path.parts) > MAX_DEPTH or any(len(os.fsencode(p)) > MAX_NAME_BYTES for p in path.parts):
        raise IntakeError(f"{shown(name)}: the name is too long. Rename the file.")
    if any(_is_deceptive(c) for c in name):
        raise IntakeError(f"{shown(name)}: the name holds characters that cannot be shown. Rename the file.")


def open_folder(folder: Path) -> int:
    """Descriptor of a submission's own folder, which must not be a link."""
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise IntakeError(f"{shown(folder.name)}: there is no such folder among the submissions.") from error


def open_inside(root: int, name: str) -> int:
    """Descriptor of the regular file `name` below the folder descriptor `root`."""
    check_name(name)
    *folders, last = name.split("/")
    here = os.dup(root)
    try:
        for folder in folders:
            below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = below
        fd = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=here)
    except FileNotFoundError as error:
        raise IntakeError(f"{shown(name)}: the file is missing from your submission.") from error
    except OSError as error:
        raise IntakeError(f"{shown(name)}: this is a link or cannot be read. Hand in the file itself.") from error
    finally:
        os.close(here)
    _require_plain(fd, name)
    return fd


def _require_plain(fd: int, name: str) -> None:
    facts = os.fstat(fd)
    if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
        return
    os.close(fd)
    kind = "a hard link" if stat.S_ISREG(facts.st_mode) else "not an ordinary file"
    raise IntakeError(f"{shown(name)}: this is {kind}. Hand in the file itself.")


def read_open(fd: int, name: str, limit: int) -> bytes:
    """The bytes behind an open descriptor, which is closed; more than `limit` bytes are refused."""
    with os.fdopen(fd, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise IntakeError(f"{shown(name)}: the file is larger than {limit // 2**20} MiB.")
    return data


def read_file(folder: Path, name: str, limit: int) -> bytes:
    """The bytes of the file `name` (a relative path) of the submission in `folder`.

    Raises:
        IntakeError: the name leads elsewhere, or the file is missing, a link, not regular or too large.
    """
    root = open_folder(folder)
    try:
        return read_open(open_inside(root, name), name, limit)
    finally:
        os.close(root)
