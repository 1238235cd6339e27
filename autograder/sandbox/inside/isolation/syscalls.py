"""The kernel's calls that Python's `os` does not have, by ctypes; raises OSError like `os` does.

The library is loaded as a PyDLL: the interpreter's lock is kept during a call, so that `clone` is a
fork of one thread.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

__all__ = [
    "clone",
    "drop_capabilities",
    "fork",
    "machine",
    "mount",
    "mount_attributes",
    "pivot_root",
    "prctl",
    "syscall",
    "umount",
    "umount_lazily",
    "unshare",
]

_libc = ctypes.PyDLL(None, use_errno=True)

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
AT_FDCWD, AT_RECURSIVE = -100, 0x8000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS = 1, 4, 8
PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 24, 36, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAP_DAC_READ_SEARCH, CAP_LAST = 2, 63

_NUMBERS = {  # of the calls made here; x86_64, aarch64
    "pivot_root": (155, 41),
    "capset": (126, 91),
    "clone": (56, 220),
    "mount_setattr": (442, 442),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
    "seccomp": (317, 277),
}


def machine() -> str:
    """The processor's name as the kernel's tables have it: "x86_64", "aarch64" or another."""
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(name: str, *arguments: int | bytes | ctypes.Array | ctypes.Structure | None) -> int:
    """The call `name`; numbers are passed as longs, buffers by address."""
    columns = {"x86_64": 0, "aarch64": 1}
    if sys.platform != "linux" or machine() not in columns:
        raise OSError(f"{name}: got {sys.platform} on {platform.machine()}, expected Linux on x86_64 or aarch64.")
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    _libc.syscall.restype = ctypes.c_long
    return _check(_libc.syscall(ctypes.c_long(_NUMBERS[name][columns[machine()]]), *words), name)


def prctl(option: int, *arguments: int) -> int:
    words = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    return _check(_libc.prctl(option, *words), f"prctl {option}")


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), f"unshare {flags:#x}")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    words = [os.fsencode(w) if w else None for w in (source, target, kind)]
    _check(_libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None), f"mount {kind or 'bind'} on {target}")


def umount(target: str) -> None:
    _check(_libc.umount2(os.fsencode(target), 0), f"umount {target}")


def umount_lazily(target: str) -> None:
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def mount_attributes(target: str, attributes: int, recursive: bool = True) -> None:
    """Set attributes of a mount (and of those below it); none is cleared."""
    attr = ctypes.create_string_buffer(struct.pack("QQQQ", attributes, 0, 0, 0), 32)
    flags = AT_RECURSIVE if recursive else 0
    syscall("mount_setattr", AT_FDCWD, os.fsencode(target), flags, attr, 32)


def pivot_root(new: str, old: str) -> None:
    syscall("pivot_root", os.fsencode(new), os.fsencode(old))


def fork() -> int:
    """`os.fork` of a process with one thread, without what Python's modules do after a fork.

    They seed `random` anew and look for other threads, and write to some 200 pages that parent and child share.
    """
    return _check(_libc.fork(), "fork")


def clone(flags: int) -> int:
    """Fork with `flags`; 0 in the child, as `os.fork`."""
    api = ctypes.pythonapi
    api.PyOS_BeforeFork()
    try:
        pid = syscall("clone", flags | 17, 0, 0, 0, 0)  # 17 is SIGCHLD on both machines
    except OSError:
        api.PyOS_AfterFork_Parent()
        raise
    if pid == 0:
        api.PyOS_AfterFork_Child()
    else:
        api.PyOS_AfterFork_Parent()
    return pid


def set_capabilities(mask: int) -> None:
    """Exactly these capabilities, effective and permitted; nothing inheritable, nothing ambient."""
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0), 8)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = ctypes.create_string_buffer(struct.pack("6I", low, low, 0, high, high, 0), 24)
    syscall("capset", header, data)


def drop_capabilities(keep: int = 0) -> None:
    """Give up all capabilities but those in the mask `keep`, and the right to gain them by exec."""
    for capability in range(CAP_LAST + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break  # past the kernel's last one, or without CAP_SETPCAP: no_new_privs covers exec
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    set_capabilities(keep)
