"""A gradebook that is locked, damaged, foreign or gone: the message says how to go on, and that way leads on."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.record import results
from tests.build.small_course import UNIT
from tests.faults.disks import small_disk
from tests.faults.engine import LIMIT_WORDS, Command, Done, grade, run, until
from tests.faults.state import STUDENTS
from tests.grade.classroom import scores

pytestmark = pytest.mark.faults

HOLD = (
    "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute('BEGIN EXCLUSIVE');"
    "print('held', flush=True); sys.stdin.read()"
)


def book(course: Course) -> Path:
    return Path(course.database.removeprefix("sqlite:///"))


@contextmanager
def held(course: Course) -> Iterator[subprocess.Popen[str]]:
    """Another process has the gradebook to itself until its standard input is closed."""
    words = [sys.executable, "-c", HOLD, str(book(course))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        yield holder


def refused(done: Done, *words: str) -> str:
    """The sentence with which a command ended."""
    assert done.code == 3 and "Traceback" not in done.err, done.err
    said, then = done.message.splitlines()[-2:]
    for word in words:
        assert word in said, said
    assert then.startswith("Next: run again: autograder")
    return said


def test_a_lock_is_waited_for(course, tried, ends_as_undisturbed) -> None:
    """The formgrader writes, too: a batch records when it may."""
    with held(course) as holder:
        tried("locked gradebook")
        command = Command(course, "grade", *LIMIT_WORDS, "--workers=1", "--json")
        try:
            until(lambda: command.opened(book(course)), "the batch at the gradebook")
            holder.communicate()
            done = command.wait()
        finally:
            command.stop()
    assert done.code == 0, done.err
    ends_as_undisturbed(course)


def test_a_lock_that_stays_is_told(course, tried, ends_as_undisturbed) -> None:
    """Who holds it and since when it was waited for; the URL says how long that is."""
    short = Course(course.home, course.work, f"{course.database}?timeout=1")
    with held(course) as holder:
        tried("gradebook locked for good")
        refused(grade(short), str(book(course)), f"process {holder.pid}", "for 1 s")
        holder.communicate()
    ends_as_undisturbed(course)


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database " * 500)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // 4096 * 4096])


def bad_page(path: Path) -> None:
    """The page on which the grades begin."""
    db = sqlite3.connect(path)
    [page] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'grade'").fetchone()
    [size] = db.execute("PRAGMA page_size").fetchone()
    db.close()
    with path.open("r+b") as f:
        f.seek((page - 1) * size)
        f.write(b"\xff" * 512)


@pytest.mark.parametrize("harm", [garbage, truncated, bad_page])
def test_damaged(graded, tried, undisturbed, ends_as_undisturbed, harm) -> None:
    """It is refused before anything is graded. Moved away, it is made again from the stored results."""
    harm(book(graded))
    tried("damaged gradebook")
    refused(grade(graded, "--force"), str(book(graded)), "damaged", "hub restore", "move the file away")
    book(graded).rename(graded.home.parent / "damaged.db")
    done = grade(graded)
    assert done.code == 0, done.err
    assert (done.document["graded"], done.document["recorded"]) == ([], len(STUDENTS))
    assert "recorded again" in done.err
    ends_as_undisturbed(graded)


def test_lost(graded, tried, ends_as_undisturbed) -> None:
    """Results stand as done that the gradebook does not know: they are recorded, and nobody is graded again."""
    before = {e.result.student: e.graded for e in results(graded, UNIT)}
    book(graded).unlink()
    tried("lost gradebook")
    look = grade(graded, "--dry-run")
    assert look.document["recorded"] == len(STUDENTS) and not book(graded).exists()
    done = grade(graded)
    assert done.code == 0 and done.document["graded"] == [], done.err
    assert {e.result.student: e.graded for e in results(graded, UNIT)} == before
    assert grade(graded).document["recorded"] == 0
    ends_as_undisturbed(graded)


def test_an_older_one_was_put_back(graded, tried, ends_as_undisturbed) -> None:
    """It lacks one student and has old points of another. A mark that was given by hand stays."""
    with sqlite3.connect(book(graded)) as db:
        rows = "SELECT n.id FROM submitted_notebook n JOIN submitted_assignment s ON n.assignment_id = s.id"
        for table in ("grade", "comment"):
            db.execute(f"DELETE FROM {table} WHERE notebook_id IN ({rows} WHERE s.student_id = ?)", [STUDENTS[0]])
        db.execute(
            f"UPDATE grade SET auto_score = 3 WHERE notebook_id IN ({rows} WHERE s.student_id = ?)AND auto_score > 3",
            [STUDENTS[1]],
        )
        by_hand = f"UPDATE grade SET manual_score = 7, needs_manual_grade = 0 WHERE notebook_id IN ({rows} WHERE"
        db.execute(f"{by_hand} s.student_id = ?) AND auto_score IS NULL", [STUDENTS[1]])
    db.close()
    tried("older gradebook put back")
    done = grade(graded)
    assert done.code == 0 and (done.document["graded"], done.document["recorded"]) == ([], 2), done.err
    [cell] = [c for c in scores(graded)[STUDENTS[1]]["cells"].values() if c[1] is not None]
    assert cell[1] == 7 and not cell[3]
    with sqlite3.connect(book(graded)) as db:
        db.execute("UPDATE grade SET manual_score = NULL, needs_manual_grade = 1 WHERE manual_score = 7")
    db.close()
    ends_as_undisturbed(graded)


def test_another_version(graded, tried, undisturbed) -> None:
    """A column that this nbgrader has and the file has not."""
    with sqlite3.connect(book(graded)) as db:
        db.execute("ALTER TABLE submitted_notebook DROP COLUMN late_submission_penalty")
    db.close()
    tried("gradebook of another version")
    refused(grade(graded, "--force"), str(book(graded)), "late_submission_penalty", "nbgrader db upgrade")


def test_a_table_is_missing(graded, tried, ends_as_undisturbed) -> None:
    """nbgrader makes it anew, empty: what was in it is recorded again."""
    with sqlite3.connect(book(graded)) as db:
        db.execute("DROP TABLE grade")
    db.close()
    tried("gradebook without a table")
    done = grade(graded)
    assert done.code == 0 and done.document["recorded"] == len(STUDENTS), done.err
    ends_as_undisturbed(graded)


def test_a_folder_in_its_place(graded, tried, ends_as_undisturbed) -> None:
    book(graded).unlink()
    book(graded).mkdir()
    tried("folder in the gradebook's place")
    refused(grade(graded), str(book(graded)), "it is a folder")
    book(graded).rmdir()
    ends_as_undisturbed(graded)


def test_not_writable(course, tried, ends_as_undisturbed) -> None:
    """On a disk that is read-only, also for root."""
    with small_disk(2 << 20) as disk:
        shutil.copy(book(course), disk.outside / "gradebook.db")
        disk.remount("ro")
        tried("gradebook that cannot be written")
        there = Course(course.home, course.work, f"sqlite:///{disk.path}/gradebook.db")
        refused(grade(there, prefix=disk.prefix), str(disk.path / "gradebook.db"), "read-only")
    assert not list(results(course, UNIT))
    ends_as_undisturbed(course)


@pytest.mark.parametrize("url", ["nonsense", "oracle://me@here/x", "sqlite:////no/such/folder/gradebook.db"])
def test_a_url_that_leads_nowhere(graded, tried, url: str) -> None:
    tried("wrong gradebook URL")
    done = grade(Course(graded.home, graded.work, url), "--force")
    assert done.code in (2, 3) and "Traceback" not in done.err, done.err


def test_pages_of_a_damaged_one(graded, tried) -> None:
    """report and feedback say the same, and leave the pages that are there."""
    garbage(book(graded))
    for words in (["report"], ["feedback"]):
        tried("damaged gradebook")
        refused(run(graded, *words), "damaged", "hub restore")
    assert not (graded.work / "report").exists() and not graded.feedback.exists()
