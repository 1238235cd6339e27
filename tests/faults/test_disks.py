"""A disk that is full or read-only: the command says so and stops; with space again it goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import Course
from tests.faults.disks import Disk, small_disk
from tests.faults.engine import LIMIT_WORDS, Done, grade, run
from tests.faults.state import STUDENTS, end_state, is_sound, unfinished

pytestmark = pytest.mark.faults

FREE = (0, 24_000, 90_000)  # bytes: for nothing, the lock alone, some files
REGRADE = ["regrade", "--yes", *LIMIT_WORDS, "--workers=1", "--json"]


@pytest.fixture
def disk() -> Iterator[Disk]:
    with small_disk(2 << 20) as disk:
        yield disk


def on_disk(course: Course, disk: Disk) -> Course:
    """The course with all that its class leaves behind on the disk."""
    for name in ("submitted", "autograded", ".autograder", "gradebook.db"):
        if (course.home / name).exists():
            shutil.move(course.home / name, disk.outside / name)
    return Course(course.home, disk.path, f"sqlite:///{disk.path}/gradebook.db")


def seen(course: Course, disk: Disk) -> Course:
    """A copy of what is on the disk, to look at: SQLite takes no path that leads through another process."""
    copy = course.home.parent / "seen"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(disk.outside, copy, ignore=shutil.ignore_patterns("ballast"))
    work = copy if course.work == disk.path else course.work
    return Course(course.home, work, f"sqlite:///{copy}/gradebook.db")


def says_where(done: Done, place: Path | str, what: str) -> None:
    """One line names the file and what to do, the next the command; nobody is told of a fault of ours."""
    assert done.code == 3, done.err
    assert "Traceback" not in done.err, done.err
    said, then = done.message.splitlines()[-2:]
    assert said.startswith(str(place)) and what in said, said
    assert then.startswith("Next: run again: autograder "), then


def to_be_written(undisturbed: Course, there: Course) -> int:
    """Bytes of notebooks and results that are not there yet."""
    folders = (undisturbed.autograded, undisturbed.private / "results")
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files if not (there.work / p.relative_to(undisturbed.work)).exists())


def test_work_folder_is_full(course, disk, tried, undisturbed, ends_as_undisturbed) -> None:
    """At the lock, in the middle of a chunk, at last with room for half of what is left."""
    inside = on_disk(course, disk)
    for free in (*FREE, None):
        left = to_be_written(undisturbed, seen(inside, disk))
        assert left
        disk.fill(left // 2 if free is None else free)
        tried("full disk under the class")
        done = grade(inside, prefix=disk.prefix)
        says_where(done, disk.path, "no space left")
        is_sound(seen(inside, disk))
    disk.empty()
    ends_as_undisturbed(inside, lambda: seen(inside, disk), prefix=disk.prefix)


def test_gradebook_is_full(course, disk, tried, ends_as_undisturbed) -> None:
    """Only the gradebook's disk: nothing counts as recorded that is not in it."""
    shutil.move(course.home / "gradebook.db", disk.outside / "gradebook.db")
    inside = Course(course.home, course.work, f"sqlite:///{disk.path}/gradebook.db")
    for free in (0, 16_384):
        disk.fill(free)
        tried("full disk under the gradebook")
        done = grade(inside, prefix=disk.prefix)
        says_where(done, disk.path / "gradebook.db", "no space left")
        is_sound(seen(inside, disk))
    disk.empty()
    ends_as_undisturbed(inside, lambda: seen(inside, disk), prefix=disk.prefix)


def test_temporary_folder_is_full(graded, disk, tried, undisturbed) -> None:
    """What regrade keeps aside does not fit: nothing is written."""
    place = {"TMPDIR": str(disk.path)}
    disk.fill(40_000)
    tried("full disk under TMPDIR")
    done = run(graded, *REGRADE, prefix=disk.prefix, environment=place)
    says_where(done, disk.path, "no space left")
    assert end_state(graded) == end_state(undisturbed)
    assert [p.name for p in disk.outside.iterdir()] == ["ballast"]
    disk.empty()
    done = run(graded, *REGRADE, prefix=disk.prefix, environment=place)
    assert done.code == 0 and done.document["compared"] == len(STUDENTS), done.err
    assert not list(disk.outside.iterdir())


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_other_commands(graded, disk, tried, undisturbed, fault) -> None:
    """feedback, report and regrade leave what was there, say where it failed, and work afterwards."""
    inside = on_disk(graded, disk)
    commands = (["feedback"], ["report"], REGRADE, ["grade", "--force", *LIMIT_WORDS, "--workers=1", "--json"])
    before = end_state(seen(inside, disk))
    for words in commands:
        disk.fill() if fault == "full" else disk.remount("ro")
        tried(f"{fault} disk: {words[0]}")
        done = run(inside, *words, prefix=disk.prefix)
        says_where(done, disk.path, "no space left" if fault == "full" else "read-only")
        assert not unfinished(seen(inside, disk))
        disk.remount("rw")
        disk.empty()
        assert end_state(seen(inside, disk)) == before
    for words in commands:
        done = run(inside, *words, prefix=disk.prefix)
        assert done.code == 0, done.err
    assert len(list((disk.outside / "feedback").rglob("*.html"))) == len(STUDENTS)
    assert (disk.outside / "report" / "class.html").stat().st_size > 1000


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_release(graded, disk, tried, fault) -> None:
    """The old release stays as it was until the new one can be written."""
    folder = graded.home / "release"
    before = {p.name: p.read_bytes() for p in folder.rglob("*.ipynb")}
    shutil.copytree(graded.home / "source", disk.outside / "source")
    shutil.copytree(graded.home / "solutions", disk.outside / "solutions")
    shutil.copytree(folder, disk.outside / "release")
    text = next((disk.outside / "source").rglob("*.py"))
    text.write_text(text.read_text().replace("Write it yourself.", "Write it all by yourself."))
    inside = Course(disk.path, graded.work, graded.database)
    for place in disk.outside.rglob("*.ipynb") if fault == "full" else ():
        if "source" in place.parts:
            place.unlink()  # so that there is something to write
    disk.fill() if fault == "full" else disk.remount("ro")
    tried(f"{fault} disk: release")
    done = run(inside, "release", prefix=disk.prefix)
    says_where(done, disk.path, "no space left" if fault == "full" else "read-only")
    assert {p.name: p.read_bytes() for p in (disk.outside / "release").rglob("*.ipynb")} == before
    disk.remount("rw")
    disk.empty()
    done = run(inside, "release", prefix=disk.prefix)
    assert done.code == 0, done.err
    assert b"all by yourself" in next((disk.outside / "release").rglob("*.ipynb")).read_bytes()


@pytest.mark.skipif(not os.geteuid() and not shutil.which("setpriv"), reason="root may write anywhere; no setpriv")
def test_permission_denied(graded, tried, undisturbed) -> None:
    """Files that their owner made read-only; root is stopped by them when it may not override that."""
    prefix = [] if os.geteuid() else ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    places = [graded.work, graded.private, *graded.private.rglob("*"), *graded.autograded.rglob("*")]
    modes = {p: p.stat().st_mode for p in places if not p.is_symlink()}
    for path in modes:
        path.chmod(modes[path] & ~0o222)
    try:
        tried("permission denied")
        done = grade(graded, "--force", prefix=prefix)
        says_where(done, graded.work, "may not do that")
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert end_state(graded) == end_state(undisturbed)
