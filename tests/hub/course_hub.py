"""Starts and stops `autograder hub start` for a small course, and logs people in as a browser does."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[2]
UNIT = "unit02_logistic"


@dataclass
class CourseHub:
    """A hub for the course in `home`.

    Args:
        settings: more of hub.toml; the table [hub] is written here.
        unit: of this repository, which the course consists of; of none if empty.
        passwords: name -> password, as printed at the first start.
        output: what `autograder hub start` printed, of all starts.
    """

    home: Path
    settings: str = ""
    unit: str = UNIT
    passwords: dict[str, str] = field(default_factory=dict)
    output: str = ""
    process: subprocess.Popen[str] | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        return self.home / ".hub"

    @property
    def exchange(self) -> Path:
        return self.state / "exchange"

    @property
    def log(self) -> str:
        path = self.state / "log" / "hub.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, seconds: float = 300) -> CourseHub:
        """Start it, and wait for the words that say where it is."""
        self.prepare()
        command = [sys.executable, "-m", "autograder", "--course", str(self.home), "hub", "start"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(), cwd=self.home
        )
        begun = len(self.output)
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        end = time.monotonic() + seconds
        while "Control-C stops it" not in self.output[begun:]:
            assert self.process.poll() is None and time.monotonic() < end, f"{self.output[begun:]}\n{self.log[-6000:]}"
            time.sleep(0.05)
        found = re.findall(r"^(\S+) +([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})", self.output[begun:], re.M)
        self.passwords.update(found)
        return self

    def prepare(self) -> None:
        """The course's folder; made once."""
        if self.port:
            return
        for part in ("source", "solutions"):
            (self.home / part).mkdir()
            if self.unit:
                shutil.copytree(
                    HERE / part / self.unit, self.home / part / self.unit, ignore=shutil.ignore_patterns("*.ipynb")
                )
        for name in ("jupyterhub_config.py", "nbgrader_config.py"):
            shutil.copy(HERE / name, self.home)
        self.port = free_ports(4)
        self.state.mkdir(mode=0o700)
        (self.state / "hub.toml").write_text(f"{self.settings}\n[hub]\nport = {self.port}\n")

    def _read(self) -> None:
        assert self.process and self.process.stdout
        for line in self.process.stdout:
            self.output += line

    def stop(self, number: int = signal.SIGTERM, seconds: float = 60) -> int:
        """The exit code of `autograder hub start`."""
        assert self.process
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def restart(self) -> CourseHub:
        """Stop it and start it again; everything is kept."""
        self.stop()
        return self.start()

    def person(self, name: str, login: bool = True) -> Person:
        """Somebody with a browser's cookies."""
        person = Person(self, name)
        if login:
            status, _ = person.login(self.passwords[name])
            assert status == 200, f"{name} could not log in: {status}"
        return person

    def token(self) -> str:
        """The operators' token, for the hub's API."""
        return (self.state / "operator_token").read_text().strip()


class Person:
    """Somebody at the hub. Redirections are followed, cookies kept."""

    def __init__(self, hub: CourseHub, name: str) -> None:
        self.hub, self.name = hub, name
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar)
        )
        self.address = ""  # where the last request ended
        self.headers: Message = Message()

    def login(self, password: str) -> tuple[int, str]:
        """Fill in the login form; 200 when it led to a page, 403 when it was refused."""
        self.get("/hub/login")
        form = {"username": self.name, "password": password, "_xsrf": self.xsrf("/hub/")}
        return self.ask("POST", "/hub/login?next=%2Fhub%2Fhome", urllib.parse.urlencode(form).encode())

    def xsrf(self, path: str) -> str:
        """The cookie that forms below `path` must repeat."""
        return next((c.value or "" for c in self.jar if c.name == "_xsrf" and c.path == path), "")

    def get(self, path: str) -> tuple[int, str]:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
        """Status and text of one request."""
        request = urllib.request.Request(
            urllib.parse.urljoin(self.hub.url, path), data=data, method=method, headers=headers
        )
        try:
            with self.opener.open(request, timeout=60) as answer:
                self.address, self.headers = answer.url, answer.headers
                return answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            self.address, self.headers = error.url or "", error.headers
            return error.code, error.read().decode("utf-8", "replace")

    def start_server(self, seconds: float = 180) -> None:
        """Start my own server, wait until it answers, and let it know me as a browser's first page does."""
        self.get(f"/hub/spawn/{self.name}")
        end = time.monotonic() + seconds
        while True:
            status, text = self.get(f"/user/{self.name}/dlmath")
            if status == 200 and f"{self.hub.url}/user/{self.name}/dlmath" in self.address:
                return
            assert time.monotonic() < end, f"{self.name}: no server: {status} {text[:500]}\n{self.hub.log[-6000:]}"
            time.sleep(0.5)

    def json(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A request to my own server's API, with the header that it wants."""
        base = f"/user/{self.name}/"
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-XSRFToken": self.xsrf(base), "Content-Type": "application/json"}
        status, text = self.ask(method, base + path, data, **headers)
        return status, json.loads(text) if text[:1] in "{[" and text else text


def environment() -> dict[str, str]:
    """Without what the tests' own surroundings would say to Jupyter."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "DLMATH", "NBGRADER", "PYTEST"))}


def free_ports(number: int) -> int:
    """The first of several free ports in a row: workers of the tests, whose numbers follow each other, look apart."""
    for first in range(20_000 + 400 * (os.getpid() % 30), 60_000, number):
        try:
            for port in range(first, first + number):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")
