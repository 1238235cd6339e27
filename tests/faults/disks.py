"""A small disk that a test can fill and make read-only: a tmpfs in a mount namespace of its own, gone with the test."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["Disk", "small_disk"]

PLACE = "/mnt"  # there is such a folder on every Linux
KEPT = 64 << 10  # bytes that a full disk is left with at most, but for `free`
BLOCK = 4096


class Disk:
    """The disk.

    Attributes:
        path: where it is for commands that are started with `prefix`.
        outside: where it is for the test.
    """

    def __init__(self, pid: int, prefix: list[str]) -> None:
        self.prefix = prefix
        self.path = Path(PLACE)
        self.outside = Path(f"/proc/{pid}/root{PLACE}")

    def fill(self, free: int = 0) -> None:
        """Leave so many bytes."""
        self.empty()
        space = os.statvfs(self.outside)
        size = space.f_bavail * space.f_frsize - free
        with open(self.outside / "ballast", "wb") as f:
            for _ in range(size // BLOCK):
                f.write(b"\0" * BLOCK)

    def empty(self) -> None:
        """Take away what `fill` put there."""
        (self.outside / "ballast").unlink(missing_ok=True)

    def remount(self, how: str) -> None:
        """ "ro" or "rw"."""
        subprocess.run([*self.prefix, "mount", "-o", f"remount,{how}", PLACE], check=True, capture_output=True)


@contextmanager
def small_disk(size: int) -> Iterator[Disk]:
    """An empty disk of so many bytes; skips where the system mounts none for us."""
    enter = ["unshare", "--mount"]
    join = ["nsenter", "--mount"]
    if os.geteuid():  # the right to mount comes with a user namespace
        enter += ["--user", "--map-root-user"]
        join += ["--user", "--preserve-credentials"]
    if not all(map(shutil.which, (enter[0], join[0]))):
        pytest.skip("unshare and nsenter are not installed: nothing can be mounted")
    script = f"mount -t tmpfs -o size={size},mode=777 tmpfs {PLACE} && echo ready && exec cat"
    holder = subprocess.Popen(
        [*enter, "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdin and holder.stdout and holder.stderr
        if holder.stdout.readline() != "ready\n":
            pytest.skip(f"nothing can be mounted here: {holder.stderr.read().strip()}")
        yield Disk(holder.pid, [*join, f"--target={holder.pid}"])
    finally:
        holder.communicate()
