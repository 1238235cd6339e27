"""Put a backup back: all of it or nothing, and what it replaces is kept aside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from autograder.errors import AutograderError
from autograder.hub import audit
from autograder.hub.backup import verified
from autograder.hub.backup_archive import Manifest
from autograder.hub.backup_databases import backend, copy_database, load_postgresql
from autograder.hub.backup_parts import Part, Places, parts
from autograder.hub.presence import ask, holders
from autograder.lock import single_writer

__all__ = ["Restore", "restore"]

JOURNALS = ("", "-journal", "-wal", "-shm")  # a journal of the replaced file would spoil the new one
GRADED = "grading: got a run at work (process {holder}), expected none. Wait for it."


class Restore(msgspec.Struct, frozen=True, kw_only=True):
    """What was put back, or would be."""

    archive: str
    made: str
    restored: tuple[str, ...]
    left_alone: tuple[str, ...]  # not in the archive, or a log that goes on
    aside: str  # where the replaced state is; "" when nothing was replaced


def restore(archive: Path, places: Places, hub_url: str, dry_run: bool = False, who: str = "") -> Restore:
    """Replace each part that the archive holds.

    Args:
        hub_url: where the hub would answer if it ran.
    """
    places.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = places.state / "replaced" / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    with verified(archive, places.state) as (manifest, folder):
        chosen = [part for part in parts(places) if part.name in manifest.parts]
        chosen += _old_logs(places, manifest, chosen)
        todo = [part for part in chosen if not (part.fill and part.place and part.place.exists())]
        _check_kinds(todo, manifest)
        with nullcontext() if dry_run else single_writer(places.course, GRADED):
            _refuse_while_at_work(places, hub_url)
            if not dry_run:
                _replace(todo, folder, aside)
    restored = tuple(part.name for part in todo)
    left_alone = tuple(part.name for part in parts(places) if part.name not in restored)
    if not dry_run:
        audit.record(places.state, who or "operator", "backup restored", archive=str(archive), parts=restored)
    return Restore(
        archive=str(archive),
        made=manifest.made,
        restored=restored,
        left_alone=left_alone,
        aside=str(aside) if aside.exists() else "",
    )


def _old_logs(places: Places, manifest: Manifest, chosen: list[Part]) -> list[Part]:
    """Logs of the archive that this machine does not have."""
    known = {part.name for part in chosen}
    names = [name for name in manifest.parts if name.startswith("hub/log/") and name not in known]
    return [Part(name, places.state / "log" / Path(name).name, fill=True) for name in names]


def _check_kinds(chosen: list[Part], manifest: Manifest) -> None:
    for part in chosen:
        kind = manifest.databases.get(part.name)
        if kind and backend(part.url) != kind:
            raise AutograderError(
                f"{part.name}: got a copy of {kind} for a database of {backend(part.url)}. "
                "Set the database's URL to the kind of database that was backed up."
            )


def _refuse_while_at_work(places: Places, hub_url: str) -> None:
    """A hub that runs would go on with what it has in memory and write it over the restored rows."""
    if ask(f"{hub_url.rstrip('/')}/hub/api").status:
        raise AutograderError(f"hub: got an answer at {hub_url}, expected a stopped hub. Stop it, then restore.")
    for part in parts(places, ()):
        users = holders(part.place) if part.url and part.place else []
        if users:
            raise AutograderError(f"{part.place}: got it open in {', '.join(users)}, expected no user. Stop them.")


def _replace(chosen: list[Part], folder: Path, aside: Path) -> None:
    """Files first, since they can be put back; a PostgreSQL database last, in one transaction of its own."""
    files = [part for part in chosen if part.place is not None]
    with _undone_on_failure() as done:
        for part in files:
            assert part.place is not None
            part.place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            for suffix in JOURNALS if part.url else ("",):
                old = part.place.with_name(part.place.name + suffix)
                if os.path.lexists(old):
                    _move(old, aside / f"{part.name}{suffix}", done)
            _move(folder / part.name, part.place, done)
        for part in chosen:
            if part.place is None:
                (aside / part.name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                copy_database(part.url, aside / part.name)
                load_postgresql(part.url, folder / part.name)


def _move(source: Path, target: Path, done: list[tuple[Path, Path]]) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.move(source, target, copy_function=_copy)
    done.append((source, target))


def _copy(source: str, target: str) -> None:
    """To another disk: with the owner, too, where we may give files away."""
    shutil.copy2(source, target)
    if os.geteuid() == 0:
        status = os.stat(source)
        os.chown(target, status.st_uid, status.st_gid)


@contextmanager
def _undone_on_failure() -> Iterator[list[tuple[Path, Path]]]:
    """Moves that are taken back, last first, when something fails."""
    done: list[tuple[Path, Path]] = []
    try:
        yield done
    except BaseException:
        for source, target in reversed(done):
            shutil.move(target, source)
        raise
