"""Grading on the workers of a Dask scheduler: the same verdicts, nothing that does not belong there, nothing lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from autograder.cli.main import run
from autograder.course import Course
from autograder.errors import AutograderError, UsageError
from autograder.grade import grade_units, regrade_units
from autograder.intake import submission_hash
from autograder.record import load
from autograder.sandbox import Limits
from tests.build.small_course import UNIT
from tests.grade.classroom import NOTEBOOK, ON_BOTH, scores, submit
from tests.grade.dask_cluster import Dask, Machines, dask, wait_until

pytestmark = pytest.mark.cluster
LIMITS = Limits(cell_seconds=5, part_seconds=1, submission_seconds=20)
STUDENTS = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus")


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    """A scheduler and four workers, of which one has a nanny."""
    with dask(tmp_path_factory.mktemp("dask")) as cluster:
        cluster.worker("--nanny")
        for _ in range(3):
            cluster.worker()
        cluster.joined(4)
        yield cluster
        cluster.end()
        assert cluster.left() == []


def hand_in(course: Course) -> None:
    """Right and wrong answers, data, accidents, attacks."""
    submit(course, "ada")
    submit(course, "bob", mean_of="def mean_of(x):\n    return x")
    folder = submit(course, "cyd", extra="print(open('mine/notes.txt').read(), open('data.csv').read())")
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("my own data")
    notebook = submit(course, "dan") / f"{NOTEBOOK}.ipynb"
    notebook.unlink()
    notebook.symlink_to(course.source / UNIT / f"{NOTEBOOK}.ipynb")
    folder = submit(course, "eve", extra="import os\nos._exit(0)")
    os.mkfifo(folder / "pipe")
    os.link(folder / f"{NOTEBOOK}.ipynb", folder.parent / "second name")  # refused, too
    submit(course, "fay", doubled="def doubled(x):\n    while True: pass")
    (submit(course, "gus") / f"{NOTEBOOK}.ipynb").write_bytes(b"\x00not a notebook")


def grade(course: Course, **settings):
    return grade_units(course, [UNIT], limits=LIMITS, **settings)


def stored(course: Course) -> dict[str, bytes]:
    """What was stored of each, to the byte, but for times."""
    found = {}
    for student in STUDENTS:
        entry = msgspec.to_builtins(load(course, UNIT, student))
        found[student] = re.sub(rb'"(seconds|graded)":("[^"]*"|[0-9.e-]+)', b"", msgspec.json.encode(entry))
    return found


def files(course: Course) -> dict[str, bytes]:
    return {str(p.relative_to(course.autograded)): p.read_bytes() for p in course.autograded.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def alone(released_course: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class as this machine grades it, with one worker."""
    home = tmp_path_factory.mktemp("alone") / "course"
    shutil.copytree(released_course.home, home)
    course = Course.at(home)
    hand_in(course)
    assert len(grade(course, workers=1).graded) == len(STUDENTS)
    return course


@ON_BOTH
def test_verdicts_are_the_same_everywhere(course: Course, alone: Course, four: Dask) -> None:
    """One machine, four Dask workers, SQLite, PostgreSQL: the same bytes in records, notebooks and gradebook."""
    course.private.mkdir(mode=0o700, exist_ok=True)
    shutil.copyfile(alone.private / "secret", course.private / "secret")
    hand_in(course)
    done = grade(course, scheduler=four.address)
    assert (len(done.graded), done.due, done.exit_code) == (len(STUDENTS), (), 0)
    assert done.workers == 4 and done.isolation == load(alone, UNIT, "ada").result.environment.isolation
    assert done.dashboard.startswith("http://127.0.0.1:")
    assert stored(course) == stored(alone)
    assert files(course) == files(alone)
    assert scores(course) == scores(alone)
    assert load(course, UNIT, "cyd").result.submission_hash == submission_hash(course.submitted / "cyd" / UNIT)
    assert not grade(course, scheduler=four.address).graded
    wait_until(lambda: not four.left(), f"got {four.left()} in the workers' folder, expected nothing")
    assert not four.graders


def test_grading_again_on_a_cluster_moves_nothing(alone: Course, four: Dask) -> None:
    """What one machine graded, four workers grade to the same marks and words."""
    done = regrade_units(alone, [UNIT], limits=LIMITS, scheduler=four.address, students=["ada", "bob"])
    assert (done.compared, done.moved, done.reworded, done.broken) == (2, (), 0, ())
    assert done.dashboard


def writable(process: psutil.Process) -> bytes:
    """The memory that the process could have written something to."""
    parts = []
    with open(f"/proc/{process.pid}/maps") as maps, open(f"/proc/{process.pid}/mem", "rb") as memory:
        for line in maps:
            ends, rights = line.split()[:2]
            begin, end = (int(number, 16) for number in ends.split("-"))
            if rights.startswith("rw"):
                try:
                    memory.seek(begin)
                    parts.append(memory.read(end - begin))
                except (OSError, ValueError):  # kernel pages
                    continue
    return b"".join(parts)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into processes by /proc")
def test_a_worker_holds_what_it_grades_and_nothing_else(course: Course, tmp_path: Path) -> None:
    """Files, open files and memory of a worker machine: one submission, nobody's name, no gradebook."""
    marks = {name: f"# handed in by {name}, {os.urandom(8).hex()}" for name in ("anna-lena", "berthold")}
    for name, mark in marks.items():
        submit(course, name, extra=f"{mark}\nimport time\ntime.sleep(2.5)")
    seen = []

    def look(cluster: Dask) -> None:
        while len(seen) < 20 and not ended.is_set():
            copies = list(cluster.temporary.rglob(f"submitted/*/{UNIT}/*.ipynb"))
            workers = cluster.graders
            if len(copies) != 1 or not workers or seen:
                ended.wait(0.02)
                continue
            text = copies[0].read_bytes()
            names = [str(p.relative_to(cluster.temporary)) for p in cluster.temporary.rglob("*")]
            opened = [f.path for w in workers for f in w.open_files()]
            dask_worker = psutil.Process(cluster.processes[1].pid)
            memory = b"".join(map(writable, [*workers, dask_worker]))
            mode = next(cluster.temporary.glob("autograder.kept-*")).stat().st_mode & 0o777
            if copies[0].exists():  # it was the same submission all the time
                seen.append((text, names, opened, memory, mode))

    ended = threading.Event()
    with dask(tmp_path / "dask") as cluster:
        cluster.worker()
        cluster.joined(1)
        watcher = threading.Thread(target=look, args=(cluster,))
        watcher.start()
        try:
            grade(course, scheduler=cluster.address)
        finally:
            ended.set()
            watcher.join()
    [(text, names, opened, memory, mode)] = seen
    [here] = [n for n, mark in marks.items() if mark.encode() in text]
    [other] = marks.keys() - {here}
    assert marks[here].encode() in memory  # the search does find what is there
    assert marks[other].encode() not in memory
    assert not any(name in word for name in marks for word in names)
    assert not any(name.encode() in memory.replace(mark.encode(), b"") for name, mark in marks.items())
    assert not any("gradebook" in name for name in [*names, *opened])
    assert not any(path.startswith(str(course.work)) for path in opened)
    assert b"SQLite format 3\0" not in memory
    assert mode == 0o700


def test_other_versions_are_refused(course: Course, tmp_path: Path) -> None:
    """A worker with another numpy is named with both versions, and nothing is graded."""
    import numpy

    submit(course, "ada")
    older = tmp_path / "older"
    (older / "numpy-0.0.1.dist-info").mkdir(parents=True)
    (older / "numpy-0.0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
    with dask(tmp_path / "dask") as cluster:
        cluster.worker(path=[older])
        cluster.joined(1)
        refusal = rf"worker tcp://127.0.0.1:\d+: got numpy 0.0.1, here {re.escape(numpy.__version__)}"
        with pytest.raises(AutograderError, match=refusal):
            grade(course, scheduler=cluster.address)
        with pytest.raises(AutograderError, match=r"isolation: got none|floor"):
            cluster.worker()
            cluster.processes[1].kill()
            cluster.joined(2)
            wait_until(lambda: cluster.said("Remove worker"), "the first worker stays")
            grade(course, scheduler=cluster.address, isolation="rlimits", floor="namespaces")
    assert load(course, UNIT, "ada") is None
    assert not course.autograded.exists()


def test_a_scheduler_that_dies_costs_nothing(course: Course, tmp_path: Path) -> None:
    """What was graded is recorded, the message says what to do, and the next run does the rest."""
    for student in STUDENTS:
        submit(course, student)
    first, second = Dask(tmp_path / "first"), None
    try:
        first.worker()
        first.joined(1)

        def kill_it(done: int, total: int, label: str) -> None:
            if done == 2:
                first.scheduler.kill()

        with pytest.raises(AutograderError, match="the scheduler does not answer any more"):
            grade(course, scheduler=first.address, progress=kill_it)
        graded = [s for s in STUDENTS if load(course, UNIT, s)]
        assert 2 <= len(graded) < len(STUDENTS) and set(scores(course)) == set(graded)
        second = Dask(tmp_path / "second")
        second.worker()
        second.joined(1)
        done = grade(course, scheduler=second.address)
        assert {row.student for row in done.graded} == set(STUDENTS) - set(graded)
        assert len(scores(course)) == len(STUDENTS)
    finally:
        first.end()
        if second:
            second.end()
    wait_until(lambda: not first.left(), f"got {first.left()} in the workers' folder, expected nothing")


def test_workers_that_are_killed_or_cut_off_lose_nothing(course: Course, tmp_path: Path) -> None:
    """Three machines: one is killed, one loses its network, one comes late. Everyone is graded, and recorded once."""
    machines = Machines()
    students = [f"s{i:02d}" for i in range(8)]
    for i, student in enumerate(students):
        answer = f"def mean_of(x):\n    return {'sum(x) / len(x)' if i % 2 else 'x'}"
        submit(course, student, mean_of=answer, extra=f"import time\ntime.sleep(1)\nprint({i})")
    hub, cluster = machines.inside("hub"), None
    try:
        cluster = Dask(tmp_path / "dask", inside=hub, host="0.0.0.0")
        port = cluster.address.rpartition(":")[2]
        for name in ("killed", "cut"):
            host = machines.join(name)
            cluster.worker(inside=machines.inside(name), at=f"tcp://{host}:{port}")
        cluster.joined(2)
        words = ["--course", str(course.home), "--progress", "json", "grade", "--json"]
        command = [*hub, sys.executable, "-m", "autograder", *words, "--scheduler", f"tcp://127.0.0.1:{port}"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, **pipes, text=True, cwd=tmp_path) as client:
            assert client.stderr and client.stdout
            said: list[str] = []
            for line in client.stderr:
                if '"done"' in line and not any('"done"' in earlier for earlier in said):
                    cluster.processes[1].kill()
                    machines.cut("cut")
                    cluster.worker(inside=hub, at=f"tcp://127.0.0.1:{port}")
                said.append(line)
            document = json.loads(client.stdout.read())
        assert client.returncode == 0, "".join(said)
        assert sorted(row["student"] for row in document["graded"]) == students
        assert [row["points"] for row in document["graded"]] == [50.0, 90.0] * 4
        assert any("without encryption" in line for line in said)
    finally:
        if cluster:
            cluster.end()
        machines.end()
    with sqlite3.connect(course.work / "gradebook.db") as db:
        assert db.execute("SELECT count(*) FROM submitted_assignment").fetchone() == (len(students),)
    told = [json.loads(line) for p in (course.private / "log").iterdir() for line in p.read_text().splitlines()]
    assert sum(line["event"] == "graded" for line in told) == len(students)


@pytest.mark.parametrize("address", ["10.0.0.5:8786", "http://10.0.0.5:8786", "tcp://10.0.0.5", "tcp://a:b@c:1"])
def test_an_address_must_be_one(course: Course, address: str) -> None:
    submit(course, "ada")
    with pytest.raises(UsageError, match="expected tcp://HOST:PORT or tls://HOST:PORT"):
        grade(course, scheduler=address)


def test_a_worker_is_dasks_own(capsys: pytest.CaptureFixture[str]) -> None:
    """`autograder worker` adds what grading wants and passes the rest on."""
    assert run(["worker", "tcp://10.0.0.5:8786", "--threads", "3", "--death-timeout", "60", "--print"]) == 0
    words = capsys.readouterr().out.split()
    assert words[1:4] == ["-m", "distributed.cli.dask_worker", "tcp://10.0.0.5:8786"]
    assert words[words.index("--nthreads") + 1] == "3" and words[words.index("--memory-limit") + 1] == "0"
    assert words[-2:] == ["--death-timeout", "60"]


def test_grading_here_needs_no_dask() -> None:
    """Without --scheduler, Dask is not even imported."""
    code = "import sys, autograder.grade.batch, autograder.cli.grading; sys.exit('dask' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
