"""Calls to the kernel that no exercise needs, refused for good by a seccomp filter."""

from __future__ import annotations

import ctypes
import errno
import struct

from . import syscalls

__all__ = ["install"]

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# x86_64, aarch64; None where the machine has no such call.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    # other machines and other processes
    "socket": (41, 198),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "ioprio_set": (251, 30),
    # the view of the file system
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "unshare": (272, 97),
    "setns": (308, 268),
    # memory that belongs to no process: neither rlimits nor the watchdog see it
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semctl": (66, 191),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    # wide doors into the kernel
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "vhangup": (153, 58),
    # the machine as a whole
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "acct": (163, 89),
    "syslog": (103, 116),
    "lookup_dcookie": (212, 18),
    "iopl": (172, None),
    "ioperm": (173, None),
}
# "No such call": the C library falls back to clone and to files.
_ABSENT: dict[str, tuple[int | None, int | None]] = {"clone3": (435, 435), "memfd_create": (319, 279)}

_CLONE = (56, 220)
_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW* flag that clone takes
_SOCKETPAIR = (53, 199)
_AF_UNIX = 1
_IOCTL = (16, 29)
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# Calls whose argument names a process: refused for any but the caller itself where the processes of others
# can be named and belong to the same user.
_OTHERS = {  # call: (x86_64, aarch64), argument
    "prlimit64": ((302, 261), 0),
    "sched_setaffinity": ((203, 122), 0),
    "sched_setscheduler": ((144, 119), 0),
    "sched_setparam": ((142, 118), 0),
    "sched_setattr": ((314, 274), 0),
    "setpriority": ((141, 140), 1),
}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_SET_MODE_FILTER = 1


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _argument(index: int) -> bytes:
    return _step(_LOAD, 16 + 8 * index)  # low half: both machines are little-endian


def _when_called(number: int, *body: bytes) -> list[bytes]:
    """`body` runs for this call only and ends in a verdict or falls to the reload of the call's number."""
    return [_step(_EQUAL, number, 0, len(body) + 1), *body, _step(_LOAD, 0)]


def program(machine: str, others: bool) -> bytes:
    """The filter's instructions.

    Args:
        machine: "x86_64" or "aarch64".
        others: refuse to change the limits and priorities of other processes.
    """
    architecture, column = _ARCHITECTURES[machine]
    refuse, absent = _step(_RETURN, _ERRNO | errno.EPERM), _step(_RETURN, _ERRNO | errno.ENOSYS)
    steps = [_step(_LOAD, 4), _step(_EQUAL, architecture, 1, 0), _step(_RETURN, _KILL), _step(_LOAD, 0)]
    if machine == "x86_64":
        steps += [_step(_AT_LEAST, 0x40000000, 0, 1), _step(_RETURN, _KILL)]  # the x32 table
    for table, verdict in ((_DENIED, refuse), (_ABSENT, absent)):
        for numbers in table.values():
            number = numbers[column]
            if number is not None:
                steps += [_step(_EQUAL, number, 0, 1), verdict]
    steps += _when_called(_CLONE[column], _argument(0), _step(_ANY_BIT, _NEW_NAMESPACES, 0, 1), refuse)
    steps += _when_called(_SOCKETPAIR[column], _argument(0), _step(_EQUAL, _AF_UNIX, 1, 0), refuse)
    steps += _when_called(
        _IOCTL[column], _argument(1), _step(_EQUAL, _TIOCSTI, 1, 0), _step(_EQUAL, _TIOCLINUX, 0, 1), refuse
    )
    if others:
        for pair, index in _OTHERS.values():
            steps += _when_called(pair[column], _argument(index), _step(_EQUAL, 0, 1, 0), refuse)
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def install(others: bool = False) -> None:
    """Filter this process and all that come from it. Needs no_new_privs; cannot be undone."""
    machine = syscalls.machine()
    if machine not in _ARCHITECTURES:
        raise OSError(f"seccomp: got machine {machine}, expected one of {', '.join(_ARCHITECTURES)}.")
    code = program(machine, others)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer)), 16)
    syscalls.syscall("seccomp", _SET_MODE_FILTER, 0, filter_)
