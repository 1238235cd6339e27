"""One class of attackers is handed in, graded, told and reported, by a process of its own: `python -m tests.redteam.fight`.

It becomes an ordinary user first where that is asked for. What the pages and the gradebook say is read afterwards by
the tests; what only this process can know goes to `outcome.json`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.feedback import write_feedback
from autograder.grade import grade_units
from autograder.report import export_marks, write_report
from autograder.sandbox import Limits
from autograder.sandbox.inside.isolation import landlock, syscalls
from tests.redteam import ordinary
from tests.redteam.attack import Attack
from tests.redteam.attacks import ATTACKS
from tests.redteam.course import HONEST, UNIT, make_course, submit
from tests.redteam.pages import NOT_GRADED
from tests.redteam.stockpages import write_stock_pages

__all__ = ["LIMITS", "TRACE", "fight", "fighters"]

MIB = 2**20
LIMITS = Limits(
    cell_seconds=1,
    part_seconds=1.5,
    submission_seconds=40,
    memory_bytes=700 * MIB,
    disk_bytes=64 * MIB,
    file_bytes=32 * MIB,
    value_bytes=16 * MIB,
    processes=48,
)
TRACE = "redteam-was-here"  # what an attack leaves where it can write
FENCED = (11, 12, 14, 18, 19, 25)  # rows that hang on the level
EACH = 10  # of the other rows: one in so many
LARGE = 64 * MIB
EXCHANGE = "exchange/course/inbound"


def fighters(level: str, uid: int, all_of_them: bool) -> list[Attack]:
    """Who attacks at this level as this user.

    What the marker and the pages do with a submission is the same at each level: besides the strongest, a part of each
    row that is decided there is enough.

    "rlimits" is no fence, and promises nothing against those that need one. Before Linux 6.12 an ordinary user's
    "landlock" stops no signals (docs/isolation.md): there they would hit whoever runs these tests.
    """
    chosen = ATTACKS if all_of_them else _chosen()
    if level == "rlimits":
        return [a for a in chosen if not a.fence]
    unsignalled = level == "landlock" and uid and landlock.version() < 6
    return [a for a in chosen if not (a.signals and unsignalled)]


def _chosen() -> list[Attack]:
    by_row: dict[int, list[Attack]] = {}
    for attack in ATTACKS:
        by_row.setdefault(attack.row, []).append(attack)
    return [a for row, found in by_row.items() for a in found[:: 1 if row in FENCED else EACH]]


def fight(folder: Path, level: str, all_of_them: bool) -> dict[str, Any]:
    """All of it; what the tests must know besides the course's own files."""
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)  # whatever loses its parent becomes a child of this process
    course = make_course(folder / "course")
    _furnish(course)
    with _listening(folder) as (tokens, reached):
        tokens |= _places(course)
        first, *rest = HONEST
        attackers = fighters(level, os.getuid(), all_of_them)
        for attack in [first, *attackers, *rest, *_unshowable()]:
            submit(course, attack, tokens)
        before = _digests(course)
        began = time.monotonic()
        done = grade_units(course, [UNIT], isolation=level, floor=level, limits=LIMITS)
        seconds, left = time.monotonic() - began, _left()
        _name_people(course)
        write_feedback(course, [UNIT], workers=2)
        write_report(course, [UNIT], course.work / "report" / "class.html")
        (course.work / "marks.csv").write_text(export_marks(course, [UNIT]), newline="")
        shown = [a for a in (*HONEST, *attackers) if a.row in (0, 23, 26) and "slow to show" not in a.name]
        write_stock_pages(course, UNIT, [a.student for a in shown])
        after = _digests(course)
        return {
            "uid": os.getuid(),
            "isolation": done.isolation,
            "due": done.due,
            "seconds": round(seconds, 1),
            "changed": sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)),
            "traces": _traces(course, folder),
            "reached": reached(),
            "processes": [p.name() for p in left],
            "temporary": sorted(p.name for p in Path(os.environ["TMPDIR"]).iterdir() if p.name != "others.txt"),
            "damage": _damage(course),
        }


def _unshowable() -> list[Attack]:
    """Students whose names would forge what is printed."""
    return [Attack(26, f"is called {what}", student=name) for what, name in NOT_GRADED.items()]


def _furnish(course: Course) -> None:
    """What an attacker would like to write to."""
    (course.home / EXCHANGE).mkdir(parents=True)
    (Path(os.environ["TMPDIR"]) / "others.txt").write_text("of another user")


def _places(course: Course) -> dict[str, str]:
    """What `{paths}`, `{targets}`, `{own}`, `{marker}` and `{trace}` stand for in an attack's text."""
    repository = ordinary.ROOT
    other = course.submitted / HONEST[1].student / UNIT
    readable = [
        course.home, course.source, course.solutions, course.private, course.submitted, repository,
        course.home / "outside.txt", course.solutions / UNIT / "double.py", course.private / "secret",
        other / "attack.ipynb", course.home / "gradebook.db",
    ]  # fmt: skip
    writable = [
        course.home, other, course.private, course.autograded, course.feedback, course.home / EXCHANGE,
        repository / "autograder", Path(sys.prefix), Path(sys.prefix) / "bin", Path.home(),
        Path(os.environ["TMPDIR"]), course.home / "gradebook.db", other / "attack.ipynb", Path("/var/tmp"), Path("/tmp"),
        *(p for p in map(Path, sys.path) if p.name == "site-packages"),
    ]  # fmt: skip
    own = [p for p in writable if p.is_relative_to(course.home)]
    return {
        "{own}": repr([str(p) for p in own]),
        "{paths}": repr([str(p) for p in readable]),
        "{targets}": repr([str(p) for p in writable]),
        "{marker}": str(os.getpid()),
        "{trace}": str(Path(os.environ["TMPDIR"]) / TRACE),
    }


@contextlib.contextmanager
def _listening(folder: Path) -> Iterator[tuple[dict[str, str], Any]]:
    """Sockets of every kind that wait for data to be carried out: how to reach them, and which of them was reached."""
    path, name = str(folder / "listener"), f"dlmath-redteam-{os.getpid()}"
    with contextlib.ExitStack() as held:
        sockets = {
            "tcp": held.enter_context(socket.create_server(("127.0.0.1", 0))),
            "udp": held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
            "unix": held.enter_context(socket.socket(socket.AF_UNIX)),
            "abstract": held.enter_context(socket.socket(socket.AF_UNIX)),
        }
        sockets["udp"].bind(("127.0.0.1", 0))
        sockets["unix"].bind(path)
        os.chmod(path, 0o777)
        sockets["abstract"].bind(f"\0{name}")
        for kind in ("unix", "abstract"):
            sockets[kind].listen()

        def reached() -> list[str]:
            found = []
            for kind, one in sockets.items():
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    one.recv(1) if kind == "udp" else one.accept()
                    found.append(kind)
            return found

        ports = {f"{{{kind}}}": str(sockets[kind].getsockname()[1]) for kind in ("tcp", "udp")}
        yield {**ports, "{unix}": path, "{abstract}": name}, reached


def _digests(course: Course) -> dict[str, str]:
    """What grading has no business to change: the lecturer's files, what was handed in, the home, others' files."""
    homes = (course.source, course.solutions, course.release, course.submitted, course.home / "exchange", Path.home())
    paths = [p for home in homes for p in home.rglob("*") if p.is_file() and not p.is_symlink()]
    paths += [course.private / "secret", course.home / "outside.txt", Path(os.environ["TMPDIR"]) / "others.txt"]
    ours = [p for p in paths if "__pycache__" not in p.parts and ".cache" not in p.parts and ".config" not in p.parts]
    return {str(p): _digest(p) for p in ours}


def _digest(path: Path) -> str:
    about = path.stat()
    if about.st_size > LARGE:  # a hole of a terabyte is not read
        return f"{about.st_size} {about.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _traces(course: Course, folder: Path) -> list[str]:
    """Where an attack left its trace, by file name or in a file that was there."""
    places = [Path(p) for p in json.loads(_places(course)["{targets}"].replace("'", '"'))]
    found = [str(p / TRACE) for p in places if p.is_dir() and (p / TRACE).exists()]
    found += [str(p) for p in folder.rglob(f"*{TRACE}*")]
    files = [*(p for p in places if p.is_file()), ordinary.ROOT / "autograder" / "__init__.py"]
    return found + [str(p) for p in files if TRACE.upper().encode() in p.read_bytes()]


def _left() -> list[psutil.Process]:
    """Processes that outlived their submission."""
    children = psutil.Process().children(recursive=True)
    return [p for p in children if p.status() != psutil.STATUS_ZOMBIE]


def _damage(course: Course) -> str:
    """What SQLite finds wrong with the gradebook."""
    with contextlib.closing(sqlite3.connect(course.home / "gradebook.db")) as db:
        found = str(db.execute("PRAGMA integrity_check").fetchone()[0])
    return "" if found == "ok" else found


def _name_people(course: Course) -> None:
    """Names as a roster might bring them: a spreadsheet takes them for formulas, a terminal for commands."""
    with Gradebook(course.database) as gradebook:
        names = {"first_name": "=HYPERLINK(1)\n+1", "last_name": "\t@SUM(1)\x1b]0;x\x07", "email": "-2+3|calc"}
        gradebook.update_or_create_student(HONEST[0].student, **names)


def main() -> None:
    folder, level, uid, all_of_them = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "all"
    if uid != os.getuid():
        ordinary.become(uid)
    os.chdir(folder)
    outcome = fight(folder, level, all_of_them)
    (folder / "outcome.json").write_text(json.dumps(outcome))


if __name__ == "__main__":
    main()
