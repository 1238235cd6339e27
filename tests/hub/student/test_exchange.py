"""Fetch, submit and feedback through a real student's server and nbgrader's exchange.

The tests tell one story in order: what is fetched in one is submitted in a later one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.hub.student.server import COURSE, TOKEN, UNIT, Server

NOTEBOOKS = ["logistic", "softmax_and_training", "features_and_shallow_autoencoder"]
LATE = "2020-01-31T23:59:00+01:00"


@pytest.fixture(scope="module")
def second(start: Callable[..., Server]) -> Server:
    """Another student of the same exchange, who is late."""
    return start("student2", due={UNIT: LATE})


def test_a_new_unit_is_listed_with_its_due_date_in_words(student: Server) -> None:
    """The due date is said in the course's time zone; the labs are in their order, with their titles."""
    unit = student.unit()
    assert unit["status"] == "new" and unit["title"] == "Unit 2: logistic"
    assert unit["due"].startswith("Tuesday 1 December 2099, 23:59 (in ")
    assert [n["name"] for n in unit["notebooks"]] == NOTEBOOKS
    assert unit["notebooks"][0]["title"] == "One neuron decides"


def test_nothing_is_done_before_fetching(student: Server) -> None:
    """Validate and submit say that the unit must be fetched first."""
    for method, path in (("POST", "submit"), ("GET", "submit"), ("POST", "validate")):
        status, answer = student.api(method, f"/{UNIT}/{path}")
        assert (status, answer["error"]) == (409, "You have not fetched Unit 2: logistic yet. Fetch it first.")


def test_fetching_again_changes_nothing(student: Server) -> None:
    """Fetch never overwrites; a second fetch says so."""
    status, answer = student.api("POST", f"/{UNIT}/fetch")
    assert (status, "was fetched" in answer["message"]) == (200, True)
    assert sorted(p.stem for p in student.folder.glob("*.ipynb")) == sorted(NOTEBOOKS)
    student.notebook("logistic").write_text("my work")
    status, answer = student.api("POST", f"/{UNIT}/fetch")
    assert status == 409 and "nothing was changed" in answer["error"]
    assert student.notebook("logistic").read_text() == "my work"
    assert student.unit()["status"] == "fetched"


def test_a_missing_notebook_is_restored_and_the_others_are_kept(student: Server, exchange: Path) -> None:
    """Restore brings back the file that is missing, as released, and touches no other."""
    student.notebook("logistic").write_text("my work")
    student.notebook("softmax_and_training").unlink()
    assert "Missing: softmax_and_training." in student.api("POST", f"/{UNIT}/fetch")[1]["error"]
    assert [n["missing"] for n in student.unit()["notebooks"]] == [False, True, False]
    status, answer = student.api("POST", f"/{UNIT}/fetch", {"restore": True})
    assert status == 200 and "softmax_and_training.ipynb" in answer["message"]
    released = exchange / COURSE / "outbound" / UNIT / "softmax_and_training.ipynb"
    assert student.notebook("softmax_and_training").read_bytes() == released.read_bytes()
    assert student.notebook("logistic").read_text() == "my work"
    assert [p for p in student.folder.parent.iterdir() if p.name.startswith(".")] == []


def test_the_preview_names_what_is_wrong(student: Server) -> None:
    """A damaged and a missing notebook, untouched ones, other files and links are named before submitting."""
    student.notebook("logistic").write_text('{"cells": [')
    student.notebook("softmax_and_training").unlink()
    (student.folder / "notes.txt").write_text("mine")
    (student.folder / "link.txt").symlink_to("notes.txt")
    _, facts = student.api("GET", f"/{UNIT}/submit")
    text = "\n".join(facts["warnings"])
    assert "logistic.ipynb cannot be read as a notebook" in text
    assert "softmax_and_training.ipynb is missing" in text
    assert "Nothing is solved yet in features_and_shallow_autoencoder.ipynb" in text
    assert (facts["extra"], facts["left_out"], facts["again"]) == (["notes.txt"], ["link.txt"], "")
    student.api("POST", f"/{UNIT}/fetch", {"restore": True})
    student.notebook("logistic").unlink()
    student.api("POST", f"/{UNIT}/fetch", {"restore": True})


def test_a_submission_is_confirmed_with_time_and_digest(student: Server) -> None:
    """The confirmation names the time; its SHA-256 is the one that the grader records; links stay behind."""
    status, done = student.api("POST", f"/{UNIT}/submit")
    assert status == 200 and not done["late"] and done["count"] == 1
    assert "Unit 2: logistic was handed in on " in done["message"]
    assert done["sha256"] == student.receipt_digest()
    [handed_in] = student.submissions()
    assert sorted(p.name for p in handed_in.iterdir()) == sorted(
        [*(f"{n}.ipynb" for n in NOTEBOOKS), "notes.txt", "submission_secret.txt", "timestamp.txt"]
    )
    unit = student.unit()
    assert unit["status"] == "submitted" and "(just now)" in unit["status_words"]


def test_submitting_again_says_that_the_last_counts(student: Server) -> None:
    """A second submission is counted, listed first, and has its own receipt."""
    assert student.api("GET", f"/{UNIT}/submit")[1]["again"]
    _, done = student.api("POST", f"/{UNIT}/submit")
    assert done["count"] == 2 == len(student.submissions()) == len(student.unit()["submissions"])
    path = f"dlmath/api/units/{UNIT}/receipt?at={quote(student.unit()['submissions'][0]['stamp'])}"
    status, text, headers = student.open("GET", path, Authorization=f"token {TOKEN}")
    assert status == 200 and done["sha256"] in text.decode() and "Student     student1" in text.decode()
    assert "attachment" in headers["Content-Disposition"]


def test_two_students_share_the_exchange_and_see_only_their_own(student: Server, second: Server) -> None:
    """What one handed in is unknown to the other, who is late and told how much."""
    assert second.unit()["status"] == "overdue"
    second.api("POST", f"/{UNIT}/fetch")
    warnings = "\n".join(second.api("GET", f"/{UNIT}/submit")[1]["warnings"])
    assert "It was due Friday 31 January 2020, 23:59" in warnings
    _, done = second.api("POST", f"/{UNIT}/submit")
    assert done["late"] and done["count"] == 1
    assert second.unit()["status"] == "late" and "days late" in second.unit()["status_words"]
    stamp = student.unit()["submissions"][0]["stamp"]
    status, answer = second.api("GET", f"/{UNIT}/receipt?at={quote(stamp)}")
    assert (status, "from this account" in answer["error"]) == (404, True)


def test_nbgrader_collects_what_was_submitted(student: Server, second: Server, tmp_path: Path) -> None:
    """nbgrader's own collect takes the last submission of both students, whole."""
    (tmp_path / "source" / UNIT).mkdir(parents=True)
    options = [f"--CourseDirectory.root={tmp_path}", f"--Exchange.root={student.exchange}"]
    command = [sys.executable, "-m", "nbgrader", "collect", UNIT, "--course", COURSE, *options]
    # nbgrader starts `alembic` by name; ours lies beside the interpreter
    env = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}
    ran = subprocess.run(
        [*command, "--ExchangeCollect.check_owner=False"], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    for one in (student, second):
        folder = tmp_path / "submitted" / one.student / UNIT
        assert folder.joinpath("timestamp.txt").read_text() == one.unit()["submissions"][0]["stamp"]
        assert sorted(p.stem for p in folder.glob("*.ipynb")) == sorted(NOTEBOOKS)


def test_feedback_is_fetched_with_its_score(student: Server, second: Server) -> None:
    """Feedback on the earlier submission is offered, fetched, summed, served without any right to act."""
    assert student.api("POST", f"/{UNIT}/feedback")[0] == 404
    page = '<html><head><meta name="dlmath-score" content="{}"></head><body><meta name="dlmath-score" content="99/99">'
    student.return_feedback("logistic", page.format("20.5/37"), which=0)
    student.return_feedback("softmax_and_training", page.format("3/40"), which=0)
    before = student.unit()
    assert before["feedback"]["new"] and not before["feedback"]["latest"] and before["status"] == "submitted"
    assert student.api("POST", f"/{UNIT}/feedback")[0] == 200
    after = student.unit()
    assert after["feedback"]["score"] == "23.5 / 77" and not after["feedback"]["new"]
    where = f"dlmath/api/units/{UNIT}/page?at={quote(after['feedback']['stamp'])}&notebook=logistic"
    status, text, headers = student.open("GET", where, Authorization=f"token {TOKEN}")
    assert status == 200 and b"20.5/37" in text
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert second.unit()["feedback"] is None
    assert second.open("GET", where, Authorization=f"token {TOKEN}")[0] == 404


def test_newer_feedback_is_offered_again(student: Server) -> None:
    """A page that the lecturer sent again is new until it was fetched again."""
    head = '<html><head><meta name="dlmath-score" content="30/37"></head>'
    student.return_feedback("logistic", head, which=0)
    assert student.unit()["feedback"]["new"]
    assert student.api("POST", f"/{UNIT}/feedback")[0] == 200
    assert student.unit()["feedback"]["score"] == "33 / 77"
    student.return_feedback("logistic", head)
    student.api("POST", f"/{UNIT}/feedback")
    assert student.unit()["status"] == "feedback" and student.unit()["feedback"]["latest"]


def test_a_link_in_place_of_the_folder_is_refused(second: Server) -> None:
    """A unit's folder that is a link is named, and nothing goes through it."""
    aside = second.folder.with_name("aside")
    second.folder.rename(aside)
    second.folder.symlink_to(aside)
    try:
        assert "got a link, expected a folder" in second.unit()["problem"]
        for action in ("fetch", "submit", "feedback"):
            status, answer = second.api("POST", f"/{UNIT}/{action}")
            assert status == 409 and "got a link" in answer["error"]
    finally:
        second.folder.unlink()
        aside.rename(second.folder)


def test_a_missing_exchange_is_told_and_nothing_is_lost(second: Server) -> None:
    """Without the exchange every button says so, and works again when it is back."""
    aside = second.exchange.with_name("gone")
    os.rename(second.exchange, aside)
    try:
        for method, path in (("GET", ""), ("POST", f"/{UNIT}/submit"), ("POST", f"/{UNIT}/fetch")):
            status, answer = second.api(method, path)
            assert status == 503 and "exchange folder cannot be used" in answer["error"]
    finally:
        os.rename(aside, second.exchange)
    assert second.unit()["fetched"]
