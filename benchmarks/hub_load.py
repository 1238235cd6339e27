"""A class arrives at once: students log in, open a notebook, run a cell and hand in, by HTTP and websocket.

python benchmarks/hub_load.py --students 30

Starts a hub of its own with a small course below the temporary folder, on this machine, and ends it. Students arrive
evenly within `--within` seconds. Prints times and the memory of a student's processes (proportional set size).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from tests.build.small_course import UNIT, make_course  # noqa: E402
from tests.hub.plain_hub import PlainHub, find_proxy, free_ports, plain_hub  # noqa: E402
from tests.hub.web_student import WebStudent  # noqa: E402

STEPS = ("log in", "server", "fetch", "open", "kernel", "cell", "hand in")
SETTINGS = '[hub]\nport = {port}\nproxy = "{proxy}"\n[people]\nlecturers = ["lecturer"]\nstudents = {students}\n'
COURSE = """
from pathlib import Path
from autograder.hub.configure import configure
ours = c.JupyterHub.bind_url, c.ConfigurableHTTPProxy.api_url
configure(c, Path({course!r}))
c.JupyterHub.bind_url, c.ConfigurableHTTPProxy.api_url = ours
"""


@dataclass
class Visit:
    """What one student waited for."""

    name: str
    seconds: dict[str, float] = field(default_factory=dict)
    fault: str = ""


def visit(student: WebStudent, found: Visit, delay: float) -> None:
    time.sleep(delay)
    notebook = f"dlmath/{UNIT}/basics.ipynb"
    actions = {
        "log in": student.log_in,
        "server": lambda: student.start_server(300),
        "fetch": lambda: require(student.ask("POST", f"/dlmath/api/units/{UNIT}/fetch", {})),
        "open": lambda: require(student.ask("GET", f"/api/contents/{notebook}")),
        "kernel": lambda: (student.start_kernel(), student.run("1 + 1", 120)),
        "cell": lambda: student.run("import numpy as np; np.linalg.norm(np.ones(1000))", 120),
        "hand in": lambda: require(student.ask("POST", f"/dlmath/api/units/{UNIT}/submit", {})),
    }
    try:
        for step in STEPS:
            began = time.monotonic()
            actions[step]()
            found.seconds[step] = time.monotonic() - began
    except Exception as error:
        found.fault = f"{step}: {type(error).__name__}: {error}"[:300]


def require(answer: object) -> None:
    status, text = getattr(answer, "status_code", 0), getattr(answer, "text", "")
    if status >= 400:
        raise RuntimeError(f"{status}: {text[:200]}")


def memory(hub: PlainHub) -> dict[str, list[float]]:
    """Kind of process -> megabytes of each, of all that the hub started."""
    import psutil

    found: dict[str, list[float]] = {}
    root = psutil.Process(hub.process.pid)
    for process in [root, *root.children(recursive=True)]:
        try:
            words = " ".join(process.cmdline())
            kinds = ("ipykernel", "singleuser", "formgrader", "culler", "configurable-http-proxy", "jupyterhub")
            kind = next((kind for kind in kinds if kind in words), "other")
            found.setdefault(kind, []).append(process.memory_full_info().pss / 1e6)
        except psutil.Error:
            continue
    return found


def prepare(base: Path, names: list[str]) -> dict[str, str]:
    """A released course, the settings, a password for each student."""
    from nbgrader.exchange.default import ExchangeReleaseAssignment

    from autograder.build import release
    from autograder.course import Course
    from autograder.hub.people import Passwords
    from tests.hub.lecturers import Classroom

    home, exchange = base / "course", base / "course" / ".hub" / "exchange"
    home.mkdir()
    make_course(home)
    release(Course.at(home))
    exchange.mkdir(parents=True)
    Classroom(Course.at(home), exchange, base).step(ExchangeReleaseAssignment).start()
    text = SETTINGS.format(port=free_ports(1)[0], proxy=find_proxy(), students=json.dumps(names))
    (home / ".hub" / "hub.toml").write_text(text)
    passwords: dict[str, str] = {}
    Passwords(home / ".hub").add(names, passwords.update)
    return passwords


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--within", type=float, default=60.0, help="seconds over which they arrive")
    given = parser.parse_args()
    names = [f"student{n:03d}" for n in range(given.students)]
    with tempfile.TemporaryDirectory(prefix="dlmath-load-") as folder:
        base = Path(folder)
        passwords = prepare(base, names)
        more = COURSE.format(course=str(base / "course"))
        with plain_hub(base / "course" / ".hub", spawner="", more=more) as hub:
            visits = [Visit(name) for name in names]
            began = time.monotonic()
            threads = [
                threading.Thread(
                    target=visit,
                    args=(WebStudent(hub.url, v.name, passwords[v.name]), v, given.within * n / given.students),
                )
                for n, v in enumerate(visits)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            report(visits, time.monotonic() - began, memory(hub))


def report(visits: list[Visit], seconds: float, used: dict[str, list[float]]) -> None:
    """Two tables in Markdown."""
    done = [v for v in visits if not v.fault]
    print(f"{len(done)} of {len(visits)} students were done after {seconds:.0f} s.\n")
    print("| step | median, s | slowest, s |\n|---|---:|---:|")
    for step in STEPS:
        times = sorted(v.seconds[step] for v in visits if step in v.seconds)
        if times:
            print(f"| {step} | {statistics.median(times):.2f} | {times[-1]:.2f} |")
    print("\n| processes | number | mean PSS, MB |\n|---|---:|---:|")
    for kind, sizes in sorted(used.items()):
        print(f"| {kind} | {len(sizes)} | {statistics.mean(sizes):.0f} |")
    for v in visits:
        if v.fault:
            print(f"{v.name}: {v.fault}", file=sys.stderr)


if __name__ == "__main__":
    main()
