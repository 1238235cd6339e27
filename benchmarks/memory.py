"""The memory of a command's processes, by what each of them is for."""

from __future__ import annotations

import psutil

__all__ = ["ROLES", "by_role"]

ROLES = ("batch", "workers", "zygotes", "sandboxes")  # of autograder grade; another command's processes are all "batch"
WORKER = "autograder.grade.worker"
INSIDE = "sandbox/inside"  # the program of which launcher, zygote, keepers and submissions are forks


def by_role(root: psutil.Process) -> dict[str, int]:
    """Proportional set sizes of the process tree, in bytes; {} when it is gone."""
    found: dict[str, int] = {}
    for process, role in _tree(root, "batch"):
        found[role] = found.get(role, 0) + _proportional(process)
    return {role: size for role, size in found.items() if size}


def _tree(process: psutil.Process, above: str, depth: int = 0) -> list[tuple[psutil.Process, str]]:
    """The process and those below it, each with its role.

    Args:
        above: role of the parent.
        depth: forks since the launcher, within the sandbox's program.
    """
    try:
        words, children = " ".join(process.cmdline()), process.children()
    except psutil.Error:
        return []
    if depth or INSIDE in words:  # launcher and zygote; then what runs for a submission
        role, depth = ("zygotes" if depth < 2 else "sandboxes"), depth + 1
    else:
        role = "workers" if WORKER in words or above == "workers" else "batch"
    return [(process, role), *(found for child in children for found in _tree(child, role, depth))]


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, FileNotFoundError, ProcessLookupError):
        return 0
