"""The formgrader as lecturers use it, over HTTP: a real server, a real course, no hub."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from autograder.course import Course
from tests.build.small_course import UNIT
from tests.hub.formgrader_alone import Service, environment, running
from tests.hub.lecturers import COURSE

SLOW = "import time\ntime.sleep(1.5)\ndef doubled(x):\n    return x * 2"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture(scope="module")
def collected(service: Service) -> dict[str, Any]:
    """Six students handed in, and somebody in the name of s1; what Collect says."""
    for number in range(1, 7):
        wrong = {"mean_of": "def mean_of(x):\n    return sum(x)"} if number == 6 else {}
        service.room.hand_in(f"s{number}", doubled=SLOW, derive_mean=r"Since $\frac{1}{2} < 1$, it is.", **wrong)
    service.room.hand_in("s1", home="mallory", derive_mean="forged")
    return service.answer(f"assignment/{UNIT}/collect")


@pytest.fixture(scope="module")
def graded(service: Service, collected: dict[str, Any]) -> dict[str, Any]:
    service.post(f"grading/start/{UNIT}")
    return service.graded()


def test_collect_names_the_forged_submission(service: Service, collected: dict[str, Any]) -> None:
    """The button's answer lists who was collected and what was refused, and the audit log keeps the refusal."""
    assert collected["success"], collected
    assert collected["outcome"]["new"] == [f"s{n}" for n in range(1, 7)]
    [refused] = collected["outcome"]["refused"]
    assert refused["student"] == "s1" and "no receipt" in refused["why"]
    assert "forged" not in (service.room.course.submitted / "s1" / UNIT / "basics.ipynb").read_text()
    log = (service.room.course.home / ".hub" / "log" / "audit.jsonl").read_text()
    assert '"submission refused"' in log and '"submissions collected"' in log


def test_others_are_answered_while_a_batch_runs(service: Service, collected: dict[str, Any]) -> None:
    """Pages, lists and marks answer while six slow submissions are graded, so that all see the progress."""
    first = service.post(f"grading/start/{UNIT}", force=True).json()
    second = service.post(f"grading/start/{UNIT}", force=True).json()
    assert second["number"] == first["number"], "the second press joins"
    progress = set()
    while (view := service.get("api/grading").json())["running"]:
        progress.add((view["running"]["done"], view["running"]["total"]))
        for path in ("manage_assignments", f"api/submissions/{UNIT}", "api/students"):
            assert service.get(path).status_code == 200
    assert {p for p in progress if 0 < p[0] < 6 and p[1] == 6}, progress
    last = view["last"][UNIT]
    assert (last["graded"], last["verdicts"], last["manual"]) == (6, {"PASS": 11, "FAIL": 1}, 6)


def test_nbgraders_own_address_grades_one_student(service: Service, graded: dict[str, Any]) -> None:
    """The address of the stock button answers as nbgrader does, when it is done; others are not held up."""
    got: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: got.append(service.answer(f"submission/{UNIT}/s2/autograde")))
    thread.start()
    while not (run := service.get("api/grading").json()["running"]) and thread.is_alive():
        time.sleep(0.05)
    assert run and run["students"] == ["s2"]
    thread.join()
    assert got[0]["success"] and "1 graded" in got[0]["log"]


def test_cancel_stops_the_batch(service: Service, collected: dict[str, Any]) -> None:
    """Any lecturer can cancel; what was done is kept and the page says who stopped it."""
    service.post(f"grading/start/{UNIT}", force=True)
    while not (running := service.get("api/grading").json()["running"]) or not running["done"]:
        time.sleep(0.05)
    service.post("grading/cancel")
    last = service.graded()
    assert last["state"] == "cancelled" and last["graded"] < 6 and last["stopping"]


def test_marks_of_a_batch_are_seen_at_once(service: Service, graded: dict[str, Any]) -> None:
    """Marks that another process wrote show on the next request, though the pages keep one session open."""
    listed = service.get(f"api/submitted_notebooks/{UNIT}/basics").json()
    submission = next(s for s in listed if s["student"] == "s1")
    grades = service.get(f"api/grades?submission_id={submission['id']}").json()
    grade = next(g for g in grades if g["name"] == "test_doubled")
    course: Course = service.room.course
    command = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('update grade set auto_score = 7 where id = ?', sys.argv[2:]); d.commit()"  # noqa: E501 - one program
    subprocess.run([sys.executable, "-c", command, str(course.work / "gradebook.db"), grade["id"]], check=True)
    assert service.get(f"api/grade/{grade['id']}").json()["auto_score"] == 7


def test_feedback_is_written_and_returned(service: Service, graded: dict[str, Any]) -> None:
    """One press writes the pages and puts them where students fetch; who waits for a person is named."""
    done = service.answer(f"assignment/{UNIT}/release_feedback")
    assert done["success"] and len(done["outcome"]["students"]) == 6, done
    assert done["waiting"] == [f"s{n}" for n in range(1, 7)]
    pages = list((service.room.exchange / COURSE / "feedback").glob("*.html"))
    assert len(pages) == 6
    scores = sorted(page.read_text().split('name="dlmath-score" content="')[1].split('"')[0] for page in pages)
    assert "50/100 pending" in scores and "90/100 pending" in scores
    assert "BEGIN HIDDEN" not in pages[0].read_text()


def test_a_page_without_its_secret_is_skipped(service: Service, graded: dict[str, Any]) -> None:
    """What was handed in by other ways than the exchange stops nobody else's feedback."""
    service.answer(f"assignment/{UNIT}/generate_feedback")
    secret = service.room.course.feedback / "s3" / UNIT / "submission_secret.txt"
    kept = secret.read_text()
    secret.unlink()
    try:
        done = service.answer(f"assignment/{UNIT}/release_feedback")
    finally:
        secret.write_text(kept)
    assert len(done["outcome"]["students"]) == 5 and "s3" in done["outcome"]["skipped"][0]


def test_the_marking_page_needs_nothing_from_elsewhere(service: Service, graded: dict[str, Any]) -> None:
    """Formulas are MathML, and every script and style comes from the server itself."""
    listed = service.get(f"api/submitted_notebooks/{UNIT}/basics").json()
    submission = next(s for s in listed if s["student"] == "s1")
    page = service.get(f"submissions/{submission['id']}/").text
    assert "<mfrac>" in page and "cdnjs" not in page
    assert 'src="http' not in page and 'href="http' not in page


def test_only_the_service_itself_may_frame_its_pages(service: Service) -> None:
    """JupyterLab shows the formgrader in a frame of the same server; no other site can."""
    assert service.get("manage_assignments").headers["Content-Security-Policy"] == "frame-ancestors 'self'"


def test_generate_refuses_as_the_build_does(service: Service) -> None:
    """Generate goes through our build: a misspelt marker is named, where stock publishes the hidden test."""
    path = service.room.course.source / UNIT / "basics.py"
    text = path.read_text()
    path.write_text(text.replace("### BEGIN HIDDEN TESTS", "### BEGIN HIDEN TESTS", 1))
    try:
        refused = service.answer(f"assignment/{UNIT}/assign")
    finally:
        path.write_text(text)
    assert not refused["success"] and "BEGIN HIDEN TESTS" in refused["log"]
    assert service.answer(f"assignment/{UNIT}/assign")["success"]


def test_no_login_no_grading(service: Service) -> None:
    """Who is not logged in is turned away by every route of ours."""
    for path in (f"grading/start/{UNIT}", "grading/cancel", f"assignment/{UNIT}/collect"):
        got = requests.post(f"{service.address}/api/{path}", json={}, timeout=30, allow_redirects=False)
        assert got.status_code in (302, 403)
    assert requests.get(f"{service.address}/api/grading", timeout=30, allow_redirects=False).status_code in (302, 403)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda home: (home / "gradebook.db").write_bytes(b"this is no database" * 100), "gradebook: cannot be opened"),
        (lambda home: (home / "solutions").rmdir(), "got no course"),
    ],
)
def test_a_start_that_fails_says_why(tmp_path: Path, spoil: Any, why: str) -> None:
    """One sentence, exit code 1, no traceback."""
    for name in ("source", "solutions"):
        (tmp_path / "course" / name).mkdir(parents=True)
    spoil(tmp_path / "course")
    done = subprocess.run(
        [sys.executable, "-m", "autograder.hub.formgrader", "--alone"],
        cwd=tmp_path / "course", env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "formgrader: cannot start: " in done.stderr
    assert why in done.stderr and "Traceback" not in done.stderr
