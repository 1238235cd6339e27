"""Copies of the gradebook and of the hub's database, consistent also while someone writes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from sqlalchemy import URL, make_url

from autograder.errors import AutograderError
from autograder.hub.presence import sqlite_file

__all__ = ["backend", "check_copy", "copy_database", "load_postgresql", "row_counts"]

BUSY_SECONDS = 60.0  # how long a writer is waited for
LIBPQ = {"host": "PGHOST", "port": "PGPORT", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}


def backend(url: str) -> str:
    """`sqlite` or `postgresql`; other databases have their own tools."""
    name = make_url(url).get_backend_name()
    if name not in ("sqlite", "postgresql"):
        raise AutograderError(f"database: got {name}, expected sqlite or postgresql. Back it up by its own tools.")
    return name


def copy_database(url: str, to: Path) -> bool:
    """One moment of the database as a file; False when there is no database yet.

    SQLite's online backup reads all pages in one transaction; pg_dump takes a snapshot.
    """
    if backend(url) == "postgresql":
        _tool("pg_dump", make_url(url), ["--format=custom", "--no-owner", f"--file={to}"])
        to.chmod(0o600)
        return True
    path = sqlite_file(url)
    if path is None or not path.exists():
        return False
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    source = sqlite3.connect(path, timeout=BUSY_SECONDS)
    target = sqlite3.connect(to)
    try:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, whatever mode the original is in
    finally:
        target.close()
        source.close()
    return True


def row_counts(path: Path) -> dict[str, int]:
    """Rows of each table of an SQLite file."""
    with _reading(path) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def check_copy(path: Path, kind: str) -> str:
    """What is wrong with a copy; "" when it can be read."""
    if kind == "postgresql":
        done = subprocess.run([_find("pg_restore"), "--list", path], capture_output=True, text=True)
        return done.stderr.strip()[:500] if done.returncode else ""
    try:
        with _reading(path) as db:
            (found,) = db.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else str(found)[:500]


def load_postgresql(url: str, dump: Path) -> None:
    """Replace the database's tables by those of the dump: all of them or none."""
    _tool("pg_restore", make_url(url), ["--clean", "--if-exists", "--no-owner", "--single-transaction", str(dump)])


class _reading:
    """A connection that is closed at the end; `with sqlite3.connect()` leaves it open."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)

    def __enter__(self) -> sqlite3.Connection:
        return self.db

    def __exit__(self, *_: object) -> None:
        self.db.close()


def _tool(name: str, url: URL, words: list[str]) -> None:
    """A PostgreSQL tool; the password goes through the environment, where other users cannot read it."""
    query = {key: value if isinstance(value, str) else value[0] for key, value in url.query.items()}
    given = {"host": url.host or "", "port": str(url.port or ""), **query}
    environment = {**os.environ, **{LIBPQ[key]: value for key, value in given.items() if key in LIBPQ and value}}
    environment["PGDATABASE"] = url.database or ""
    environment |= {"PGUSER": url.username} if url.username else {}
    environment |= {"PGPASSWORD": url.password} if url.password else {}
    target = [f"--dbname={url.database}"]
    done = subprocess.run([_find(name), *target, *words], capture_output=True, text=True, env=environment)
    if done.returncode:
        shown = url.render_as_string(hide_password=True)
        raise AutograderError(f"{shown}: {name} failed: {done.stderr.strip()[:500]}")


def _find(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise AutograderError(f"{name}: not found. Install PostgreSQL's client tools in the server's version.")
    return path
