"""What a database refuses, in words that say how to go on, and how long one that does not answer is waited for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from autograder.errors import GradebookError

__all__ = ["damaged", "is_away", "patient", "shown", "sqlite_file", "told", "waits"]

BUSY_SECONDS = 60.0  # how long a locked SQLite file or a server that went away is waited for
WAITS = ("timeout", "connect_timeout")  # in the URL they say something else: `sqlite:///gradebook.db?timeout=5`

KEPT = "What was graded and not yet recorded is graded again."
LOCKED = "{gradebook}: got it locked by {holder} for {seconds:g} s. Let that end, then go on. " + KEPT
DAMAGED = (
    "{gradebook}: got a damaged file, expected a gradebook ({words}). Put a backup back: autograder hub restore "
    "ARCHIVE. Without one move the file away and run autograder grade: it records the stored results again. Marks and "
    "comments that were given by hand are in backups only."
)
FULL = "{gradebook}: got no space left on its disk. Free some, then go on. " + KEPT
FOREIGN = (
    "{gradebook}: got a gradebook of another version of nbgrader ({words}). Make a copy of it, then run: "
    "nbgrader db upgrade"
)
CLOSED = "{gradebook}: cannot be opened as a file: {words}. Give this account the right to read and write it."
READ_ONLY = (
    "{gradebook}: cannot be written: the file, its folder or its disk is read-only for this account. Change that, "
    "then go on. " + KEPT
)
AWAY = "{gradebook}: got no connection ({words}). See that the server runs, then go on. " + KEPT
REFUSED = "{gradebook}: the server refused: {words}. Compare the URL with the server's user, password and database."
NO_DRIVER = "{gradebook}: got a database whose driver is not installed ({words}). Install it, or change the URL."
OTHER = "{gradebook}: {words}"

# The first that fits. SQLite and PostgreSQL have codes of their own; their words are the same everywhere.
CAUSES = (
    (r"database is locked|database table is locked", LOCKED),
    (r"not a database|malformed|unsupported file format", DAMAGED),
    (r"disk is full|No space left|disk quota|53100", FULL),
    (r"no such (table|column)|has no column|UndefinedColumn|UndefinedTable", FOREIGN),
    (r"unable to open database file", CLOSED),
    (r"readonly database|read-only", READ_ONLY),
    (r"password|authentication|does not exist|no pg_hba", REFUSED),
    (r"connect|terminat|shutting down|starting up|server closed|EOF detected", AWAY),
)


@contextmanager
def told(url: str) -> Iterator[None]:
    """What the database refuses within is raised as a GradebookError."""
    try:
        yield
    except ArgumentError as fault:
        raise GradebookError(f"database: {fault}") from None
    except DBAPIError as fault:
        raise _refusal(url, fault) from fault


def waits(url: str) -> float:
    """How long the gradebook is waited for, in seconds."""
    query = make_url(url).query
    named = [str(query[name]) for name in WAITS if name in query]
    return float(named[0]) if named and named[0].replace(".", "", 1).isdigit() else BUSY_SECONDS


def patient(url: str) -> URL:
    """The URL with which SQLite waits that long; refused when nothing here can open it."""
    target = make_url(url)
    try:
        target.get_dialect().import_dbapi()
    except ImportError as fault:
        raise GradebookError(NO_DRIVER.format(gradebook=shown(url), words=fault)) from None
    sqlite = target.get_backend_name() == "sqlite"
    return target.update_query_dict({"timeout": str(waits(url))}) if sqlite else target


def is_away(fault: DBAPIError) -> bool:
    """Whether the server is gone, for now perhaps: it may come back."""
    return fault.connection_invalidated or _form(fault) is AWAY


def _refusal(url: str, fault: DBAPIError) -> GradebookError:
    form = _form(fault)
    words = " ".join(str(fault.orig).split())[:300].rstrip(".")
    if form is CLOSED:
        words = _why_closed(sqlite_file(url)) or words
    holder = _holder(sqlite_file(url)) if form is LOCKED else ""
    return GradebookError(form.format(gradebook=shown(url), words=words, holder=holder, seconds=waits(url)))


def _form(fault: DBAPIError) -> str:
    said = f"{type(fault.orig).__name__} {getattr(fault.orig, 'sqlstate', '')} {fault.orig}"
    return next((form for words, form in CAUSES if re.search(words, said, re.IGNORECASE)), OTHER)


def damaged(url: str, words: str) -> GradebookError:
    """For a file that opens and is found damaged."""
    return GradebookError(DAMAGED.format(gradebook=shown(url), words=words))


def shown(url: str) -> str:
    """SQLite's file, or the URL without its password."""
    path = sqlite_file(url)
    return str(path) if path else make_url(url).render_as_string(hide_password=True)


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite gradebook."""
    target = make_url(url)
    return Path(target.database) if target.get_backend_name() == "sqlite" and target.database else None


def _why_closed(path: Path | None) -> str:
    """What stands in the way of opening the file."""
    if path is None:
        return ""
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    try:
        path.open("r+b").close()
    except OSError as fault:
        return str(fault.strerror)
    return ""


def _holder(path: Path | None) -> str:
    """Which processes hold a lock on the file, as Linux tells it."""
    import psutil

    names = []
    for pid in sorted(_lockers(path)) if path else []:
        try:
            names.append(f"process {pid} ({psutil.Process(pid).name()})")
        except psutil.Error:
            continue
    return ", ".join(names) or "another program"


def _lockers(path: Path) -> set[int]:
    try:
        inodes = {f.stat().st_ino for f in (path, Path(f"{path}-shm"), Path(f"{path}-journal")) if f.exists()}
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return set()
    fields = [line.split() for line in lines if "->" not in line]
    return {int(f[4]) for f in fields if len(f) > 5 and int(f[5].split(":")[-1]) in inodes and int(f[4]) > 0}
