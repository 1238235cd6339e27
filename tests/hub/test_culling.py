"""Idle servers are stopped, working ones are not, and the student is told at the next start."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.hub import audit
from autograder.hub.culler import Stopper, notices, take_notice
from autograder.hub.presence import ask
from tests.hub.plain_hub import PlainHub, plain_hub
from tests.hub.web_student import WebStudent


def server(started: datetime, user: str = "ana") -> dict[str, str]:
    return {"name": "", "url": f"/user/{user}/", "started": started.isoformat()}


def test_a_notice_is_told_once_to_its_user(tmp_path: Path) -> None:
    """Names with any signs stay file names below the folder; reading takes the notice away."""
    stopper = Stopper(tmp_path, 60, 0, "http://127.0.0.1:1", "")
    for user in ("ana@example.org", "../../etc/passwd"):
        stopper.leave_word(user, "idle", 60)
        assert json.loads(take_notice(tmp_path, user))["reason"] == "idle"
        assert take_notice(tmp_path, user) == ""
    assert list(notices(tmp_path).iterdir()) == []
    assert take_notice(tmp_path, "bob") == ""


@pytest.mark.parametrize(
    ("idle", "max_age", "inactive", "age", "reason"),
    [
        (60, 0, 59, 1000, ""),
        (60, 0, 60, 1000, "idle"),
        (0, 0, 1000, 1000, ""),
        (0, 500, 0, 1000, "age"),
        (60, 500, 100, 400, "idle"),
        (60, 500, 100, 600, "age"),
    ],
)
def test_the_reason_is_idling_or_age(
    tmp_path: Path, idle: float, max_age: float, inactive: float, age: float, reason: str
) -> None:
    """Age comes first: it stops also what is in use."""
    started = datetime.now(UTC) - timedelta(seconds=age)
    stopper = Stopper(tmp_path, idle, max_age, "", "")
    assert stopper.reason(timedelta(seconds=inactive), server(started))[0] == reason


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainHub]:
    """A hub that stops what is idle for fifteen seconds, and looks every second."""
    more = "c.JupyterHub.last_activity_interval = 1\nc.JupyterHub.activity_resolution = 1\n"
    state = tmp_path_factory.mktemp("culling") / "state"
    with plain_hub(state, ("--idle=15", "--every=1"), more=more) as running:
        yield running


@pytest.mark.slow
def test_an_idle_server_is_stopped_and_a_working_one_is_not(hub: PlainHub) -> None:
    """Ana's cell sleeps in silence for 35 s and ends; Bob does nothing, is stopped, and word is left for him."""
    ana, bob = WebStudent(hub.url, "ana", "pw"), WebStudent(hub.url, "bob", "pw")
    for student in (bob, ana):  # however long that takes, Ana is not idle in between
        student.log_in()
        student.start_server()
        student.start_kernel()
    began = time.monotonic()
    assert ana.run("import time\ntime.sleep(35)\nprint('done')").strip() == "done"
    assert time.monotonic() - began >= 35
    assert not (notices(hub.state) / "ana.json").exists(), "a cell ran all the time"
    word = json.loads(take_notice(hub.state, "bob"))
    assert (word["reason"], word["minutes"]) == ("idle", 0.2)
    running = {user["name"]: bool(user["server"]) for user in users(hub)}
    assert running["bob"] is False
    (entry,) = (e for e in audit.read(hub.state) if e.get("user") == "bob")
    assert (entry["who"], entry["what"], entry["reason"]) == ("culler", "server stopped", "idle")
    end = time.monotonic() + 120
    while not (notices(hub.state) / "ana.json").exists():
        assert time.monotonic() < end, "Ana's server is idle since her cell has ended"
        time.sleep(0.5)


@pytest.mark.slow
def test_asking_how_long_a_server_is_idle_does_not_keep_it(hub: PlainHub) -> None:
    """Dora's page asks every second and is told what the hub thinks; her server is stopped all the same."""
    dora, began = WebStudent(hub.url, "dora", "pw"), time.monotonic()
    dora.log_in()
    dora.start_server()
    told: list[int] = []
    end = time.monotonic() + 120
    while not (notices(hub.state) / "dora.json").exists():
        assert time.monotonic() < end, f"asking kept the server alive: {told}"
        answer = dora.ask("GET", "/dlmath/api/idle")
        if answer.status_code == 304:
            told.append(int(answer.headers["X-Dlmath-Idle-Seconds"]))
        time.sleep(1)
    assert told == sorted(told) and told[0] < told[-1] < time.monotonic() - began, told


def users(hub: PlainHub) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(ask(f"{hub.url}/hub/api/users", hub.token).text)
    return found
