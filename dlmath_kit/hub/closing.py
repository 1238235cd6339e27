"""Who may read a submission in the exchange, and that nobody else may change it.

nbgrader leaves the folder of a submission open to every account (0777): whoever learns its name reads it and deletes
what lies in it. Here it is closed as far as the grader, who must read it, allows. The grader is the one who made the
`inbound` folder; nbgrader's release makes it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["close", "modes"]

PRIVATE, GROUP, OPEN = (0o700, 0o600), (0o750, 0o640), (0o755, 0o644)  # folders, files
INITIAL_USERS = "/proc/self/uid_map"


def close(submission: Path) -> None:
    """Take everybody's right to write, and the right to read of all whom the grader can do without."""
    folder, file = modes(submission)
    for here, _, names in os.walk(submission, topdown=False):
        for name in names:
            Path(here, name).chmod(file)
        Path(here).chmod(folder)


def modes(submission: Path) -> tuple[int, int]:
    """Modes for folders and files of this submission.

    Private where the grader is root or this very account. For a group where `inbound` hands its group on, which is
    the grader's: nbgrader makes it so. Else everybody who knows the name may read, and nobody may write.
    """
    inbound, own = submission.parent.stat(), submission.stat()
    if inbound.st_uid == own.st_uid or (inbound.st_uid == 0 and is_root_everywhere()):
        return PRIVATE
    if inbound.st_mode & stat.S_ISGID and inbound.st_gid == own.st_gid:
        return GROUP
    return OPEN


def is_root_everywhere() -> bool:
    """Is user 0 the machine's root? In a container without rights it is an ordinary account, which reads no more."""
    try:
        with open(INITIAL_USERS, encoding="ascii") as file:
            return file.readline().split()[:2] == ["0", "0"]
    except OSError:  # no Linux, no such containers
        return True
