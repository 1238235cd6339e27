"""The shared formgrader behind a real hub: two lecturers in two browsers, and a student who is turned away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from autograder.hub.proxy import find_proxy
from tests.build.small_course import UNIT
from tests.hub.chromium import browser
from tests.hub.formgrader_alone import environment, free_port
from tests.hub.lecturers import COURSE, Classroom, classroom
from tests.hub.test_formgrader_browser import SLOW

PROXY = find_proxy()
SETTINGS = """
import sys
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.load_groups = {{"formgrade-{course}": {{"users": ["ann", "bob", "grader-{course}"]}}}}
c.JupyterHub.services = [dict(
    name="{course}", url="http://127.0.0.1:{service}", command=[sys.executable, "-m", "autograder.hub.formgrader"],
    cwd={home!r}, oauth_no_confirm=True, environment={environment!r},
)]
c.JupyterHub.load_roles = [
    dict(name="lecturers", groups=["formgrade-{course}"], scopes=["access:services!service={course}"]),
    dict(name="grader", services=["{course}"], scopes=["read:users!user=grader-{course}"]),
]
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(PROXY is None, reason="the hub's proxy is not installed: python -m autograder.hub.proxy"),
]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    folder = tmp_path_factory.mktemp("hub")
    made = classroom(folder)
    state = made.course.home / ".hub"
    state.mkdir(mode=0o700)
    room = Classroom(made.course, made.exchange.rename(state / "exchange"), state / "homes")
    for number in (1, 2, 3):
        room.hand_in(f"s{number}", doubled=SLOW)
    return room


@pytest.fixture(scope="module")
def address(room: Classroom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A hub with the formgrader as its only service."""
    folder = tmp_path_factory.mktemp("jupyterhub")
    ports = {name: free_port() for name in ("port", "hub", "api", "service")}
    own = {"PYTHONPATH": environment(folder)["PYTHONPATH"], "HOME": str(folder)}
    text = SETTINGS.format(**ports, proxy=str(PROXY), course=COURSE, home=str(room.course.home), environment=own)
    (folder / "jupyterhub_config.py").write_text(text)
    with open(folder / "log", "wb") as log:
        hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub"],
            cwd=folder, env=environment(folder), stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{ports['port']}"
    try:
        assert answers(f"{address}/services/{COURSE}/", hub), (folder / "log").read_text()[-4000:]
        yield address
    finally:
        hub.terminate()
        try:
            hub.wait(90)
        finally:
            if hub.poll() is None:
                os.killpg(hub.pid, signal.SIGKILL)


def answers(url: str, hub: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 90
    while hub.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=10).status_code == 200:  # the login page, after redirects
                return True
        except requests.RequestException:
            pass
        time.sleep(0.3)
    return False


def login(chromium: Any, address: str, name: str, faults: list[str]) -> Any:
    page = chromium.new_context(viewport={"width": 1300, "height": 850}).new_page()
    page.on("pageerror", lambda error: faults.append(f"{name}: {error}"))
    page.on("requestfailed", lambda request: faults.append(f"{name}: {request.url} {request.failure}"))
    page.goto(f"{address}/hub/login?next=%2Fservices%2F{COURSE}%2F")
    page.fill("#username_input", name)
    page.fill("#password_input", "any")
    page.click("#login_submit")
    return page


def test_lecturers_share_and_students_stay_out(address: str, room: Classroom) -> None:
    """One lecturer collects, grades and returns; the other sees the progress with the name; a student gets 403."""
    faults: list[str] = []
    with browser() as chromium:
        ann, bob = (login(chromium, address, name, faults) for name in ("ann", "bob"))
        ann.click("td.collect a")
        ann.wait_for_selector(".modal-body", timeout=60_000)
        assert "3 new" in ann.inner_text(".modal-body")
        ann.click(".modal-footer button")
        ann.wait_for_selector(".modal", state="detached")
        ann.click("td.name a")
        ann.click("#dlmath-grade")
        bob.wait_for_selector("#dlmath-progress", timeout=60_000)
        assert "asked for by ann" in bob.inner_text("#dlmath-grading")
        ann.wait_for_selector("#dlmath-result", timeout=180_000)
        assert "3 graded" in ann.inner_text("#dlmath-result")
        ann.click("#dlmath-return")
        ann.wait_for_selector(".modal-body", timeout=60_000)
        assert "3 students can fetch" in ann.inner_text(".modal-body")
        policy = ann.request.get(f"{address}/services/{COURSE}/formgrader/manage_assignments").headers
        assert policy["content-security-policy"] == "frame-ancestors 'self'"
        assert not faults
        student = login(chromium, address, "s1", [])
        student.wait_for_load_state()
        assert "403" in student.inner_text("body")
    log = (room.course.home / ".hub" / "log" / "audit.jsonl").read_text()
    assert f'"who": "ann", "what": "grading done", "unit": "{UNIT}"' in log
