"""A student at the hub without a browser: pages and API by HTTP, kernels by websocket, cookies as in a browser."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests


@dataclass
class WebStudent:
    """One person's session.

    Args:
        hub: where the proxy answers, without a path at its end.
    """

    hub: str
    name: str
    password: str
    session: requests.Session = field(default_factory=requests.Session)
    kernel: str = ""

    def __post_init__(self) -> None:
        self.session.trust_env = False

    @property
    def home(self) -> str:
        """Where the student's own server answers."""
        return f"{self.hub}/user/{quote(self.name)}"

    def log_in(self) -> None:
        """Through the login form."""
        page = self.session.get(f"{self.hub}/hub/login", timeout=60)
        page.raise_for_status()
        form = {"username": self.name, "password": self.password, "_xsrf": self.xsrf("/hub/")}
        answer = self.session.post(f"{self.hub}/hub/login", data=form, timeout=60, allow_redirects=False)
        assert answer.status_code == 302, f"{self.name}: {answer.status_code} at login"

    def start_server(self, seconds: float = 180) -> None:
        """Ask for the server, wait until it answers, and pass its own login."""
        self.session.get(f"{self.hub}/hub/spawn", timeout=seconds)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            page = self.session.get(f"{self.home}/dlmath", timeout=60, headers={"Sec-Fetch-Mode": "navigate"})
            if page.status_code == 200 and page.url.startswith(f"{self.home}/"):
                return
            time.sleep(0.5)
        raise TimeoutError(f"{self.name}: no server after {seconds:.0f} s; the last answer was {page.status_code}")

    def xsrf(self, path: str) -> str:
        """The token of the longest cookie path, as a page's script reads it."""
        found = [c for c in self.session.cookies if c.name == "_xsrf" and path.startswith(c.path)]
        return max(found, key=lambda c: len(c.path)).value or "" if found else ""

    def ask(self, method: str, path: str, body: Any = None, seconds: float = 120) -> requests.Response:
        """A request of a page's script to the student's server."""
        headers = {"X-XSRFToken": self.xsrf(f"/user/{quote(self.name)}/")}
        return self.session.request(method, f"{self.home}{path}", json=body, headers=headers, timeout=seconds)

    def start_kernel(self, spec: str = "python3", folder: str = "") -> str:
        answer = self.ask("POST", "/api/kernels", {"name": spec, "path": folder})
        answer.raise_for_status()
        self.kernel = answer.json()["id"]
        return self.kernel

    def run(self, code: str, seconds: float = 60) -> str:
        """What a cell prints, and its error."""
        return asyncio.run(asyncio.wait_for(self._run(code), seconds))

    async def _run(self, code: str) -> str:
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        url = f"{self.home}/api/kernels/{self.kernel}/channels".replace("http", "ws", 1)
        request = requests.Request("GET", url.replace("ws", "http", 1))
        cookies = self.session.prepare_request(request).headers.get("Cookie", "")
        connection = await websocket_connect(HTTPRequest(url, headers={"Cookie": cookies, "Origin": self.hub}))
        message = uuid.uuid4().hex
        header = {"msg_id": message, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex}
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        header["version"] = "5.3"
        await connection.write_message(
            json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"})
        )
        told: list[str] = []
        while True:
            text = await connection.read_message()
            assert text is not None, f"{self.name}: the kernel's connection was closed"
            reply = json.loads(text)
            if reply["parent_header"].get("msg_id") != message:
                continue
            kind, said = reply["msg_type"], reply["content"]
            if kind == "stream":
                told.append(said["text"])
            elif kind == "execute_result":
                told.append(said["data"]["text/plain"])
            elif kind == "error":
                told.append(f"{said['ename']}: {said['evalue']}")
            elif kind == "status" and said["execution_state"] == "idle":
                connection.close()
                return "".join(told)
