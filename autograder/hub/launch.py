"""`autograder hub start`: the whole hub on this machine, started together and stopped together."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from autograder.errors import AutograderError, ConfigurationError
from autograder.hub.configure import ports, prepare_state
from autograder.hub.course_start import enrol, make_passwords, offer_units
from autograder.hub.presence import ask
from autograder.hub.proxy import find_proxy, install_proxy
from autograder.hub.readiness import require_ready

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["Launch", "start"]

READY_SECONDS = 180.0
STOP_SECONDS = 40.0
LOG_BYTES = 20_000_000
BECOME_SUBREAPER, DIE_WITH_PARENT = 36, 1  # of prctl(2)
CONFIG = '''"""Written by `autograder hub start`, because the course's folder has no jupyterhub_config.py of its own."""
from pathlib import Path

from autograder.hub.configure import configure

configure(get_config(), Path({home!r}))
'''


@dataclass
class Launch:
    """A hub that runs below this process.

    Args:
        passwords: made at this start, name -> password; shown once.
    """

    settings: Settings
    passwords: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.settings.state / "log" / "hub.log"

    def start(self) -> None:
        """Start it and wait until its login page answers."""
        become_subreaper()
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        command = [sys.executable, "-m", "jupyterhub", "-f", str(config_file(self.settings))]
        fd = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(fd, "ab") as log:
            self.begun = log.tell()
            self.process = subprocess.Popen(
                command,
                cwd=self.settings.state,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Control-C is for us: we end it in order
                preexec_fn=begin_hub,
            )
        try:
            self.await_login()
        except BaseException:
            self.stop()
            raise

    def environment(self) -> dict[str, str]:
        proxy = find_proxy(self.settings.path(self.settings.hub.proxy) if self.settings.hub.proxy else None)
        named = {"DLMATH_SETTINGS": str(self.settings.file)} if self.settings.file.is_file() else {}
        return {**os.environ, **named, "DLMATH_PROXY": str(proxy)}

    def await_login(self) -> None:
        """JupyterHub's page is there; else its last words."""
        assert self.process
        end = time.monotonic() + READY_SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            if ask(f"{self.settings.url}/hub/health").status == 200:
                return
            time.sleep(0.5)
        ended = self.process.poll() is not None
        what = "JupyterHub ended" if ended else f"JupyterHub did not answer within {READY_SECONDS:.0f} seconds"
        raise AutograderError(f"hub: {what}. Its last words, of {self.log}:\n{self.last_words()}")

    def last_words(self, lines: int = 15) -> str:
        with self.log.open("rb") as log:
            log.seek(self.begun)
            return b"\n".join(log.read().splitlines()[-lines:]).decode("utf-8", "replace")

    def wait(self) -> int:
        """Until the hub ends; its exit code."""
        assert self.process
        return self.process.wait()

    def stop(self) -> None:
        """End the hub in order, then what it left behind."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):  # a second Control-C: no waiting
                self.process.wait(STOP_SECONDS)
        end_descendants(keep_servers=self.settings.spawner.kind != "simple", hub=self.process)


def start(settings: Settings, tell: Callable[[str], None]) -> Launch:
    """Make everything ready, and start the hub.

    Args:
        tell: progress, a line at a time.
    """
    require_ready(settings)
    require_free_ports(settings)
    prepare_state(settings)
    if not settings.hub.proxy and find_proxy() is None:
        tell("Installing the hub's proxy (once)")
        install_proxy()
    if settings.spawner.kind == "simple":
        offer_units(settings, tell)
    enrol(settings, tell)
    tell("Starting the hub")
    launch = Launch(settings)
    launch.start()
    # Only now: passwords that were made for a hub that did not start would have been shown for nothing.
    launch.passwords = make_passwords(settings)
    return launch


def config_file(settings: Settings) -> Path:
    """The course's own, or one with nothing but the settings."""
    own = settings.home / "jupyterhub_config.py"
    if own.is_file():
        return own
    path = settings.state / "jupyterhub_config.py"
    path.write_text(CONFIG.format(home=str(settings.home)), encoding="utf-8")
    return path


def require_free_ports(settings: Settings) -> None:
    """Say now who cannot listen, and what to do."""
    for name, port in ports(settings).items():
        address = settings.hub.address if name == "proxy" else "127.0.0.1"
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                first = settings.hub.port
                raise ConfigurationError(
                    f"[hub] port: got {port} ({name}), which cannot be used: {error.strerror}. Expected {first} to "
                    f"{first + 3} free. Does a hub run already? Else write into {settings.file}:\n[hub]\nport = 8100"
                ) from None


def become_subreaper() -> None:
    """What the hub leaves behind when it dies becomes our child, so that it can be found and ended (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)


def begin_hub() -> None:
    """In the hub's process: it ends when this one is killed (Linux), and its servers hear that they are to end.

    What a shell starts in the background ignores interrupts, and so would all that it starts: JupyterHub, which ends
    servers by an interrupt first, would wait ten seconds for each before it sends more.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM, 0, 0, 0)


def end_descendants(keep_servers: bool, hub: subprocess.Popen[bytes] | None) -> None:
    """No process stays; where students work on while the hub is down, only the hub and its proxy are ended."""
    import psutil

    left = psutil.Process().children(recursive=True)
    if keep_servers:
        left = [p for p in left if (hub is not None and p.pid == hub.pid) or is_proxy(p)]
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)


def is_proxy(process: object) -> bool:
    import psutil

    with contextlib.suppress(psutil.Error):
        return any("configurable-http-proxy" in word for word in process.cmdline())  # type: ignore[attr-defined]
    return False


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end this process as Control-C does."""

    def interrupt(number: int, _: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
