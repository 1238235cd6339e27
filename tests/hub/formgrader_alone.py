"""A formgrader without a hub, started for tests, and what a lecturer does there by HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.build.small_course import UNIT
from tests.hub.lecturers import Classroom, classroom

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "only-for-this-test"


@dataclass
class Service:
    """A running formgrader and what a lecturer does there."""

    room: Classroom
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/formgrader"

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.address}/{path}", headers={"Authorization": f"token {TOKEN}"}, timeout=60)

    def post(self, path: str, **body: Any) -> requests.Response:
        headers = {"Authorization": f"token {TOKEN}"}
        return requests.post(f"{self.address}/api/{path}", json=body, headers=headers, timeout=120)

    def answer(self, path: str) -> dict[str, Any]:
        """What a POST says, which nbgrader's pages parse themselves."""
        got = self.post(path)
        assert got.status_code == 200, self.log.read_text()[-3000:]
        return dict(json.loads(got.text))

    def graded(self) -> dict[str, Any]:
        """The last batch of the unit, when nothing runs any more."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            view = self.get("api/grading").json()
            if not view["running"] and not view["waiting"]:
                return dict(view["last"][UNIT])
            time.sleep(0.1)
        raise AssertionError("grading did not end")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "DLMATH"))}
    return {**kept, "HOME": str(home), "PYTHONPATH": os.pathsep.join([str(ROOT), kept.get("PYTHONPATH", "")])}


def start(room: Classroom, log: Path) -> Service:
    port = free_port()
    words = [sys.executable, "-m", "autograder.hub.formgrader", "--alone", f"--port={port}"]
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [*words, f"--IdentityProvider.token={TOKEN}"],
            cwd=room.course.home, env=environment(log.parent), stdout=out, stderr=out,
        )  # fmt: skip
    return Service(room, port, process, log)


@contextmanager
def running(folder: Path) -> Iterator[Service]:
    """A formgrader of the small course that answers."""
    room = classroom(folder)
    state = room.course.home / ".hub"
    state.mkdir(mode=0o700)
    room = Classroom(room.course, room.exchange.rename(state / "exchange"), state / "homes")
    service = start(room, folder / "log")
    try:
        deadline = time.monotonic() + 60
        while service.process.poll() is None and time.monotonic() < deadline:
            try:
                if service.get("api/grading").status_code == 200:
                    break
            except requests.ConnectionError:
                time.sleep(0.1)
        assert service.process.poll() is None, service.log.read_text()
        yield service
    finally:
        service.process.terminate()
        service.process.wait(60)
