"""The data files of a submission: ordinary files with harmless names, read without following a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from autograder.sandbox.limits import Limits

__all__ = ["read_data_files"]

_DEEPEST = 8  # folders
_LONGEST = 200  # bytes of one name


def read_data_files(folder: Path | None, limits: Limits) -> list[tuple[str, bytes]]:
    """Relative names and contents of the files below `folder`, in order.

    Links, devices, hard links, names that no portable file system takes, and what exceeds the limits on files
    and disk are left out.
    """
    if folder is None:
        return []
    found: list[tuple[str, bytes]] = []
    total = 0
    for where, folders, names in os.walk(folder):
        relative = os.path.relpath(where, folder)
        depth = 0 if relative == "." else relative.count(os.sep) + 1
        folders[:] = sorted(f for f in folders if _harmless(f)) if depth < _DEEPEST else []
        for name in sorted(n for n in names if _harmless(n)):
            content = _read(os.path.join(where, name), min(limits.file_bytes, limits.disk_bytes - total))
            if content is not None and 2 * len(found) < limits.disk_files:
                total += len(content)
                found.append((name if depth == 0 else f"{relative.replace(os.sep, '/')}/{name}", content))
    return found


def _harmless(name: str) -> bool:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return False
    return size <= _LONGEST and name.isprintable() and "\\" not in name and name not in (".", "..")


def _read(path: str, most: int) -> bytes | None:
    """The content of an ordinary file of at most `most` bytes, None for anything else."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as f:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1 or about.st_size > most:
            return None
        content = f.read(most + 1)
    return content if len(content) <= most else None
