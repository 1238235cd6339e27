"""The three levels: what the zygote enters once, and what every submission enters again.

A level is a class with the same four steps, called in this order: `enter` in the zygote's launcher and the
zygote, `fork` in the zygote (its child is the keeper of one submission), `furnish` in the keeper, `confine`
in the submission's own process, after which student code may run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from typing import Any

from . import landlock, privileges, seccomp, view
from . import syscalls as sc

__all__ = ["LEVELS", "Landlocked", "Limited", "Namespaced"]

_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group",
          "/usr/lib", "/usr/lib64", "/usr/bin", "/usr/local/lib", "/lib", "/lib64", "/bin", "/usr/share/fonts",
          "/usr/share/zoneinfo", "/etc/fonts", "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo",
          "/dev/zero", "/dev/random", "/dev/urandom")  # fmt: skip


def without(root: str, holes: list[str]) -> list[str]:
    """`root`, or as much of what is below it as leaves out the holes."""
    if root in holes:
        return []
    if not any(hole.startswith(root + "/") for hole in holes):
        return [root]
    return [path for name in sorted(os.listdir(root)) for path in without(os.path.join(root, name), holes)]


class Limited:
    """Level "rlimits": another process with limits, nothing more."""

    name = "rlimits"
    renewable = False  # can a keeper clear its place for another submission?
    crowded = True  # does the system count the processes of a user, not of a submission?

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.root = os.getuid() == 0
        self.stage = config["stage"]
        self.inside = config["inside"]

    # -- the zygote

    def launch(self) -> int:
        """Fork the zygote: 0 in it, its process id in the launcher."""
        if sys.platform == "linux":
            sc.prctl(sc.PR_SET_CHILD_SUBREAPER, 1)
        return os.fork()

    def enter(self) -> None:
        """In the zygote, before the libraries are imported."""
        config = self.config
        os.chmod(self.stage, 0o711)
        for folder, entries in (("site", config["site"]), ("library", config["library_links"])):
            os.mkdir(f"{self.stage}/{folder}")
            for name, target in entries.items():
                os.symlink(target, f"{self.stage}/{folder}/{name}")
        os.mkdir(f"{self.stage}/home")
        if sys.platform == "linux":
            sc.prctl(sc.PR_SET_CHILD_SUBREAPER, 1)

    def paths(self) -> dict[str, str]:
        return {name: f"{self.stage}/{name}" for name in ("site", "library", "home")}

    # -- a submission

    def fork(self) -> int:
        return os.fork()

    def furnish(self) -> str:
        """In the keeper: the private folder, which becomes the working directory."""
        if sys.platform == "linux":
            sc.prctl(sc.PR_SET_CHILD_SUBREAPER, 1)
        self.private = tempfile.mkdtemp(prefix="box-", dir=self.stage)
        home = f"{self.private}/home"
        for folder in (home, f"{self.private}/tmp"):
            os.mkdir(folder, 0o700)
        return home

    def hand_over(self) -> None:
        """In the keeper, once the data files are there: all of it belongs to the student's user."""
        if self.root:
            uid = self.config["uid"]
            for folder, folders, files in os.walk(self.private):
                for name in (".", *folders, *files):
                    with contextlib.suppress(FileNotFoundError):  # the process begins meanwhile, with files of a moment
                        os.chown(os.path.join(folder, name), uid, uid, follow_symlinks=False)

    def temporary(self) -> str:
        return f"{self.private}/tmp"

    def confine(self, limits: dict[str, Any]) -> None:
        """In the submission's process: from here on it has no rights but those of student code."""
        if self.root:
            privileges.drop_user(self.config["uid"])
        privileges.limit(limits, self._processes(limits))
        if sys.platform == "linux":
            privileges.no_new_privileges()

    def _processes(self, limits: dict[str, Any]) -> int:
        """RLIMIT_NPROC counts all of a user's threads: those that run already are allowed for.

        There is room for others of this user that are graded beside it. The keeper counts the submission's own, and
        ends it beyond its limit before it leaves the others no room.
        """
        uid = self.config["uid"] if self.root else os.getuid()
        return _threads_of(uid) + int(limits["processes"]) * (1 + (os.cpu_count() or 1))

    def renew(self) -> None:
        """In the keeper, once every process of the last submission is gone; OSError if anything of it is left."""
        raise OSError(f"{self.name}: what a submission leaves can not be cleared away for sure.")

    def remove(self) -> None:
        """In the keeper, when all is over."""
        shutil.rmtree(self.private, ignore_errors=True)

    def usage(self) -> int:
        """Bytes in the private folder."""
        return sum(
            os.lstat(os.path.join(folder, name)).st_blocks * 512
            for folder, _, files in os.walk(self.private)
            for name in files
            if os.path.lexists(os.path.join(folder, name))
        )


def _threads_of(uid: int) -> int:
    count = 0
    for name in os.listdir("/proc") if sys.platform == "linux" else ():
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return count if sys.platform == "linux" else 512


class Landlocked(Limited):
    """Level "landlock": a list of readable files, a filter of system calls, limits."""

    name = "landlock"

    def enter(self) -> None:
        if landlock.version() < 1:
            raise OSError("landlock: the kernel has none.")
        super().enter()
        holes = self.config["holes"]
        self._readable = [p for root in (*_FILES, *self.config["readonly"]) for p in without(root, holes)]
        self._readable += [self.inside, *self.config["library"]]
        self._readable += [f"{self.stage}/{name}" for name in ("site", "library", "home")]

    def confine(self, limits: dict[str, Any]) -> None:
        rules = landlock.Ruleset()
        rules.allow(self._readable, landlock.READ)
        rules.allow(self.config["listable"], landlock.LIST)
        rules.allow([f"/proc/{os.getpid()}"], landlock.READ)
        rules.allow([self.private, "/dev/null"], landlock.WRITE)
        keep = 0
        if self.root:
            keep = 0 if self._reachable() else 1 << sc.CAP_DAC_READ_SEARCH
            processes = self._processes(limits)
            privileges.drop_user(self.config["uid"], keep)
        else:
            processes = self._processes(limits)
        privileges.limit(limits, processes)
        sc.drop_capabilities(keep)
        privileges.no_new_privileges()
        rules.enforce()
        seccomp.install(others=True)

    def _reachable(self) -> bool:
        """Whether any user may reach the interpreter and the libraries."""
        roots = [*self.config["readonly"], self.inside, *self.config["library"]]
        return all(_open_to_all(path) for path in roots if os.path.exists(path))


def _open_to_all(path: str) -> bool:
    path = os.path.realpath(path)
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


class Namespaced(Limited):
    """Level "namespaces": a machine of its own to look at, and all that level "landlock" has."""

    name = "namespaces"
    renewable = True
    crowded = False
    _ZYGOTE = sc.CLONE_NEWPID | sc.CLONE_NEWNS | sc.CLONE_NEWIPC | sc.CLONE_NEWUTS | sc.CLONE_NEWNET
    _SUBMISSION = sc.CLONE_NEWUSER | sc.CLONE_NEWPID | sc.CLONE_NEWNS | sc.CLONE_NEWIPC

    _furnished = False  # this process's namespaces

    def launch(self) -> int:
        uid, gid = os.getuid(), os.getgid()
        if self.root:
            return sc.clone(self._ZYGOTE)
        pid = sc.clone(self._ZYGOTE | sc.CLONE_NEWUSER)
        if pid == 0:
            privileges.map_user(self.config["uid"], uid, gid)
        return pid

    def enter(self) -> None:
        uid = self.config["uid"]
        os.umask(0o022)
        view.build(self.stage, self.config)
        view.enter(self.stage)
        _set_hostname("sandbox")
        if self.root:
            privileges.drop_user(uid)
            sc.unshare(sc.CLONE_NEWUSER)
            privileges.map_user(uid, uid, uid)
        self.inside = "/run/inside"

    def paths(self) -> dict[str, str]:
        return {"site": "/run/site", "library": "/run/library", "home": view.PRIVATE}

    def fork(self) -> int:
        return sc.clone(self._SUBMISSION)

    def furnish(self) -> str:
        if not self._furnished:
            uid = self.config["uid"]
            privileges.map_user(uid, uid, uid)
            sc.mount("proc", "/proc", "proc", sc.MS_NOSUID | sc.MS_NODEV | sc.MS_NOEXEC)
            self._furnished = True
        view.private(self.config["limits"])
        return view.HOME

    def hand_over(self) -> None:
        """The files were written by the student's user already."""

    def temporary(self) -> str:
        return view.TEMPORARY

    def confine(self, limits: dict[str, Any]) -> None:
        privileges.limit(limits, int(limits["processes"]) + 1)
        sc.drop_capabilities()
        privileges.no_new_privileges()
        if landlock.version():
            rules = landlock.Ruleset()
            rules.allow(["/"], landlock.READ)
            rules.allow([view.PRIVATE, "/dev/null"], landlock.WRITE)
            rules.enforce()
        seccomp.install()

    def renew(self) -> None:
        sc.umount(view.PRIVATE)  # refused while anybody uses it
        sc.unshare(sc.CLONE_NEWIPC)
        with open("/proc/sys/kernel/ns_last_pid", "w") as f:
            f.write("1")  # the same numbers again

    def remove(self) -> None:
        """The private file system goes with the namespace, or before another one is mounted."""

    def usage(self) -> int:
        """Bounded by the file system itself."""
        return 0


def _set_hostname(name: str) -> None:
    import socket

    socket.sethostname(name)


LEVELS: dict[str, type[Limited]] = {cls.name: cls for cls in (Namespaced, Landlocked, Limited)}
