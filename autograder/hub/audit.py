"""Who did what on the hub: one JSON line for each act, appended by many processes, no line lost."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["Entry", "folder", "read", "record"]

Entry = dict[str, Any]  # time, who, what, and the act's own details

ROTATE_BYTES = 5_000_000
TEXT = 2000  # characters kept of one value: a log is not a store
SECRET = re.compile(r"passw|passphrase|pwd|secret|token|cookie|credential|api_?key|authorization", re.IGNORECASE)
URL_PASSWORD = re.compile(r"(\w://[^\s:/@]*):[^\s/@]+@")
REMOVED = "[removed]"
FIXED = ("time", "who", "what")

log = logging.getLogger("autograder.hub.audit")


def folder(state: Path) -> Path:
    """Where the log lies below the hub's private folder."""
    return state / "log"


def record(state: Path, who: str, what: str, **details: Any) -> None:
    """Append one line to `<state>/log/audit.jsonl`.

    A login or a mark is not refused because the disk is full: what cannot be written is told to the process's own log.

    Args:
        state: the hub's private folder.
        who: the user or the service that acts.
        what: the act, a verb and a noun: "submission collected".
        details: what it was done to. Values of names that sound like passwords are removed.
    """
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entry = {"time": time, "who": who, "what": what, **{k: v for k, v in _clean(details).items() if k not in FIXED}}
    line = json.dumps(entry, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace") + b"\n"
    try:
        with _appending(folder(state) / "audit.jsonl") as fd:
            _write(fd, line)
    except OSError as error:
        log.error("the audit log cannot be written (%s): %s", error, line.decode())


def read(state: Path, since: datetime | None = None) -> list[Entry]:
    """The entries, oldest first, also of files that were put aside; a damaged line comes as it stands."""
    start = since.astimezone(UTC) if since else None
    return [entry for entry in _entries(folder(state)) if start is None or _time(entry) >= start]


def _entries(place: Path) -> Iterator[Entry]:
    for path in [*sorted(place.glob("audit-*.jsonl")), place / "audit.jsonl"]:
        try:
            lines = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            continue
        yield from (_entry(line) for line in lines if line.strip())


def _entry(line: bytes) -> Entry:
    try:
        entry = json.loads(line)
        if isinstance(entry, dict) and all(isinstance(entry.get(name), str) for name in FIXED):
            return entry
    except ValueError:
        pass
    return {"time": "", "who": "?", "what": "unreadable line", "line": line.decode("utf-8", "replace")[:TEXT]}


def _time(entry: Entry) -> datetime:
    """When it was; what has no time is shown always."""
    try:
        return datetime.fromisoformat(entry["time"]).astimezone(UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


@contextmanager
def _appending(path: Path) -> Iterator[int]:
    """The file, locked: whoever waited while another process put it aside opens the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if not _is_still(fd, path):
                continue
            if os.fstat(fd).st_size >= ROTATE_BYTES:
                aside = datetime.now(UTC).strftime("audit-%Y%m%dT%H%M%S.%fZ.jsonl")
                os.rename(path, path.with_name(aside))
                continue
            yield fd
            return
        finally:
            os.close(fd)


def _is_still(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def _write(fd: int, line: bytes) -> None:
    """One write, on a line of its own also after a process that died in the middle of one."""
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":
        line = b"\n" + line
    while line:
        line = line[os.write(fd, line) :]


def _clean(value: Any) -> Any:
    """Without passwords, and short."""
    if isinstance(value, Mapping):
        return {str(k): REMOVED if SECRET.search(str(k)) else _clean(v) for k, v in value.items()}
    if isinstance(value, str):
        return URL_PASSWORD.sub(rf"\1:{REMOVED}@", value)[:TEXT]
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return [_clean(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else _clean(str(value))
