"""Landlock: which files a process may touch, whatever its other rights; no TCP, no signals outwards."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from . import syscalls

__all__ = ["READ", "WRITE", "Ruleset", "version"]

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many file rights the kernel knows
_MAKE_DEVICES = 1 << 6 | 1 << 11
_TCP = 3
_SCOPES = 3  # abstract Unix sockets, signals

READ = _EXECUTE | _READ_FILE | _READ_DIR
LIST = _READ_DIR
WRITE = (1 << 16) - 1 & ~_MAKE_DEVICES & ~_IOCTL_DEV


def version() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    try:
        return syscalls.syscall("landlock_create_ruleset", None, 0, 1)
    except OSError:
        return 0


class Ruleset:
    """Nothing is allowed but what `allow` adds; `enforce` binds the process and its children for good."""

    def __init__(self) -> None:
        self.version = version()
        self._handled = (1 << _RIGHTS_BY_VERSION[max(1, min(self.version, 5))]) - 1
        network = _TCP if self.version >= 4 else 0
        scopes = _SCOPES if self.version >= 6 else 0
        size = 24 if self.version >= 6 else 16 if self.version >= 4 else 8
        attr = ctypes.create_string_buffer(struct.pack("QQQ", self._handled, network, scopes)[:size], size)
        self._fd = syscalls.syscall("landlock_create_ruleset", attr, size, 0)

    def allow(self, paths: Iterable[str], rights: int) -> None:
        """`rights` on each path and what is below it; a path that does not exist is passed over."""
        for path in paths:
            try:
                fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                own = rights if stat.S_ISDIR(os.fstat(fd).st_mode) else rights & _FILE_RIGHTS
                rule = ctypes.create_string_buffer(struct.pack("=Qi", own & self._handled, fd), 12)
                syscalls.syscall("landlock_add_rule", self._fd, 1, rule, 0)
            finally:
                os.close(fd)

    def enforce(self) -> None:
        syscalls.syscall("landlock_restrict_self", self._fd, 0)
        os.close(self._fd)
