"""The errors a person can mend, each with the command line's exit code."""

from __future__ import annotations

__all__ = [
    "AutograderError",
    "BuildError",
    "ConfigurationError",
    "CourseError",
    "KeyFault",
    "SandboxError",
    "UsageError",
]


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


class SandboxError(AutograderError):
    """The sandbox could not be started or does not reach the isolation that was asked for."""
