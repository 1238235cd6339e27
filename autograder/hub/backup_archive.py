"""The archive: a compressed tar file whose last member lists all others with their checksums."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from autograder.errors import AutograderError

__all__ = ["MANIFEST", "ArchiveWriter", "Manifest", "Member", "opened", "read_manifest", "unpack"]

MANIFEST = "manifest.json"
SCHEMA = 1
BLOCK = 1 << 20


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One file or folder."""

    name: str
    bytes: int = 0
    sha256: str = ""  # "" for a folder


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive holds and what it was made from."""

    schema: int = SCHEMA
    made: str  # ISO 8601, UTC
    course: str
    parts: tuple[str, ...]
    databases: dict[str, str]  # part -> sqlite, postgresql
    rows: dict[str, dict[str, int]]  # part -> table -> rows, of SQLite databases
    versions: dict[str, str]
    left_out: tuple[str, ...]  # links, pipes and what vanished meanwhile
    members: tuple[Member, ...]


class ArchiveWriter:
    """Adds files and folders to an open archive and remembers their checksums."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        self.members: list[Member] = []
        self.left_out: list[str] = []

    def add(self, path: Path, name: str) -> None:
        """A file, or a folder with all that is in it; links are not followed."""
        try:
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                self._folder(path, name)
            elif stat.S_ISREG(status.st_mode):
                self._file(path, name)
            else:
                self.left_out.append(name)
        except FileNotFoundError:  # replaced or collected since the folder was listed
            self.left_out.append(name)

    def _folder(self, path: Path, name: str) -> None:
        self.tar.addfile(self.tar.gettarinfo(str(path), arcname=name))
        self.members.append(Member(name=name))
        for entry in sorted(path.iterdir()):
            self.add(entry, f"{name}/{entry.name}")

    def _file(self, path: Path, name: str) -> None:
        """By way of a copy: the size and the checksum are those of one moment, whoever writes to the file."""
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as source, tempfile.SpooledTemporaryFile(max_size=32 * BLOCK) as copy:
            digest, size = hashlib.sha256(), 0
            while block := source.read(BLOCK):
                copy.write(block)
                digest.update(block)
                size += len(block)
            copy.seek(0)
            info = self.tar.gettarinfo(arcname=name, fileobj=source)
            info.type, info.linkname, info.size = tarfile.REGTYPE, "", size
            self.tar.addfile(info, copy)
        self.members.append(Member(name=name, bytes=size, sha256=digest.hexdigest()))

    def finish(self, manifest: Manifest) -> None:
        """The manifest is the last member: an archive without one was cut off."""
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mode = len(content), 0o600
        self.tar.addfile(info, io.BytesIO(content))


@contextmanager
def opened(archive: Path) -> Iterator[tarfile.TarFile]:
    """The archive for reading; whatever is wrong with the file is told as one sentence."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            yield tar
    except FileNotFoundError:
        raise AutograderError(f"{archive}: not found. autograder hub backup makes one.") from None
    except (tarfile.TarError, EOFError, OSError, msgspec.DecodeError) as error:
        raise AutograderError(f"{archive}: got a damaged archive ({error}), expected one of hub backup.") from None


def read_manifest(tar: tarfile.TarFile, archive: Path) -> Manifest:
    """The last member, checked."""
    members = tar.getmembers()
    file = tar.extractfile(members[-1]) if members and members[-1].name == MANIFEST else None
    if file is None:
        raise AutograderError(f"{archive}: got no {MANIFEST} at its end, expected a whole archive of hub backup.")
    manifest = msgspec.json.decode(file.read(), type=Manifest)
    if manifest.schema != SCHEMA:
        raise AutograderError(
            f"{archive}: got schema {manifest.schema}, expected {SCHEMA}. Use the dlmath that made it."
        )
    return manifest


def unpack(tar: tarfile.TarFile, manifest: Manifest, folder: Path) -> list[str]:
    """Write the members below `folder`; what differs from the manifest, "" when nothing does.

    Only plain files and folders that the manifest names, under names that stay below the folder.
    """
    wanted = {member.name: member for member in manifest.members}
    faults, folders = [], []
    for info in tar.getmembers()[:-1]:
        member = wanted.pop(info.name, None)
        if member is None or not (info.isdir() or info.isreg()) or not _stays_below(info.name):
            faults.append(f"{info.name}: not a file or folder of the manifest")
            continue
        target = folder / info.name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if info.isdir():
            target.mkdir(mode=0o700, exist_ok=True)
            folders.append((target, info))
        elif (file := tar.extractfile(info)) is None or _write(file, target) != member.sha256:
            faults.append(f"{info.name}: the checksum differs")
        else:
            _dress(target, info)
    for target, info in reversed(folders):  # inner ones first: an outer one may be closed to us afterwards
        _dress(target, info)
    return [*faults, *(f"{name}: missing" for name in wanted)]


def _stays_below(name: str) -> bool:
    return not name.startswith("/") and not {"..", ""} & set(name.split("/"))


def _write(file: IO[bytes], target: Path) -> str:
    digest = hashlib.sha256()
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as copy:
        while block := file.read(BLOCK):
            digest.update(block)
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def _dress(target: Path, info: tarfile.TarInfo) -> None:
    """Owner (as root), mode and time as they were."""
    if os.geteuid() == 0:
        os.chown(target, info.uid, info.gid)
    target.chmod(info.mode & 0o7777)
    os.utime(target, (info.mtime, info.mtime))
