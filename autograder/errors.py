"""The errors a person can mend, each with the command line's exit code."""

from __future__ import annotations

import errno

__all__ = [
    "AutograderError",
    "BuildError",
    "ConfigurationError",
    "CourseError",
    "GradebookError",
    "KeyFault",
    "SandboxError",
    "UsageError",
    "system_refusal",
]

REFUSED = {  # by the system: no fault of ours, and nothing that was finished is lost
    errno.ENOSPC: "got no space left on its disk. Free some, then go on.",
    errno.EDQUOT: "got the disk quota used up. Free some of it, then go on.",
    errno.EROFS: "got a disk that is read-only. Make it writable, then go on.",
    errno.EACCES: "this account may not do that. Give it the right to, then go on.",
    errno.EPERM: "this account may not do that. Give it the right to, then go on.",
    errno.EIO: "the disk failed. Look at the system's log, then go on.",
    errno.EMFILE: "got too many files open. Raise the limit (ulimit -n), then go on.",
    errno.ENFILE: "got too many files open on this machine. End other programs, then go on.",
    errno.ENOMEM: "got no memory left. End other programs or use fewer --workers, then go on.",
}
NO_TEMPORARY = "temporary files: got no folder that takes any ({words}). Free space there or set TMPDIR, then go on."


class AutograderError(Exception):
    """Something a lecturer or operator can mend: what was got, what was expected, what to do next."""

    exit_code = 3


class UsageError(AutograderError):
    """The command's words do not fit: an unknown unit, a missing file."""

    exit_code = 2


class CourseError(AutograderError):
    """The course folder is not as it must be."""

    exit_code = 1


class BuildError(CourseError):
    """A source notebook cannot be released as it stands; the text names file and cell."""


class KeyFault(CourseError):
    """An answer key is missing, malformed or disproved by its own answers."""


class ConfigurationError(AutograderError):
    """A setting has a value that it cannot have."""

    exit_code = 2


class GradebookError(AutograderError):
    """The gradebook cannot be opened, read or written; the text says by what and how to go on."""


class SandboxError(AutograderError):
    """The sandbox could not be started or does not reach the isolation that was asked for."""


def system_refusal(error: BaseException) -> str:
    """What the system refused, and of which file, in words; "" when it was something else."""
    if not isinstance(error, OSError):
        return ""
    if error.errno == errno.ENOENT and "temporary directory" in str(error.strerror):  # tempfile's own words
        return NO_TEMPORARY.format(words=error.strerror)
    said = REFUSED.get(error.errno or 0, "")
    return f"{error.filename or 'the disk'}: {said}" if said else ""
