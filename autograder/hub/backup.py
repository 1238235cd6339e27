"""One archive of what a hub cannot make again: marks, people, keys; verified before it counts."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from autograder.errors import AutograderError, UsageError
from autograder.hub import audit
from autograder.hub.backup_archive import ArchiveWriter, Manifest, opened, read_manifest, unpack
from autograder.hub.backup_databases import backend, check_copy, copy_database, row_counts
from autograder.hub.backup_parts import Part, Places, parts

__all__ = ["Backup", "archives", "back_up", "default_folder", "verified"]

NAME = re.compile(r"dlmath-(\d{8}T\d{6}\.\d{3})Z\.tar\.gz")


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    archive: str
    bytes: int
    parts: tuple[str, ...]
    rows: dict[str, dict[str, int]]
    left_out: tuple[str, ...]
    removed: tuple[str, ...]  # older archives


def default_folder(places: Places) -> Path:
    return places.state / "backups"


def archives(folder: Path) -> list[Path]:
    """Archives of `back_up`, oldest first."""
    return sorted(path for path in folder.glob("dlmath-*.tar.gz") if NAME.fullmatch(path.name))


def back_up(
    places: Places, to: Path | None = None, keep: int = 0, extra: tuple[str, ...] = (), who: str = ""
) -> Backup:
    """Write, verify and name an archive; then remove all but the newest `keep` (0: remove none).

    Args:
        extra: `exchange`, `submitted`: what is large and asked for.
    """
    folder = to or default_folder(places)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    time = datetime.now(UTC)
    archive = folder / f"dlmath-{time.strftime('%Y%m%dT%H%M%S.%f')[:-3]}Z.tar.gz"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".backup-") as name:
        unfinished = Path(name) / archive.name
        manifest = _write(places, unfinished, Path(name), extra, time)
        with verified(unfinished, Path(name)):
            pass
        os.rename(unfinished, archive)
    _sync(folder)
    removed = archives(folder)[:-keep] if keep else []
    for old in removed:
        old.unlink()
    audit.record(places.state, who or "operator", "backup written", archive=str(archive), parts=manifest.parts)
    return Backup(
        archive=str(archive),
        bytes=archive.stat().st_size,
        parts=manifest.parts,
        rows=manifest.rows,
        left_out=manifest.left_out,
        removed=tuple(map(str, removed)),
    )


def _write(places: Places, archive: Path, folder: Path, extra: tuple[str, ...], time: datetime) -> Manifest:
    names: list[str] = []
    databases: dict[str, str] = {}
    rows: dict[str, dict[str, int]] = {}
    fd = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6, format=tarfile.PAX_FORMAT) as tar:
            writer = ArchiveWriter(tar)
            for part in parts(places, extra):
                source = _copied(part, folder) if part.url else part.place
                if source is None or not source.exists():
                    continue
                writer.add(source, part.name)
                names.append(part.name)
                if part.url:
                    databases[part.name] = backend(part.url)
                    rows |= {part.name: row_counts(source)} if databases[part.name] == "sqlite" else {}
                    source.unlink()
            manifest = _manifest(places, time, tuple(names), databases, rows, writer)
            writer.finish(manifest)
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _copied(part: Part, folder: Path) -> Path | None:
    copy = folder / part.name.replace("/", "-")
    return copy if copy_database(part.url, copy) else None


def _manifest(
    places: Places,
    time: datetime,
    names: tuple[str, ...],
    databases: dict[str, str],
    rows: dict[str, dict[str, int]],
    writer: ArchiveWriter,
) -> Manifest:
    if "course/gradebook" not in names and "hub/database" not in names:
        raise UsageError(
            f"{places.course.work}: got neither a gradebook nor a hub's database, expected one to back up."
        )
    versions = {"python": platform.python_version()}
    for package in ("dlmath", "nbgrader", "jupyterhub"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return Manifest(
        made=time.isoformat(timespec="seconds"),
        course=str(places.course.home),
        parts=names,
        databases=databases,
        rows=rows,
        versions=versions,
        left_out=tuple(writer.left_out),
        members=tuple(writer.members),
    )


@contextmanager
def verified(archive: Path, beside: Path) -> Iterator[tuple[Manifest, Path]]:
    """The manifest and a folder with the unpacked members, every checksum and database checked; or an error."""
    folder = Path(tempfile.mkdtemp(dir=beside, prefix=".unpacked-"))
    try:
        with opened(archive) as tar:
            manifest = read_manifest(tar, archive)
            faults = unpack(tar, manifest, folder)
        for name, kind in manifest.databases.items():
            if not faults and (fault := check_copy(folder / name, kind)):
                faults.append(f"{name}: {fault}")
        if faults:
            raise AutograderError("\n".join(f"{archive}: {fault}." for fault in faults[:20]))
        yield manifest, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    """The new name is on the disk before an older archive goes."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
