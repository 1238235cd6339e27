"""Is the hub in good order? One line a check, and what to do where it is not."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from autograder.hub.backup import NAME, archives
from autograder.hub.backup_parts import Places
from autograder.hub.presence import ask, sqlite_file
from autograder.lock import lock_file
from autograder.watch.status import look
from dlmath_kit.hub.gpu.leases import Leases

__all__ = ["Check", "Target", "check_health"]

FREE_BYTES, FREE_SHARE = 2_000_000_000, 0.05
BACKUP_HOURS = 48
GRADING_HOURS = 6


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Args:
        next: what to do; "" when it is in order.
    """

    name: str
    ok: bool
    found: str
    next: str = ""


@dataclass(frozen=True)
class Target:
    """What is looked at.

    Args:
        url: where people reach the hub, without a path.
        token: of the operators' service.
        course_id: also the name of the formgrader service.
        gpus: the leases; None where no GPU is lent.
        backups: where archives are written.
    """

    places: Places
    url: str
    token: str
    course_id: str
    gpus: Leases | None = None
    backups: Path | None = None


def check_health(target: Target) -> list[Check]:
    """All checks; one that fails itself is a fault and stops no other."""
    found: list[Check] = []
    for check in (_hub, _services, _exchange, _disk, _gradebook, _grading, _backup, _gpus):
        try:
            found += check(target)
        except Exception as error:
            words = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            found.append(Check(name=check.__name__.strip("_"), ok=False, found=words, next="look at the hub's log"))
    return found


def _hub(target: Target) -> Iterator[Check]:
    """The proxy answers first; what it says tells whether the hub behind it is there."""
    page = ask(f"{target.url}/hub/health")
    if not page.status:
        what = f"autograder hub start; if one ran, {target.places.state / 'log' / 'hub.log'} says why it ended"
        yield Check(name="proxy", ok=False, found=f"nothing answers at {target.url}: {page.text}", next=what)
        return
    yield Check(name="proxy", ok=True, found=f"answers at {target.url}")
    hub = ask(f"{target.url}/hub/api/info", target.token)
    said = {503: "the proxy is there, the hub is not", 403: "the hub does not know our token", 404: "this is no hub"}
    if hub.status == 200:
        yield Check(name="hub", ok=True, found=f"JupyterHub {json.loads(hub.text)['version']}")
    else:
        what = "restart it by autograder hub start; settings and token must be this course's"
        yield Check(name="hub", ok=False, found=said.get(hub.status, f"answers {hub.status}"), next=what)


def _services(target: Target) -> Iterator[Check]:
    reply = ask(f"{target.url}/services/{target.course_id}/")
    if reply.status in (200, 302, 403):  # who has no login is sent to the hub
        yield Check(name="formgrader", ok=True, found=f"answers at /services/{target.course_id}/")
    else:
        found = f"answers {reply.status}" if reply.status else "not reached without the proxy"
        what = "look for its name in the hub's log, then restart the hub" if reply.status else "autograder hub start"
        yield Check(name="formgrader", ok=False, found=found, next=what)


def _exchange(target: Target) -> Iterator[Check]:
    """Students' submissions arrive in `inbound`: a file is made there and removed."""
    root = target.places.exchange
    inbound = root / target.course_id / "inbound"
    if not root.is_dir():
        ours = root.is_relative_to(target.places.state)
        what = "autograder hub start makes it" if ours else "make it, or mend [exchange] root in hub.toml"
        yield Check(name="exchange", ok=False, found=f"no folder {root}", next=what)
        return
    place = inbound if inbound.is_dir() else root
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        found = f"{place} cannot be written: {error.strerror}"
        yield Check(name="exchange", ok=False, found=found, next="free space there, or mend its owner and mode")
        return
    waiting = sum(1 for _ in inbound.iterdir()) if inbound.is_dir() else 0
    yield Check(name="exchange", ok=True, found=f"{place} can be written, {waiting} submissions lie there")


def _disk(target: Target) -> Iterator[Check]:
    """Each file system once."""
    seen = set()
    for path in (target.places.state, target.places.course.work, target.places.exchange):
        if not path.is_dir() or (device := path.stat().st_dev) in seen:
            continue
        seen.add(device)
        use = shutil.disk_usage(path)
        ok = use.free > min(FREE_BYTES, FREE_SHARE * use.total)
        found = f"{use.free / 1e9:.1f} of {use.total / 1e9:.1f} GB free at {path}"
        yield Check(name="disk", ok=ok, found=found, next="" if ok else "remove old backups, or enlarge the disk")


def _gradebook(target: Target) -> Iterator[Check]:
    """Read as the formgrader reads it, without making one."""
    from sqlalchemy import create_engine, make_url, text

    url = make_url(target.places.course.database)
    file = sqlite_file(target.places.course.database)
    shown = file or url.render_as_string(hide_password=True)
    if file and not file.exists():
        yield Check(name="gradebook", ok=True, found="none yet: grading or a class list makes it")
        return
    engine = create_engine(url)
    try:
        with engine.connect() as db:
            students = db.execute(text("SELECT count(*) FROM student")).scalar()
        yield Check(name="gradebook", ok=True, found=f"{students} student{'s' * (students != 1)} in {shown}")
    except Exception as error:
        words = str(error).splitlines()[0][:200]
        what = "autograder hub restore puts a backup back; with PostgreSQL look at the server first"
        yield Check(name="gradebook", ok=False, found=f"{shown} cannot be read: {words}", next=what)
    finally:
        engine.dispose()


def _grading(target: Target) -> Iterator[Check]:
    now = look(target.places.course)
    if now.state == "killed" and now.run:
        found = f"the last run ended in the middle, after {now.run.done} of {now.run.total} submissions"
        yield Check(name="grading", ok=False, found=found, next="autograder grade: it goes on from there")
        return
    if not now.holder:
        yield Check(name="grading", ok=True, found="nobody grades")
        return
    hours = _hours_of(lock_file(target.places.course))
    far = f", {now.run.done} of {now.run.total} submissions done" if now.state == "running" and now.run else ""
    found = f"process {now.holder} has been grading for {hours:.1f} hours{far}"
    ok = hours < GRADING_HOURS
    what = (
        "" if ok else f"see whether process {now.holder} still works; end it, then grade again: it goes on where it was"
    )
    yield Check(name="grading", ok=ok, found=found, next=what)


def _backup(target: Target) -> Iterator[Check]:
    folder = target.backups or target.places.state / "backups"
    found = archives(folder) if folder.is_dir() else []
    if not found:
        yield Check(name="backup", ok=False, found=f"none in {folder}", next="autograder hub backup")
        return
    stamp = NAME.fullmatch(found[-1].name)
    assert stamp is not None
    made = datetime.strptime(stamp[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    hours = (datetime.now(UTC) - made).total_seconds() / 3600
    ok = hours <= BACKUP_HOURS
    what = "" if ok else "autograder hub backup, and see why the timer did not (docs/operators.md)"
    yield Check(name="backup", ok=ok, found=f"the last is {hours:.1f} hours old: {found[-1].name}", next=what)


def _gpus(target: Target) -> Iterator[Check]:
    """Who holds which share."""
    if target.gpus is None:
        return
    if not target.gpus.folder.is_dir():
        yield Check(name="gpus", ok=True, found="no kernel has asked for one yet")
        return
    now = target.gpus.picture()
    held = [f"{slot.device} by {holder.user}" for slot, holder in now.slots if holder]
    words = f"{now.held} of {len(now.slots)} leased, {len(now.queue)} waiting"
    yield Check(name="gpus", ok=True, found="; ".join([words, *held]))


def _hours_of(path: Path) -> float:
    return max(0.0, (datetime.now(UTC).timestamp() - path.stat().st_mtime) / 3600)
