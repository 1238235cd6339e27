"""A class arrives at once: students log in, open a notebook, run a cell and hand in, by HTTP and websocket.

python benchmarks/hub_load.py --students 30

Runs `autograder hub start` for a small course below the temporary folder, on this machine, and ends it, also after
Control-C. Students arrive evenly within `--within` seconds and wait for their servers as the hub's own page does.
Prints times, and what the processes took: CPU seconds, and memory as proportional set size.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import requests

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from tests.build.small_course import UNIT, make_course  # noqa: E402
from tests.hub.course_hub import CourseHub, free_ports  # noqa: E402
from tests.hub.web_student import WebStudent  # noqa: E402

STEPS = ("log in", "server", "fetch", "open", "kernel", "cell", "hand in")
KINDS = {
    "ipykernel": "kernel",
    "jupyterhub.singleuser": "server",
    "autograder.hub.formgrader": "formgrader",
    "configurable-http-proxy": "proxy",
    "-m jupyterhub": "hub",
}
SETTINGS = "[hub]\nport = {port}\n[people]\nstudents = {students}\n"


@dataclass
class Visit:
    """What one student waited for, and when each step was done, in seconds after the first student's arrival."""

    name: str
    waited: dict[str, float] = field(default_factory=dict)
    done: dict[str, float] = field(default_factory=dict)
    fault: str = "not done in time"


def visit(student: WebStudent, found: Visit, first: float, delay: float) -> None:
    """One student's way from the login page to a submission; it ends at the first fault."""
    time.sleep(delay)
    notebook = f"dlmath/{UNIT}/basics.ipynb"
    actions = {
        "log in": student.log_in,
        "server": lambda: await_server(student),
        "fetch": lambda: require(student.ask("POST", f"/dlmath/api/units/{UNIT}/fetch", {})),
        "open": lambda: require(student.ask("GET", f"/api/contents/{notebook}")),
        "kernel": lambda: (student.start_kernel(), student.run("1 + 1", 300)),
        "cell": lambda: student.run("import numpy as np; np.linalg.norm(np.ones(1000))", 300),
        "hand in": lambda: require(student.ask("POST", f"/dlmath/api/units/{UNIT}/submit", {})),
    }
    try:
        for step in STEPS:
            began = time.monotonic()
            actions[step]()
            found.waited[step], found.done[step] = time.monotonic() - began, time.monotonic() - first
    except Exception as error:
        found.fault = f"{step}: {type(error).__name__}: {error}"[:300]
    else:
        found.fault = ""


def require(answer: requests.Response) -> None:
    if answer.status_code >= 400:
        raise RuntimeError(f"{answer.status_code}: {answer.text[:200]}")


def await_server(student: WebStudent) -> None:
    """The hub tells a page that waits when the server is there; asking again and again would cost it more."""
    student.session.get(f"{student.hub}/hub/spawn", timeout=300)
    url = f"{student.hub}/hub/api/users/{student.name}/server/progress?_xsrf={student.xsrf('/hub/')}"
    with student.session.get(url, stream=True, timeout=300) as events:
        require(events)
        for line in events.iter_lines():
            event = json.loads(line.removeprefix(b"data:")) if line.startswith(b"data:") else {}
            if event.get("failed"):
                raise RuntimeError(str(event.get("message")))
            if event.get("ready"):
                break
    student.start_server(60)


@contextlib.contextmanager
def running_hub(base: Path, names: list[str]) -> Iterator[CourseHub]:
    """A hub with a released course and these students; it and all servers are ended at the end, whatever it is."""
    home = base / "course"
    home.mkdir()
    make_course(home)
    for name in ("jupyterhub_config.py", "nbgrader_config.py"):
        shutil.copy(HOME / name, home)
    hub = CourseHub(home, port=free_ports(4))
    hub.state.mkdir(mode=0o700)
    (hub.state / "hub.toml").write_text(SETTINGS.format(port=hub.port, students=json.dumps(names)))
    try:
        yield hub.start(300)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # the end is in sight; a second Control-C would leave servers behind
        if hub.process:
            hub.stop(seconds=120)


def processes(hub: CourseHub) -> dict[str, list[tuple[float, float]]]:
    """Kind of process -> CPU seconds and megabytes of each, of all that the hub started."""
    import psutil

    found: dict[str, list[tuple[float, float]]] = {}
    assert hub.process
    for process in psutil.Process(hub.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            words = " ".join(process.cmdline())
            kind = next((kind for part, kind in KINDS.items() if part in words), "other")
            spent = process.cpu_times()
            found.setdefault(kind, []).append((spent.user + spent.system, process.memory_full_info().pss / 1e6))
    return found


def attend(hub: CourseHub, visits: list[Visit], within: float, limit: float) -> None:
    """All visits at once; those that are not done after `limit` seconds are given up."""
    first = time.monotonic()
    threads = []
    for n, found in enumerate(visits):
        student = WebStudent(hub.url, found.name, hub.passwords[found.name])
        delay = within * n / len(visits)
        threads.append(threading.Thread(target=visit, args=(student, found, first, delay), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join(max(0.0, first + limit - time.monotonic()))


def report(visits: list[Visit], used: dict[str, list[tuple[float, float]]]) -> None:
    """Two tables in Markdown."""
    sound = [v for v in visits if not v.fault]
    print(f"{len(sound)} of {len(visits)} students did everything.\n")
    print("| step | students | median wait, s | longest wait, s | last one done after, s |\n|---|---:|---:|---:|---:|")
    for step in STEPS:
        waits = [v.waited[step] for v in visits if step in v.waited]
        if waits:
            last = max(v.done[step] for v in visits if step in v.done)
            print(f"| {step} | {len(waits)} | {statistics.median(waits):.1f} | {max(waits):.1f} | {last:.0f} |")
    print("\n| process | number | mean CPU, s | mean PSS, MB |\n|---|---:|---:|---:|")
    for kind, each in sorted(used.items()):
        spent, sizes = zip(*each, strict=True)
        print(f"| {kind} | {len(each)} | {statistics.mean(spent):.1f} | {statistics.mean(sizes):.0f} |")
    for v in visits:
        if v.fault:
            print(f"{v.name}: {v.fault}", file=sys.stderr)


def interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--within", type=float, default=60.0, help="seconds over which they arrive")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which those who wait are given up")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupt)
    visits = [Visit(f"student{n:03d}") for n in range(given.students)]
    with tempfile.TemporaryDirectory(prefix="dlmath-load-") as folder:
        with running_hub(Path(folder), [v.name for v in visits]) as hub:
            attend(hub, visits, given.within, given.limit)
            report(visits, processes(hub))
    return 1 if any(v.fault for v in visits) else 0


if __name__ == "__main__":
    sys.exit(main())
