"""A backup brings back identical rows and files, also when it was taken while someone wrote."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.errors import AutograderError
from autograder.hub import audit
from autograder.hub.backup import archives, back_up
from autograder.hub.backup_parts import Places
from autograder.hub.backup_restore import restore
from autograder.lock import single_writer
from autograder.record.gradebook import open_gradebook
from tests.postgresql import create, plain, server

NOBODY_THERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook with two students; nbgrader takes seconds to make one."""
    path = tmp_path_factory.mktemp("filled") / "gradebook.db"
    fill(f"sqlite:///{path}")
    return path


@pytest.fixture
def places(tmp_path: Path, filled: Path) -> Places:
    """A course with a gradebook, stored results, a hub's state and an exchange."""
    home = tmp_path / "course"
    for folder in ("source", "solutions", ".hub", ".autograder/results/unit01", "exchange/c/inbound"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    course = Course.at(home)
    shutil.copy(filled, home / "gradebook.db")
    course.secret()
    (course.private / "results" / "unit01" / "ana.json").write_text('{"points": 3}')
    state = home / ".hub"
    state.chmod(0o700)
    (state / "people.json").write_text('{"ana": "scrypt"}')
    (state / "cookie_secret").write_bytes(os.urandom(32))
    with sqlite3.connect(state / "jupyterhub.sqlite") as db:
        db.executescript("CREATE TABLE users (name); INSERT INTO users VALUES ('ana')")
    (home / "exchange" / "c" / "inbound").chmod(0o733)
    (home / "exchange" / "c" / "inbound" / "work.ipynb").write_text("{}")
    return Places(course, state, f"sqlite:///{state / 'jupyterhub.sqlite'}", home / "exchange")


def fill(url: str) -> None:
    with open_gradebook(url, "dlmath") as gradebook:
        gradebook.add_assignment("unit01")
        for name in ("ana", "bob"):
            gradebook.add_student(name, first_name=name.title(), email=f"{name}@example.org")
            gradebook.add_submission("unit01", name)


def rows(url: str) -> list[str]:
    """Every row of an SQLite database as text."""
    db = sqlite3.connect(url.removeprefix("sqlite:///"))
    found = list(db.iterdump())
    db.close()
    return found


def digests(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.stat().st_mode),
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    }


def test_everything_comes_back_and_what_was_replaced_is_kept(places: Places) -> None:
    """Rows, files and modes are those of the backup; the state before the restore lies aside, whole."""
    before = rows(places.course.database), digests(places.exchange), digests(places.course.private)
    people = (places.state / "people.json").read_text()
    archive = Path(back_up(places, extra=("exchange",)).archive)
    with open_gradebook(places.course.database, "dlmath") as gradebook:
        gradebook.remove_student("ana")
    spoiled = rows(places.course.database)
    (places.state / "people.json").unlink()
    (places.exchange / "c" / "inbound" / "late.ipynb").write_text("{}")
    (places.course.private / "results" / "unit01" / "ana.json").write_text("{}")

    done = restore(archive, places, NOBODY_THERE)

    kept = digests(places.course.private)
    assert kept.pop("grade.lock")[0] == 0o600
    assert (rows(places.course.database), digests(places.exchange), kept) == before
    assert (places.state / "people.json").read_text() == people
    aside = Path(done.aside)
    assert rows(f"sqlite:///{aside / 'course/gradebook'}") == spoiled
    assert (aside / "exchange" / "c" / "inbound" / "late.ipynb").exists()
    assert [e["what"] for e in audit.read(places.state)] == ["backup written", "backup restored"]


WRITER = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=60)
n = 0
while True:  # two rows in one transaction: a copy must hold both or neither
    with db:
        db.execute("INSERT INTO student (id, first_name) VALUES (?, ?)", (f"w{n:06d}a", "x" * 500))
        db.execute("INSERT INTO student (id, first_name) VALUES (?, ?)", (f"w{n:06d}b", "x" * 500))
    n += 1
    print(n, flush=True)
    time.sleep(0.001)
"""


def test_a_copy_made_while_someone_writes_is_one_moment(places: Places) -> None:
    """Between two of a writer's transactions, never within one; and it comes back as it was copied."""
    path = places.course.database.removeprefix("sqlite:///")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    try:
        for _ in range(50):
            writer.stdout.readline()
        made = [back_up(places) for _ in range(3)]
        assert writer.poll() is None, "the writer went on all the time"
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    counts = [backup.rows["course/gradebook"]["student"] for backup in made]
    assert counts == sorted(counts) and 100 < counts[0] < counts[-1]
    for backup in made:
        restore(Path(backup.archive), places, NOBODY_THERE)
        db = sqlite3.connect(path)
        names = [name for (name,) in db.execute("SELECT id FROM student WHERE id LIKE 'w%'")]
        db.close()
        assert len(names) + 2 == backup.rows["course/gradebook"]["student"]
        assert {n[:-1] for n in names if n.endswith("a")} == {n[:-1] for n in names if n.endswith("b")}


def test_nothing_is_restored_while_someone_is_at_work(places: Places) -> None:
    """A grading run, a process with the database open: each refuses, is named, and nothing changed."""
    archive = Path(back_up(places).archive)
    before = rows(places.course.database)
    with single_writer(places.course), pytest.raises(AutograderError, match="grading: got a run at work"):
        restore(archive, places, NOBODY_THERE)
    path = places.course.database.removeprefix("sqlite:///")
    program = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('SELECT * FROM student'); input()"
    reader = subprocess.Popen([sys.executable, "-c", program, path], stdin=subprocess.PIPE)
    try:
        for _ in range(100):
            try:
                restore(archive, places, NOBODY_THERE, dry_run=True)
            except AutograderError as error:
                assert str(reader.pid) in str(error)
                break
            time.sleep(0.05)
        else:
            pytest.fail("a database that is open in another process was not noticed")
    finally:
        reader.communicate(b"\n")
    assert rows(places.course.database) == before and not (places.state / "replaced").exists()


def test_nothing_is_restored_while_a_hub_answers(places: Places) -> None:
    """Whatever answers where the hub would be counts as the hub."""
    archive = Path(back_up(places).archive)
    program = "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), h.BaseHTTPRequestHandler)\n"
    program += "print(s.server_port, flush=True); s.serve_forever()"
    hub = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    )
    assert hub.stdout is not None
    try:
        url = f"http://127.0.0.1:{hub.stdout.readline().strip()}"
        with pytest.raises(AutograderError, match="expected a stopped hub"):
            restore(archive, places, url)
    finally:
        hub.kill()
        hub.wait()
        hub.stdout.close()


def test_a_failure_in_the_middle_takes_everything_back(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last part cannot be put back, the first ones are as before."""
    archive = Path(back_up(places, extra=("exchange",)).archive)
    with open_gradebook(places.course.database, "dlmath") as gradebook:
        gradebook.remove_student("ana")

    def state() -> tuple[object, ...]:
        return rows(places.course.database), digests(places.course.private / "results"), digests(places.exchange)

    before = state()
    from autograder.hub import backup_restore

    move = backup_restore._move

    def failing(source: Path, target: Path, done: list[tuple[Path, Path]]) -> None:
        if target == places.exchange:
            raise OSError(28, "No space left on device")
        move(source, target, done)

    monkeypatch.setattr(backup_restore, "_move", failing)
    with pytest.raises(OSError, match="No space left"):
        restore(archive, places, NOBODY_THERE)
    assert (
        rows(places.course.database),
        digests(places.course.private / "results"),
        digests(places.exchange),
    ) == before


def test_a_dry_run_changes_nothing(places: Places) -> None:
    """It says what would be put back."""
    archive = Path(back_up(places).archive)
    before = digests(places.course.home)
    done = restore(archive, places, NOBODY_THERE, dry_run=True)
    assert "course/gradebook" in done.restored and done.aside == ""
    assert digests(places.course.home) == before


@pytest.mark.parametrize("damage", ["cut", "flip", "swap"])
def test_a_damaged_archive_is_refused(places: Places, damage: str) -> None:
    """Cut off, one bit changed, a member replaced: one sentence, and nothing is touched."""
    archive = Path(back_up(places).archive)
    whole = bytearray(archive.read_bytes())
    if damage == "cut":
        archive.write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        whole[len(whole) // 2] ^= 1
        archive.write_bytes(whole)
    else:
        content = gzip.decompress(bytes(whole))
        archive.write_bytes(gzip.compress(content.replace(b'{"points": 3}', b'{"points": 9}')))
    before = rows(places.course.database)
    with pytest.raises(AutograderError, match=archive.name.replace(".", r"\.")):
        restore(archive, places, NOBODY_THERE)
    assert rows(places.course.database) == before


def test_an_archive_cannot_write_elsewhere(places: Places, tmp_path: Path) -> None:
    """A link or a path that leaves the folder is refused before anything is put back."""
    archive = Path(back_up(places).archive)
    evil = tmp_path / archive.name
    with tarfile.open(archive) as old, tarfile.open(evil, "w:gz") as new:
        link = tarfile.TarInfo("course/results/escape")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        new.addfile(link)
        new.addfile(tarfile.TarInfo("../outside"))
        for info in old.getmembers():
            new.addfile(info, old.extractfile(info) if info.isreg() else None)
    with pytest.raises(AutograderError, match=r"(?s)escape: not a file.*\.\./outside: not a file"):
        restore(evil, places, NOBODY_THERE)
    assert not (tmp_path / "outside").exists()


def test_archives_are_private_few_and_hold_what_was_asked_for(places: Places, tmp_path: Path) -> None:
    """0600; the newest `keep` stay; other files in the folder stay; links in the exchange are named, not followed."""
    to = tmp_path / "elsewhere"
    to.mkdir()
    (to / "dlmath-notes.tar.gz").write_text("mine")
    (places.exchange / "link").symlink_to("/etc/passwd")
    made = [back_up(places, to, keep=2, extra=("exchange",)) for _ in range(3)]
    assert [str(path) for path in archives(to)] == [backup.archive for backup in made[1:]]
    assert made[2].removed == (made[0].archive,)
    assert (to / "dlmath-notes.tar.gz").exists() and len(list(to.iterdir())) == 3
    assert stat.S_IMODE(Path(made[2].archive).stat().st_mode) == 0o600
    assert made[2].left_out == ("exchange/link",)
    assert "submitted" not in made[2].parts


def test_a_lost_machine_is_made_again(places: Places, tmp_path: Path) -> None:
    """Into an empty course folder: rows, people, secret and the audit log are there."""
    archive = Path(back_up(places).archive)
    back_up(places)
    home = tmp_path / "new"
    (home / "source").mkdir(parents=True)
    fresh = Places(Course.at(home), home / ".hub", f"sqlite:///{home}/.hub/jupyterhub.sqlite", home / "exchange")
    restore(archive, fresh, NOBODY_THERE)
    assert rows(fresh.course.database) == rows(places.course.database)
    assert fresh.course.secret() == places.course.secret()
    assert (fresh.state / "cookie_secret").read_bytes() == (places.state / "cookie_secret").read_bytes()
    assert stat.S_IMODE(fresh.state.stat().st_mode) == 0o700


def test_postgresql_comes_back_with_identical_rows(places: Places, tmp_path: Path) -> None:
    """By pg_dump and pg_restore, with a password that needs quoting; the replaced state lies aside as a dump."""
    with server(tmp_path / "postgresql") as url:
        gradebook = create(url, "gradebook")
        fill(gradebook)
        course = Course.at(places.course.home, database=gradebook)
        at_server = Places(course, places.state, places.hub_database, places.exchange)
        before = table(url)
        archive = Path(back_up(at_server).archive)
        with open_gradebook(gradebook, "dlmath") as opened:
            opened.remove_student("ana")
        assert table(url) != before
        with pytest.raises(AutograderError, match="got a copy of postgresql for a database of sqlite"):
            restore(archive, places, NOBODY_THERE)
        done = restore(archive, at_server, NOBODY_THERE)
        assert table(url) == before
        assert (Path(done.aside) / "course" / "gradebook").read_bytes().startswith(b"PGDMP")


def table(url: str) -> list[tuple[object, ...]]:
    import psycopg

    with psycopg.connect(plain(url, "gradebook")) as db:
        found: list[tuple[object, ...]] = []
        for name in ("student", "submitted_assignment", "assignment"):
            found += db.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
        return found
