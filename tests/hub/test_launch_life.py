"""How a hub lives: restarted, interrupted, killed, with a formgrader that does not start, on a port that is taken."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder.hub import audit
from autograder.hub.presence import ask
from autograder.hub.proxy import find_proxy
from tests.hub.course_hub import UNIT, CourseHub, environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_proxy() is None, reason="the hub's proxy is not installed: python -m autograder.hub.proxy"),
]


@pytest.fixture
def own(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CourseHub]:
    """A hub of the test's own, not started yet; its course has no units unless the test is marked WITH_A_UNIT."""
    hub = CourseHub(tmp_path, unit=getattr(request, "param", ""))
    yield hub
    if hub.process:
        hub.stop()


WITH_A_UNIT = pytest.mark.parametrize("own", [UNIT], indirect=True)


def processes(hub: CourseHub) -> list[str]:
    """Everything that runs for this hub: by its command, its folder or what it was told."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join([*process.cmdline(), process.cwd(), *process.environ().values()])
        except psutil.Error:
            continue
        if str(hub.home) in words or f"--api-port {hub.port + 2}" in words:
            found.append(f"{process.pid} {' '.join(process.cmdline())}")
    return found


@WITH_A_UNIT
def test_a_restart_keeps_everything(own: CourseHub) -> None:
    """Passwords, logins, students' files and released units are there again; passwords are not printed again."""
    own.start()
    student = own.person("student1")
    student.start_server()
    assert student.json("POST", "dlmath/api/units/unit02_logistic/fetch", {})[0] == 200
    fetched = own.state / "homes" / "student1" / "dlmath" / "unit02_logistic"
    assert sorted(fetched.glob("*.ipynb"))
    assert len(processes(own)) >= 6, "launcher, hub, proxy, keeper, formgrader, culler, server"
    passwords, printed = dict(own.passwords), len(own.output)

    assert own.stop() == 0 and processes(own) == []
    own.start()
    assert own.passwords == passwords and not any(word in own.output[printed:] for word in passwords.values())
    assert student.get("/hub/home")[0] == 200 and "/hub/home" in student.address, "the browser is still logged in"
    assert own.person("student1").name == "student1" and sorted(fetched.glob("*.ipynb"))
    assert own.stop(signal.SIGINT) == 0 and processes(own) == []
    what = {entry["what"] for entry in audit.read(own.state)}
    assert {"login", "server start"} <= what


def test_a_formgrader_that_does_not_start_harms_nobody_else(own: CourseHub) -> None:
    """With a damaged gradebook students log in, and lecturers read what is wrong; the proxy ends with the hub."""
    own.prepare()
    (own.home / "gradebook.db").write_bytes(b"this is no database" * 100)
    own.start()
    assert "The gradebook cannot be used" in own.output and own.person("student1").name
    reply = ask(f"{own.url}/services/dlmath/")
    assert reply.status == 404 and "The formgrader is not available" in reply.text
    assert "gradebook" not in reply.text, "anybody may open this page"
    assert own.stop() == 0 and processes(own) == []


def test_a_hub_that_is_killed_leaves_nothing(own: CourseHub) -> None:
    """The launcher says so, ends what the hub left behind, and fails."""
    own.start()
    assert own.process
    children = psutil.Process(own.process.pid).children()
    jupyterhub = next(p for p in children if "jupyterhub" in " ".join(p.cmdline()))
    jupyterhub.send_signal(signal.SIGKILL)
    assert own.process.wait(60) == 2
    assert "got an end with exit code -9" in own.output and processes(own) == []


def test_a_launcher_that_is_killed_takes_the_hub_along(own: CourseHub) -> None:
    """Nobody is left with a hub that nothing stops."""
    own.start()
    assert own.process
    own.process.send_signal(signal.SIGKILL)
    own.process.wait(60)
    end = time.monotonic() + 60
    while processes(own) and time.monotonic() < end:
        time.sleep(0.5)
    assert processes(own) == []


@WITH_A_UNIT
@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_a_port_that_is_taken_is_named(own: CourseHub, part: int) -> None:
    """Before anything is built or started, with the lines to write for another port."""
    own.prepare()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", own.port + part))
        taken.listen()
        command = [sys.executable, "-m", "autograder", "--course", str(own.home), "hub", "start"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False, timeout=60)
    assert done.returncode == 2 and f"[hub] port: got {own.port + part}" in done.stderr
    assert "port = 8100" in done.stderr and not (own.home / "release").exists() and processes(own) == []


def test_a_hub_from_the_background_hears_an_interrupt() -> None:
    """`autograder hub start &` ignores interrupts, as the shell wants it; the hub that it starts does not."""
    program = (
        "import signal, subprocess, sys\n"
        "from autograder.hub.launch import begin_hub\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "child = 'import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)'\n"
        "for begin in (None, begin_hub):\n"
        "    subprocess.run([sys.executable, '-c', child], preexec_fn=begin, check=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment())
    assert done.stdout.split() == ["False", "True"], done.stderr
