"""A real JupyterHub with stock parts and the operators' services: what operations are tested against.

The course's own hub is configured elsewhere; here is no more than a hub, its proxy, password `pw` for everybody, and a
spawner that starts servers as this user (`simple`) or as each person's own account (`system`, needs root).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.hub import proxy
from autograder.hub.operations import CULLER, CULLER_SCOPES, OPERATOR, OPERATOR_SCOPES, operator_token
from autograder.hub.presence import ask

CONFIG = """
import os, sys
c = get_config()
c.JupyterHub.bind_url = {url!r}
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.db_url = "sqlite:///" + {state!r} + "/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = {state!r} + "/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "pw"
c.Authenticator.allow_all = True
c.JupyterHub.cleanup_servers = True
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.Spawner.default_url = "/dlmath"
c.JupyterHub.services = [dict(name={operator!r}, api_token={token!r}), *{services!r}]
c.JupyterHub.load_roles = [
    dict(name={operator!r}, scopes={operator_scopes!r}, services=[{operator!r}]), *{roles!r}]
"""
SIMPLE = """
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root", "--ServerApp.jpserver_extensions={{'dlmath_kit.hub': True}}"]
"""


@dataclass
class PlainHub:
    """A hub that runs."""

    url: str
    state: Path
    token: str
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.state / "hub.log").read_text(errors="replace")


def find_proxy() -> str:
    """The program that `make setup` brings."""
    found = proxy.find_proxy()
    if found is None:
        pytest.skip("the hub's proxy is not installed: python -m autograder.hub.proxy")
    return str(found)


def free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@contextmanager
def plain_hub(state: Path, culler: tuple[str, ...] = (), spawner: str = SIMPLE, more: str = "") -> Iterator[PlainHub]:
    """Start it, wait until it answers, and end all that it started."""
    proxy = find_proxy()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    port, hub_port, api_port = free_ports(3)
    url, token = f"http://127.0.0.1:{port}", operator_token(state)
    command = [sys.executable, "-m", "autograder.hub.culler", f"--state={state}", f"--proxy={url}", *culler]
    services = [{"name": CULLER, "command": command}] if culler else []
    roles = [{"name": CULLER, "scopes": CULLER_SCOPES, "services": [CULLER]}] if culler else []
    text = CONFIG.format(
        url=url,
        hub_port=hub_port,
        api_port=api_port,
        proxy=proxy,
        state=str(state),
        token=token,
        services=services,
        roles=roles,
        operator=OPERATOR,
        operator_scopes=OPERATOR_SCOPES,
    )
    (state / "config.py").write_text(text + spawner.format(homes=str(state / "homes")) + more)
    (state / "homes").mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    words = [sys.executable, "-m", "jupyterhub", "-f", str(state / "config.py")]
    with open(state / "hub.log", "wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, cwd=state, env=environment, start_new_session=True)
    hub = PlainHub(url, state, token, process)
    try:
        wait(hub)
        yield hub
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(90)
        finally:
            end_session(process.pid)


def wait(hub: PlainHub, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while ask(f"{hub.url}/hub/api/").status != 200:
        assert hub.process.poll() is None and time.monotonic() < end, hub.log[-5000:]
        time.sleep(0.3)


def end_session(leader: int) -> None:
    """What the hub left behind: the processes of its session."""
    import psutil

    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader:
                process.kill()
        except (psutil.Error, OSError):
            continue
