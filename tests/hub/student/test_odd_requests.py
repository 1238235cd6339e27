"""Forged and odd requests to a student's server."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest

from tests.hub.student.server import TOKEN, UNIT, Server, browser_session

ODD_UNITS = ["..", "../outbound", ".hidden", "a/b", "unit*", "u+v", "unit\0", "a..b", "", " ", "x" * 300, "%2e%2e", "ü"]
ACTIONS = [("POST", "fetch"), ("POST", "submit"), ("POST", "feedback"), ("POST", "validate"), ("GET", "submit")]


@pytest.mark.parametrize("odd", ODD_UNITS)
def test_odd_units_are_refused_with_a_sentence(student: Server, odd: str) -> None:
    """No name leads out of the exchange or the student's folder."""
    for method, action in ACTIONS:
        status, answer = student.api(method, f"/{quote(odd, safe='')}/{action}")
        assert status in (400, 404) and answer["error"].endswith("."), (action, answer)


def test_an_unknown_unit_names_the_known_ones(student: Server) -> None:
    """A unit that was never released is not fetched."""
    status, answer = student.api("POST", "/unit99_nothing/fetch")
    assert (status, answer["error"]) == (404, f"unit: got 'unit99_nothing', expected one of {UNIT}.")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[]", "body: got a JSON list, expected an object."),
        (b"{", "body: got no JSON, expected a JSON object."),
        (b"[" * 5000, "body: got no JSON, expected a JSON object."),
        (b'{"restore": 1}', "restore: got int, expected bool."),
        (b'{"student": "student2"}', "body: got the key 'student', expected restore."),
        (b'"' + b"x" * 20_000 + b'"', "body: got 20002 bytes, expected at most 10000."),
        (b"\xff\xfe", "body: got no JSON, expected a JSON object."),
    ],
)
def test_odd_bodies_are_refused(student: Server, body: bytes, message: str) -> None:
    """What is no object with known keys is refused by name."""
    status, text, _ = student.open("POST", f"dlmath/api/units/{UNIT}/fetch", body, Authorization=f"token {TOKEN}")
    assert status in (400, 413) and json.loads(text)["error"] == message


@pytest.mark.parametrize("path", ["page?at=x&notebook=y", "page", "receipt?at=../../x", "receipt"])
def test_odd_times_are_refused(student: Server, path: str) -> None:
    """Feedback and receipts are found by a submission's time, never by a path."""
    status, answer = student.api("GET", f"/{UNIT}/{path}")
    assert status == 400 and "expected" in answer["error"]


@pytest.mark.parametrize("notebook", ["../../x", "a/b", ".x", "a\0b", ""])
def test_odd_notebooks_are_refused(student: Server, notebook: str) -> None:
    """The name of a feedback page is a name."""
    query = f"page?at={quote('2026-01-01 00:00:00.000000 UTC')}&notebook={quote(notebook, safe='')}"
    status, answer = student.api("GET", f"/{UNIT}/{query}")
    assert status in (400, 404) and answer["error"].endswith(".")


def test_other_addresses_are_sentences_too(student: Server) -> None:
    """Unknown addresses and methods of the API answer in JSON."""
    for method, path in (("GET", "/x/y/z"), ("DELETE", f"/{UNIT}/fetch"), ("GET", f"/{UNIT}/fetch")):
        status, answer = student.api(method, path)
        assert status in (404, 405) and "no such action" in answer["error"]


@pytest.mark.parametrize("path", ["", f"/{UNIT}/submit", f"/{UNIT}/validate", f"/{UNIT}/receipt?at=x", f"/{UNIT}/page"])
def test_nobody_gets_in_without_a_token(student: Server, path: str) -> None:
    """Every address of the API asks who is there."""
    status, text, _ = student.open("GET", f"dlmath/api/units{path}")
    assert status == 403 and "not logged in" in json.loads(text)["error"]


def test_the_page_sends_strangers_to_the_login(student: Server) -> None:
    """The page is shown to the student alone; its scripts, the same for all, hold no token."""
    with urllib.request.urlopen(student.url + "dlmath", timeout=60) as answer:
        assert "/login" in answer.url
    status, text, _ = student.open("GET", "dlmath/static/page.js")
    assert status == 200 and b"student1" not in text


def test_only_the_pages_own_files_are_served(student: Server) -> None:
    """No path leads out of the folder of the page."""
    for name in ("..%2fhandlers.py", "handlers.py", "index.html", "%2e%2e/desk.py", "page.jsx"):
        assert student.open("GET", f"dlmath/static/{name}", Authorization=f"token {TOKEN}")[0] == 404


def test_a_forged_request_of_another_site_is_refused(student: Server) -> None:
    """With the student's cookies but without the page's token nothing is done; with it, it is."""
    opener, token = browser_session(student)
    url = f"{student.url}dlmath/api/units/{UNIT}/fetch"
    for headers in ({}, {"X-XSRFToken": "guessed"}, {"X-XSRFToken": token, "Origin": "http://evil.example"}):
        with pytest.raises(urllib.error.HTTPError, match=r"403|404") as refused:
            opener.open(urllib.request.Request(url, b"{}", headers, method="POST"), timeout=60)
        assert "Reload" in json.loads(refused.value.read())["error"]
    assert not student.folder.exists()
    with opener.open(urllib.request.Request(url, b"{}", {"X-XSRFToken": token}, method="POST"), timeout=60) as answer:
        assert "was fetched" in json.loads(answer.read())["message"]


def test_the_page_says_what_a_browser_may_do(student: Server) -> None:
    """Scripts and styles come from this server alone, and other sites cannot frame the page."""
    _, text, headers = student.open("GET", "dlmath", Authorization=f"token {TOKEN}")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy and "unsafe" not in policy
    assert b"http://" not in text and b"https://" not in text


def test_jupyterlab_saves_often_and_asks_no_news(student: Server) -> None:
    """Our defaults for JupyterLab are where JupyterLab looks for defaults; it never asks a web site for news."""
    status, settings = student.ask("GET", "lab/api/settings/@jupyterlab/docmanager-extension:plugin")
    assert status == 200 and settings["schema"]["properties"]["autosaveInterval"]["default"] == 20
    _, settings = student.ask("GET", "lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
