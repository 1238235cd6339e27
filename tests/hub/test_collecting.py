"""Collecting takes each student's own latest work, and a forger gets nowhere."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import pytest

from tests.build.small_course import UNIT
from tests.hub.lecturers import Classroom, classroom

ME = pwd.getpwuid(os.geteuid()).pw_name
STRICT = {"check_owner": True}
LAPTOP = {"check_owner": False}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    return classroom(tmp_path_factory.mktemp("collecting"))


@pytest.fixture
def room(released: Classroom, tmp_path: Path) -> Classroom:
    """The released course with an empty inbound folder and no submission."""
    for path in released.inbound.iterdir():
        path.unlink() if path.is_symlink() else shutil.rmtree(path)
    shutil.rmtree(released.course.submitted, ignore_errors=True)
    return released


def renamed(folder: Path, student: str) -> Path:
    """The folder under another student's name: what a forger does."""
    forged = folder.with_name("+".join([student, *folder.name.rsplit("+", 3)[1:]]))
    folder.rename(forged)
    return forged


def text_of(room: Classroom, student: str) -> str:
    return (room.course.submitted / student / UNIT / "basics.ipynb").read_text()


def refusals(outcome) -> dict[str, str]:
    return {refused.student: refused.why for refused in outcome.refused}


def test_an_honest_submission_is_collected(room: Classroom) -> None:
    """With owners known and with receipts, what a student handed in arrives with its time and its secret."""
    room.hand_in(ME, derive_mean="honest")
    for options in (STRICT, {**LAPTOP, "receipts": room.receipts()}):
        shutil.rmtree(room.course.submitted, ignore_errors=True)
        outcome = room.collect(**options).outcome
        assert (outcome.new, outcome.refused, outcome.notes) == ([ME], [], [])
        assert "honest" in text_of(room, ME)
        assert (room.course.submitted / ME / UNIT / "submission_secret.txt").is_file()


def test_the_latest_counts_and_an_old_one_is_not_collected_again(room: Classroom) -> None:
    """A later submission replaces the earlier one; nothing happens where nothing is new."""
    room.hand_in(ME, derive_mean="first")
    assert room.collect(**STRICT).outcome.new == [ME]
    room.hand_in(ME, derive_mean="second")
    assert room.collect(**STRICT).outcome.updated == [ME]
    assert "second" in text_of(room, ME)
    again = room.collect(**STRICT).outcome
    assert (again.new, again.updated, again.unchanged) == ([], [], 1)


def test_a_submission_under_another_name_is_refused(room: Classroom) -> None:
    """A folder that another account made is refused, though it is later, and the victim's work stays as it was."""
    victim = room.course.submitted / "victim" / UNIT
    victim.mkdir(parents=True)
    (victim / "basics.ipynb").write_text("the victim's own")
    renamed(room.hand_in(ME), "victim")
    outcome = room.collect(**STRICT).outcome
    assert refusals(outcome) == {"victim": f"It claims to be victim's, but {ME} made it."}
    assert text_of(room, "victim") == "the victim's own"


def test_a_forgery_does_not_hide_the_genuine_one(room: Classroom) -> None:
    """The latest is chosen among what is the student's own."""
    room.hand_in("victim", derive_mean="genuine")
    room.hand_in("victim", home="forger", derive_mean="forged")
    outcome = room.collect(**LAPTOP, receipts=room.receipts()).outcome
    assert outcome.new == ["victim"] and "genuine" in text_of(room, "victim")
    assert "hold no receipt of it" in refusals(outcome)["victim"]


def test_a_receipt_must_be_of_that_very_submission(room: Classroom) -> None:
    """Another secret under a time that the student did hand in at is refused."""
    folder = room.hand_in("victim")
    (folder / "submission_secret.txt").chmod(0o600)
    (folder / "submission_secret.txt").write_text("another")
    outcome = room.collect(**LAPTOP, receipts=room.receipts()).outcome
    assert "of another submission" in refusals(outcome)["victim"] and not outcome.new


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        ("2031-01-01 00:00:00.000000 UTC", "has not come yet"),
        ("2020-01-01 00:00:00.000000 UTC", "its timestamp.txt says"),
    ],
)
def test_a_false_time_is_refused(room: Classroom, stamp: str, why: str) -> None:
    """A time that has not come would hide every later submission; a name that disagrees with the file is no name."""
    folder = room.hand_in(ME)
    user, unit, _, random = folder.name.rsplit("+", 3)
    if why == "has not come yet":
        (folder / "timestamp.txt").chmod(0o600)
        (folder / "timestamp.txt").write_text(stamp)
    folder.rename(folder.with_name(f"{user}+{unit}+{stamp}+{random}"))
    outcome = room.collect(**STRICT).outcome
    assert why in refusals(outcome)[ME] and not outcome.new


def test_a_backdated_time_is_noted(room: Classroom) -> None:
    """A folder that was made long after the time that it claims is collected, and the lecturer is told."""
    folder = room.hand_in(ME)
    stamp = "2026-01-01 00:00:00.000000 UTC"
    user, unit, _, random = folder.name.rsplit("+", 3)
    (folder / "timestamp.txt").chmod(0o600)
    (folder / "timestamp.txt").write_text(stamp)
    folder.rename(folder.with_name(f"{user}+{unit}+{stamp}+{random}"))
    outcome = room.collect(**STRICT).outcome
    assert outcome.new == [ME]
    assert any(f"{ME}: claims {stamp}" in note for note in outcome.notes)


def test_links_pipes_and_huge_files_are_left_out(room: Classroom) -> None:
    """What could lead elsewhere, block or fill the disk stays behind, and the rest is collected."""
    folder = room.hand_in(ME)
    (folder / "stolen.ipynb").symlink_to("/etc/passwd")
    (folder / "up").symlink_to("..")
    os.link(folder / "basics.ipynb", folder / "hard.ipynb")
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "small.csv").write_text("1,2")
    with open(folder / "huge.bin", "wb") as huge:
        huge.truncate(10**12)
    outcome = room.collect(**STRICT).outcome
    kept = {p.name for p in (room.course.submitted / ME / UNIT).iterdir()}
    assert kept == {"data.csv", "small.csv", "submission_secret.txt", "timestamp.txt"}
    noted = "\n".join(outcome.notes)
    assert all(name in noted for name in ("stolen.ipynb", "up", "hard.ipynb", "pipe.ipynb", "huge.bin"))


def test_a_linked_folder_is_refused(room: Classroom) -> None:
    """A link in place of a submission's folder does not bring another student's work in."""
    folder = room.hand_in(ME)
    link = folder.with_name(f"mallory+{folder.name.split('+', 1)[1]}")
    link.symlink_to(folder)
    outcome = room.collect(**LAPTOP).outcome
    assert "not a folder" in refusals(outcome)["mallory"] and outcome.new == [ME]


def test_one_bad_name_stops_nobody(room: Classroom) -> None:
    """A folder that is no submission is named, and the others are collected; stock nbgrader stops there."""
    room.hand_in(ME)
    (room.inbound / f"x+{UNIT}+yesterday").mkdir()
    (room.inbound / f"..+{UNIT}+2026-01-01 00:00:00.000000 UTC+abc").mkdir()
    outcome = room.collect(**STRICT).outcome
    assert outcome.new == [ME] and len(outcome.refused) == 2
    assert all("not a submission's name" in refused.why for refused in outcome.refused)


def test_too_much_is_refused_and_stops_nobody(room: Classroom) -> None:
    """A submission over the course's size stays in the exchange; what was collected before stays, too."""
    room.hand_in("s1", derive_mean="fine")
    assert room.collect(**LAPTOP).outcome.new == ["s1"]
    folder = room.hand_in("s1")
    for number in range(3):
        (folder / f"{number}.bin").write_bytes(bytes(40_000_000))
    room.hand_in("s2")
    outcome = room.collect(**LAPTOP).outcome
    assert outcome.new == ["s2"] and not outcome.updated and "expected at most" in refusals(outcome)["s1"]
    assert "fine" in text_of(room, "s1")
