"""Who a process is and how much it may take: user, capabilities, limits, descriptors."""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import Any

from . import syscalls

__all__ = ["close_descriptors", "drop_user", "limit", "map_user", "no_new_privileges", "null_streams"]


def map_user(inside: int, outside_uid: int, outside_gid: int) -> None:
    """In a new user namespace: one user and one group, and no way to more."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {outside_uid} 1"),
        ("gid_map", f"{inside} {outside_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as f:
            f.write(text)


def drop_user(uid: int, keep: int = 0) -> None:
    """From root to the unprivileged user `uid` for good; the capabilities in the mask `keep` stay."""
    os.setgroups([])
    if sys.platform != "linux":
        os.setregid(uid, uid)
        os.setreuid(uid, uid)
        return
    syscalls.prctl(syscalls.PR_SET_KEEPCAPS, 1 if keep else 0)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if keep:
        syscalls.set_capabilities(keep)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # its own /proc files are its own again


def no_new_privileges() -> None:
    """No set-user-id program gives this process or its children more than they have."""
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)


def _data_bytes() -> int:
    """The writable private memory that the process has mapped; 0 where this cannot be told."""
    try:
        with open("/proc/self/statm") as f:
            return int(f.read().split()[5]) * resource.getpagesize()
    except OSError:
        return 0


def limit(limits: dict[str, Any], processes: int) -> None:
    """Hard limits of one process; its children inherit them and `processes` counts them all."""
    data = _data_bytes() + int(limits["memory_bytes"])
    cpu = int(limits["submission_seconds"]) + 30
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": int(limits["file_bytes"]),
        "RLIMIT_NOFILE": int(limits["open_files"]),
        "RLIMIT_NPROC": processes,
        "RLIMIT_STACK": 8 << 20,
        "RLIMIT_DATA": data,
        "RLIMIT_CPU": cpu,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_RTPRIO": 0,
    }
    for name, value in wanted.items():
        kind = getattr(resource, name, None)
        if kind is None or (name == "RLIMIT_DATA" and sys.platform != "linux"):
            continue
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))


def close_descriptors(keep: set[int]) -> None:
    """Close every descriptor but these."""
    most = 1 << 20 if sys.platform == "linux" else resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    for low, high in zip([-1, *sorted(keep)], [*sorted(keep), most], strict=True):
        if low + 1 < high:  # an empty range would close everything
            os.closerange(low + 1, high)


def null_streams() -> None:
    """Standard input, output and error lead nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    if null > 2:
        os.close(null)


def default_signals() -> None:
    """Every signal does what the system does by default, but for Ctrl-C: that is said to the batch."""
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
