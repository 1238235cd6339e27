"""The page of the units in a real browser."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub.chromium import browser
from tests.hub.sigmoid_answers import RIGHT_SIGMOID
from tests.hub.student.server import TOKEN, UNIT, Server

pytestmark = pytest.mark.browser
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser."""
    with browser() as running:
        yield running


def open_page(chromium: Any, student: Server, width: int = 1280, **options: Any) -> tuple[Any, list[str]]:
    """The page of the units, logged in, and what the browser complains about."""
    page = chromium.new_context(viewport={"width": width, "height": 900}, **options).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{student.url}dlmath?token={TOKEN}")
    page.wait_for_selector("section")
    return page, complaints


def picture(page: Any, folder: Path, name: str) -> None:
    """A picture of the page, and: nothing is wider than the screen."""
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name}: scrolls sideways"


@pytest.mark.slow
def test_a_student_fetches_validates_and_submits(chromium: Any, start: Callable[..., Server], tmp_path: Path) -> None:
    """The whole way by clicks: fetch, a failing and a passing exercise, submit, a confirmation with its time."""
    student = start("clicker", due={UNIT: "2099-12-01T23:59:00+01:00"})
    page, complaints = open_page(chromium, student)
    page.click("button:text-is('Fetch')")
    page.wait_for_selector("text=was fetched")
    student.edit("logistic", sigmoid_stable=RIGHT_SIGMOID, bce_loss_grad=WRONG_LOSS)

    page.click("button:text-is('Validate')")
    page.wait_for_selector("progress")
    page.wait_for_selector("text=/\\d of \\d+ passed/", timeout=120_000)
    passed = page.locator(".results li.good")
    assert "without accidents" in passed.inner_text()
    failed = page.locator(".results li.bad")
    assert "log(16/3)/2" in failed.inner_text()
    assert "1 of 11 passed" in page.locator(".checks").inner_text()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        picture(page, tmp_path, f"validated-{width}")

    page.click("button:text-is('Submit')")
    page.wait_for_selector("dialog[open]")
    picture(page, tmp_path, "dialog-390")
    page.click("text=Submit all the same")
    page.wait_for_selector("dialog >> text=/was handed in on \\w+ \\d+ \\w+, \\d\\d:\\d\\d/")
    assert page.locator("code.digest").inner_text().strip() == student.receipt_digest()
    picture(page, tmp_path, "confirmed-390")
    with page.expect_download() as download:
        page.click("text=Download the receipt")
    assert student.receipt_digest() in Path(download.value.path()).read_text()
    page.click("text=Done")
    page.wait_for_selector(".badge.submitted")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        picture(page, tmp_path, f"submitted-{width}")
    assert not complaints


def test_feedback_is_shown_and_cannot_act(chromium: Any, start: Callable[..., Server], tmp_path: Path) -> None:
    """A feedback page that holds a script is shown, and its script, form and pictures from elsewhere do nothing."""
    student = start("reader")
    assert student.api("POST", f"/{UNIT}/fetch")[0] == 200
    assert student.api("POST", f"/{UNIT}/submit")[0] == 200
    student.return_feedback("logistic", HOSTILE_PAGE)
    page, complaints = open_page(chromium, student, color_scheme="dark")
    sent: list[str] = []  # a request that the policy stops fails with "csp" and never leaves
    page.on("requestfinished", lambda request: sent.append(f"{request.method} {request.url}"))
    page.on("requestfailed", lambda request: sent.append(f"{request.url} {request.failure}"))
    page.click("text=Feedback (new)")
    frame = page.frame_locator("dialog iframe")
    assert "Your mark is here" in frame.locator("h1").inner_text()
    page.wait_for_timeout(500)
    assert frame.locator("#acted").inner_text() == "no"
    assert not [one for one in sent if one.endswith("/submit") or ("elsewhere" in one and not one.endswith(" csp"))]
    assert "taken over" not in page.title()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=tmp_path / f"feedback-{width}.png")
    page.click("dialog >> text=Close")
    assert "7.5" in page.locator(".score").inner_text()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        picture(page, tmp_path, f"score-{width}")
    assert all("sandbox" in c or "Content Security Policy" in c for c in complaints), complaints


def test_a_stopped_server_is_told(chromium: Any, start: Callable[..., Server]) -> None:
    """After the server was stopped a button says so, instead of doing nothing."""
    student = start("late_clicker")
    page, _ = open_page(chromium, student)
    student.stop()
    page.click("button:text-is('Fetch')")
    told = page.wait_for_selector("#notice >> text=/./").inner_text()
    assert told.startswith("Your server does not answer.")


def test_the_page_says_why_the_last_server_was_stopped(chromium: Any, start: Callable[..., Server]) -> None:
    """Once closed, the message stays away; the page bears the course's name and leads out of the hub."""
    word = {"schema": 1, "time": "2026-01-02T13:05:00+00:00", "reason": "idle", "minutes": 60.0}
    hub = {"JUPYTERHUB_BASE_URL": "/courses/", "JUPYTERHUB_HOST": ""}
    student = start("returner", told={"DLMATH_STOPPED": json.dumps(word), **hub})
    page, complaints = open_page(chromium, student)
    assert page.locator("#stopped span").inner_text().startswith("Your server was stopped on Friday 2 January")
    assert "because nobody used it for 60 minutes. Your saved work is here." in page.locator("#stopped").inner_text()
    page.click("#stopped button")
    page.reload()
    page.wait_for_selector("section")
    assert page.locator("#stopped").inner_text() == ""
    assert (page.title(), page.locator("h1").inner_text()) == ("dlmath: units", "dlmath")
    assert page.locator("nav >> text=Log out").get_attribute("href") == "/courses/hub/logout"
    assert not complaints


def test_the_page_warns_before_the_server_stops(chromium: Any, start: Callable[..., Server], tmp_path: Path) -> None:
    """After 1.2 of 600 seconds without use, here the limit, note and title say so; Stay is use, and ends it."""
    limits = {"DLMATH_CULLING": json.dumps({"idle_minutes": 10, "warn_minutes": 9.98})}
    student = start("dreamer", told=limits)
    page = chromium.new_context(viewport={"width": 390, "height": 900}).new_page()
    page.clock.install()
    page.goto(f"{student.url}dlmath?token={TOKEN}")
    page.wait_for_selector("section")
    assert page.locator("nav >> text=Log out").count() == 0, "this server belongs to no hub"
    time.sleep(2)
    page.clock.fast_forward(61_000)
    page.wait_for_selector("#idle >> text=Your server stops in 9 minutes unless you use it.")
    assert page.title() == "Your server stops in 9 minutes unless you use it."
    picture(page, tmp_path, "warned-390")
    page.click("#idle >> text=Stay")
    page.wait_for_selector("#idle:empty", state="attached")
    assert page.title() == "dlmath: units"
    student.stop()
    page.clock.fast_forward(61_000)
    page.wait_for_selector("#notice >> text=Your server is not running")


WRONG_LOSS = """
def bce_loss_grad(w, b, X, y):
    return 1.0, w, b
"""
HOSTILE_PAGE = """<!DOCTYPE html><html><head><title>f</title><meta name="dlmath-score" content="7.5/10"></head><body>
<h1>Your mark is here</h1><p id="acted">no</p><img src="http://elsewhere.invalid/x.png">
<script>document.getElementById("acted").textContent = "yes";
fetch("../submit", {method: "POST", credentials: "include", body: "{}"});
parent.document.title = "taken over";</script>
<form id="f" action="../submit" method="post"></form><script>document.getElementById("f").submit()</script>
</body></html>"""
