"""A real PostgreSQL server in a folder of its own, and databases on it. Tests share one by the fixture `postgresql`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from autograder.course import Course
from autograder.record import GradebookWriter

PASSWORD = "a password with / and @"
ENCODED = "a%20password%20with%20%2F%20and%20%40"
START_SECONDS = 120  # of a busy machine
TOOLS = ("initdb", "postgres", "pg_dump", "pg_restore")
# Debian keeps the server's programs off the path.
os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])


def as_ordinary_user() -> list[str]:
    """PostgreSQL refuses root: the words that make it `nobody`, who may still walk down to the test's folder."""
    if os.geteuid():
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed: PostgreSQL does not run as root")
    caps = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *caps]


def missing() -> list[str]:
    """The programs of PostgreSQL that are not installed here."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


@contextmanager
def server(folder: Path, durable: bool = False) -> Iterator[str]:
    """URL of a fresh server, without a database's name: add `/name` after `create`.

    It is told not to wait for the disk, but for `durable`.
    """
    if missing():
        pytest.skip(f"PostgreSQL is not installed here: no {', '.join(missing())}")
    user = as_ordinary_user()
    folder.mkdir()
    (folder / "password").write_text(PASSWORD)
    if user:
        for path in (folder, folder / "password"):
            shutil.chown(path, "nobody", "nogroup")
    data = str(folder / "data")
    words = ["--auth=scram-sha-256", "--username=course", f"--pwfile={folder / 'password'}", "--no-sync"]
    subprocess.run([*user, "initdb", "-D", data, "-E", "UTF8", *words], check=True, capture_output=True, cwd=folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-c", "unix_socket_directories=", "-c", f"fsync={'on' if durable else 'off'}"]
    options += ["-p", str(port), "-h", "127.0.0.1"]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([*user, "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder)
        try:
            url = f"postgresql+psycopg://course:{ENCODED}@127.0.0.1:{port}"
            wait(url, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(30)


def wait(url: str, log: Path) -> None:
    import psycopg

    for _ in range(START_SECONDS * 10):
        try:
            psycopg.connect(plain(url), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def plain(url: str, name: str = "postgres") -> str:
    """For psycopg itself."""
    return url.replace("+psycopg", "") + f"/{name}"


def create(url: str, name: str) -> str:
    """Make a database; its URL."""
    import psycopg

    with psycopg.connect(plain(url), autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}"')
    return f"{url}/{name}"


@contextmanager
def database(url: str, template: str = "") -> Iterator[str]:
    """URL of a database of one's own, gone afterwards: empty, or a copy of what `template` (its URL) holds."""
    import psycopg

    name, copied = f"t{uuid4().hex}", template.rpartition("/")[2] or "template1"
    with psycopg.connect(plain(url), autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}" TEMPLATE "{copied}"')
        try:
            yield f"{url}/{name}"
        finally:
            db.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def prepared(url: str, home: Path, unit: str) -> Iterator[str]:
    """URL of a database that knows a released unit as the gradebook in `home` does: a template."""
    with database(url) as made:
        with GradebookWriter(Course.at(home, database=made)) as writer:
            writer.prepare(unit)
        yield made


@contextmanager
def copied_course(request: pytest.FixtureRequest, released: Course, home: Path, kind: str) -> Iterator[Course]:
    """A released course's copy in `home`, its gradebook on "sqlite" or on "postgresql".

    For the latter the fixtures `postgresql` and `released_database` are asked for.
    """
    shutil.copytree(released.home, home)
    if kind == "sqlite":
        yield Course.at(home)
        return
    (home / "gradebook.db").unlink()
    template = request.getfixturevalue("released_database")
    with database(request.getfixturevalue("postgresql"), template) as url:
        yield Course.at(home, database=url)
    assert not (home / "gradebook.db").exists()
