"""A child process of root's becomes an ordinary user for good, in a view where that user can reach what it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from autograder.sandbox.inside.isolation import syscalls as sc

__all__ = ["UID", "become"]

UID = 64400  # nobody's account, and not among those that run student code
ROOT = Path(__file__).resolve().parents[2]


def become(uid: int) -> None:
    """Give up root for ever.

    Python and the course may lie in a home that is closed to others. This process then sees, in place of that home,
    an open folder with nothing but what it needs: the machine as it would be where the user had installed it.
    """
    sc.unshare(sc.CLONE_NEWNS)
    sc.mount("none", "/", "", sc.MS_REC | sc.MS_PRIVATE)
    needed = {Path(os.path.realpath(p)) for p in (sys.base_prefix, sys.prefix, ROOT)}
    for closed in {_closed(path) for path in needed} - {None}:
        assert closed is not None
        _open_up(closed, [path for path in needed if path.is_relative_to(closed)])
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    sc.prctl(sc.PR_SET_DUMPABLE, 1)
    assert os.getresuid() == (uid, uid, uid)


def _closed(path: Path) -> Path | None:
    """The outermost folder on the way to the path that others may not enter."""
    for folder in (*reversed(path.parents), path):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None


def _open_up(closed: Path, needed: list[Path]) -> None:
    held = {path: os.open(path, os.O_PATH) for path in needed}
    sc.mount("tmpfs", str(closed), "tmpfs", 0, "mode=755")
    for path, fd in held.items():
        path.mkdir(parents=True, exist_ok=True)
        sc.mount(f"/proc/self/fd/{fd}", str(path), "", sc.MS_BIND)
        os.close(fd)
