"""A student's real Jupyter server with the page of the units, and a client for it."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.utils import notebook_hash

from autograder.hub.student_files import LAB
from autograder.intake import submission_hash

COURSE, UNIT, TOKEN = "dlmath", "unit02_logistic", "a-token-of-the-tests"


@dataclass
class Server:
    """One student's server process.

    Args:
        student: hub user name.
        home: holds the student's `home/` and everything that Jupyter writes.
        exchange: the exchange's root.
        due: unit -> ISO time with zone.
        lab: with JupyterLab.
        told: more environment, as the hub gives it.
    """

    student: str
    home: Path
    exchange: Path
    due: dict[str, str] = field(default_factory=dict)
    lab: bool = False
    told: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    @property
    def root(self) -> Path:
        return self.home / "home"

    @property
    def folder(self) -> Path:
        return self.root / COURSE / UNIT

    @property
    def base(self) -> str:
        return f"/user/{self.student}/"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base}"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    def start(self) -> Server:
        self.root.mkdir(parents=True, exist_ok=True)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        options = {
            "ServerApp.base_url": self.base,
            "ServerApp.port": str(self.port),
            "ServerApp.port_retries": "0",
            "ServerApp.root_dir": str(self.root),
            "ServerApp.open_browser": "False",
            "ServerApp.allow_root": "True",
            "IdentityProvider.token": TOKEN,
        }
        module = "jupyterlab" if self.lab else "jupyter_server"
        command = [sys.executable, "-m", module, *(f"--{k}={v}" for k, v in options.items())]
        command.append("--ServerApp.jpserver_extensions=dlmath_kit.hub=True")
        command += [f"--LabApp.{name}={value}" for name, value in LAB.items()]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment(), cwd=self.root, stdout=log, stderr=subprocess.STDOUT
            )
        self._await()
        return self

    def environment(self) -> dict[str, str]:
        """What the hub gives a server."""
        given = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "DLMATH", "NBGRADER"))}
        return given | {
            "HOME": str(self.home),
            "IPYTHONDIR": str(self.home / "ipython"),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "JUPYTERHUB_USER": self.student,
            "DLMATH_COURSE": COURSE,
            "DLMATH_EXCHANGE": str(self.exchange),
            "DLMATH_DUE": json.dumps(self.due),
            "DLMATH_TIMEZONE": "Europe/Brussels",
            "DLMATH_CULLING": json.dumps({"idle_minutes": 60, "warn_minutes": 10}),
            **self.told,
        }

    def _await(self) -> None:
        assert self.process
        for _ in range(300):
            assert self.process.poll() is None, self.log.read_text()
            try:
                if self.ask("GET", "api/status")[0] == 200:
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.2)
        raise AssertionError(f"the server did not answer:\n{self.log.read_text()}")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def open(
        self, method: str, path: str, data: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of one request, with no other credentials than `headers`."""
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), dict(error.headers)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of one request with the student's token."""
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        status, text, _ = self.open(method, path, data, Authorization=f"token {TOKEN}")
        return status, json.loads(text)

    def api(self, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        return self.ask(method, f"dlmath/api/units{path}", body)

    def unit(self) -> dict[str, Any]:
        """The one unit as the page shows it."""
        status, state = self.api("GET")
        assert status == 200, state
        return next(u for u in state["units"] if u["name"] == UNIT)

    def notebook(self, name: str) -> Path:
        return self.folder / f"{name}.ipynb"

    def edit(self, name: str, **cells: str | None) -> None:
        """Give cells another text, by grade_id; None deletes the cell."""
        path = self.notebook(name)
        document = json.loads(path.read_text(encoding="utf-8"))
        kept = []
        for cell in document["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if grade_id in cells:
                text = cells[grade_id]
                if text is None:
                    continue
                cell["source"] = text
            kept.append(cell)
        document["cells"] = kept
        path.write_text(json.dumps(document), encoding="utf-8")

    def submissions(self) -> list[Path]:
        """What this student has in the exchange, the oldest first."""
        return sorted((self.exchange / COURSE / "inbound").glob(f"{self.student}+{UNIT}+*"))

    def receipt_digest(self) -> str:
        """The SHA-256 that the grader records for the last submission."""
        return submission_hash(self.submissions()[-1])

    def return_feedback(self, notebook: str, page: str, which: int = -1) -> None:
        """Put a feedback page where nbgrader's release_feedback puts it."""
        secret = (self.submissions()[which] / "submission_secret.txt").read_text()
        folder = self.exchange / COURSE / "feedback"
        folder.mkdir(exist_ok=True)
        (folder / f"{notebook_hash(secret=secret, notebook_id=notebook)}.html").write_text(page)

    def validated(self, seconds: float = 120) -> dict[str, Any]:
        """Validate and wait for the end."""
        status, run = self.api("POST", f"/{UNIT}/validate")
        assert status == 202, run
        end = time.monotonic() + seconds
        while run["state"] == "running":
            assert time.monotonic() < end, run
            time.sleep(0.3)
            _, run = self.api("GET", f"/{UNIT}/validate")
        return run


def browser_session(server: Server) -> tuple[urllib.request.OpenerDirector, str]:
    """A logged-in browser's cookies, and the XSRF token of its page."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with opener.open(f"{server.url}dlmath?token={TOKEN}", timeout=60) as answer:
        text = answer.read().decode()
    return opener, text.split('name="dlmath-xsrf" content="')[1].split('"')[0]
