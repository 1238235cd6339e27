"""The files that student code sees at level "namespaces": a root of its own, read-only, with nothing of ours.

Everything keeps its own path, so that the interpreter and the libraries find themselves; what must not be
seen (holes) is covered.
"""

from __future__ import annotations

import os
from typing import Any

from . import syscalls as sc

__all__ = ["HOME", "PRIVATE", "TEMPORARY", "build", "enter", "private"]

PRIVATE = "/private"  # a path where no installation lies, unlike /home and /tmp
HOME, TEMPORARY = f"{PRIVATE}/home", f"{PRIVATE}/tmp"
_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/bin", "/usr/local/lib", "/lib", "/lib64", "/bin", "/usr/share/fonts",
           "/usr/share/zoneinfo", "/usr/lib/locale", "/sys/devices/system/cpu", "/etc/ld.so.cache", "/etc/localtime",
           "/etc/alternatives", "/etc/fonts")  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom")
_OPEN = 0o755


def _bind(source: str, target: str, read_only: bool = True, device: bool = False) -> None:
    if os.path.isdir(source):
        os.makedirs(target, _OPEN, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), _OPEN, exist_ok=True)
        open(target, "x").close()
    sc.mount(source, target, "", sc.MS_BIND | sc.MS_REC)
    attributes = sc.MOUNT_ATTR_NOSUID | (0 if device else sc.MOUNT_ATTR_NODEV)
    sc.mount_attributes(target, attributes | (sc.MOUNT_ATTR_RDONLY if read_only else 0))


def _show(root: str, path: str) -> None:
    """`path` of the host under the new root, links as links."""
    target = root + path
    if os.path.islink(path) and not os.path.lexists(target):
        if os.path.isabs(os.readlink(path)):
            _bind(os.path.realpath(path), target)
        else:
            os.makedirs(os.path.dirname(target), _OPEN, exist_ok=True)
            os.symlink(os.readlink(path), target)
    elif os.path.exists(path) and not os.path.islink(target):
        _bind(path, target)


def _cover(root: str, hole: str, empty: str) -> None:
    """Nothing can be read at `hole` any more."""
    target = root + hole
    if os.path.lexists(target) and not os.path.islink(target):
        sc.mount(empty if os.path.isdir(target) else empty + ".file", target, "", sc.MS_BIND)


def _user_files(root: str, uid: int) -> None:
    os.makedirs(f"{root}/etc", _OPEN, exist_ok=True)
    for name, text in (
        ("passwd", f"student:x:{uid}:{uid}::{HOME}:/bin/sh\n"),
        ("group", f"student:x:{uid}:\n"),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
        ("hosts", "127.0.0.1 localhost sandbox\n"),
    ):
        with open(f"{root}/etc/{name}", "w") as f:
            f.write(text)


def _links(folder: str, entries: dict[str, str]) -> None:
    os.makedirs(folder, _OPEN)
    for name, target in entries.items():
        os.symlink(target, f"{folder}/{name}")


def build(root: str, config: dict[str, Any]) -> None:
    """Mount the view on the empty folder `root`."""
    sc.mount("", "/", "", sc.MS_REC | sc.MS_PRIVATE)
    sc.mount("tmpfs", root, "tmpfs", sc.MS_NOSUID | sc.MS_NODEV, "mode=755,size=64m")
    run = f"{root}/run"
    os.makedirs(f"{run}/empty", 0o555)
    open(f"{run}/empty.file", "x").close()
    for path in (*_SYSTEM, *config["readonly"]):
        _show(root, path)
    for hole in config["holes"]:
        _cover(root, hole, f"{run}/empty")
    _bind(config["inside"], f"{run}/inside")
    os.makedirs(f"{run}/library")
    for path in config["library"]:
        _bind(path, f"{run}/library/{os.path.basename(path)}")
    _links(f"{run}/site", config["site"])
    _user_files(root, config["uid"])
    for name in _DEVICES:
        _bind(f"/dev/{name}", f"{root}/dev/{name}", read_only=False, device=True)
    os.makedirs(root + PRIVATE)
    own = f"mode=755,size=64m,uid={config['uid']},gid={config['uid']}"
    sc.mount("tmpfs", root + PRIVATE, "tmpfs", sc.MS_NOSUID | sc.MS_NODEV, own)
    for link, target in (("tmp", TEMPORARY), ("dev/shm", f"{PRIVATE}/shm"), ("dev/fd", "/proc/self/fd")):
        if not os.path.lexists(f"{root}/{link}"):  # Python may be installed below /tmp
            os.symlink(target, f"{root}/{link}")
    os.makedirs(f"{root}/proc")
    sc.mount("proc", f"{root}/proc", "proc", sc.MS_NOSUID | sc.MS_NODEV | sc.MS_NOEXEC)
    sc.mount_attributes(root, sc.MOUNT_ATTR_RDONLY, recursive=False)


def enter(root: str) -> None:
    """Make `root` the root; nothing else of the host can be reached any more."""
    os.chdir(root)
    sc.pivot_root(".", ".")
    sc.umount_lazily(".")
    os.chdir("/")


def private(limits: dict[str, Any]) -> None:
    """A fresh home, /tmp and /dev/shm in memory, bounded, gone with the last process that sees them."""
    options = f"mode=755,size={int(limits['disk_bytes'])},nr_inodes={int(limits['disk_files'])}"
    sc.mount("tmpfs", PRIVATE, "tmpfs", sc.MS_NOSUID | sc.MS_NODEV, options)
    for folder in (HOME, TEMPORARY, f"{PRIVATE}/shm"):
        os.mkdir(folder, 0o700)
