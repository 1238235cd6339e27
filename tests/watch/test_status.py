"""A real run is watched from other processes: while it works, when it is killed, when it has ended."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from autograder.cli.main import run
from autograder.course import Course
from autograder.errors import AutograderError
from autograder.lock import lock_file, lock_holder, single_writer
from autograder.record import load
from autograder.watch import Counters, RunState, Watch
from autograder.watch.log import log_folder
from autograder.watch.state import read_state, state_file
from autograder.watch.status import look
from tests.build.small_course import UNIT
from tests.grade.classroom import submit
from tests.watch.conftest import STUDENTS

SLOW = STUDENTS[0]
PATIENCE = 240  # seconds after which a test gives up: something hangs


def command(course: Course, *words: str) -> list[str]:
    return [sys.executable, "-m", "autograder", "--course", str(course.home), *words]


def ask(course: Course, *words: str) -> subprocess.CompletedProcess[str]:
    """`autograder status` in a process of its own."""
    return subprocess.run(
        command(course, "status", *words), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def here(course: Course, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """A command in this process: exit code, stdout, stderr."""
    capsys.readouterr()
    code = run(["--course", str(course.home), "-q", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def wait_for(what: Callable[[], Any]) -> Any:
    """What it says as soon as it says anything."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")


def numbers(text: str) -> dict[tuple[str, ...], float]:
    """Values by name and labels, but for the course."""
    return {
        (s.name, *(v for k, v in sorted(s.labels.items()) if k != "course")): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class Seen:
    """What was seen of a run that was stopped in the middle and killed."""

    working: dict[str, Any]  # documents of status
    working_metrics: dict[tuple[str, ...], float]
    stopped: str  # the worker that was held fast, as the status names it
    process: int


@pytest.fixture(scope="module")
def killed(course: Course) -> Iterator[Seen]:
    """One worker is held fast with a slow submission in its hands; others ask; then the batch is killed."""
    seen = Seen()
    submit(course, SLOW, "import time; time.sleep(25)")
    with subprocess.Popen(command(course, "-q", "grade", "--workers", "2"), stderr=subprocess.DEVNULL) as batch:
        try:
            seen.process = batch.pid

            def busy() -> str:
                hands = run.hands if (run := read_state(course)) else ()
                return next((h.worker for h in hands if h.student == SLOW), "")

            seen.stopped = wait_for(busy)
            worker = int(seen.stopped.rpartition(":")[2])
            os.kill(worker, signal.SIGSTOP)
            try:
                wait_for(lambda: read_state(course).recorded == len(STUDENTS) - 1)  # the other worker has done the rest
                seen.working = json.loads(ask(course, "--json").stdout)
                seen.working_metrics = numbers(ask(course, "--prometheus").stdout)
                batch.kill()
                batch.wait()
            finally:
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
        finally:
            batch.kill()
    submit(course, SLOW)
    yield seen


@pytest.fixture(scope="module")
def finished(killed: Seen, course: Course) -> dict[str, Any]:
    """The run that goes on from there: its document."""
    words = ("--log", str(course.work / "log.jsonl"), "-q", "grade", "--workers", "1", "--timings", "--json")
    done = subprocess.run(
        command(course, *words, "--metrics", str(course.work / "grading.prom")),
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_before_the_first_run(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """What waits is counted; nothing is written."""
    code, out, _ = here(course, capsys, "status")
    assert (code, out) == (0, f"no run so far\nwaiting to be graded: {UNIT} 6\nNext: autograder grade\n")
    assert not state_file(course).exists()


@pytest.mark.slow
def test_a_run_that_works(killed: Seen) -> None:
    """Another process is told how far it is and what each worker has in hand."""
    found = killed.working
    state = found["run"]
    assert (found["state"], found["holder"], state["process"]) == ("running", str(killed.process), killed.process)
    assert (state["command"], state["total"], state["workers"]) == ("grade", 6, 2)
    [hand] = [h for h in state["hands"] if h["student"]]
    assert hand["worker"] == killed.stopped and hand["student"] == SLOW and hand["seconds"] > 0
    assert state["done"] == state["recorded"] == sum(state["counts"]["graded"].values())
    assert found["due"][UNIT] == state["left"][UNIT] == 6 - state["recorded"]
    assert found["silent"] < PATIENCE and found["next"] == ""


@pytest.mark.slow
def test_metrics_of_a_run_that_works(killed: Seen) -> None:
    found = killed.working_metrics
    assert (found["dlmath_run_in_progress",], found["dlmath_workers",], found["dlmath_workers_busy",]) == (1, 2, 1)
    assert found["dlmath_graded_total", UNIT] + found["dlmath_submissions_due", UNIT] == 6


@pytest.mark.slow
def test_a_run_that_was_killed(killed: Seen, course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own file still says that it works; the lock says that it does not."""
    assert read_state(course).state == "running"
    code, out, _ = here(course, capsys, "status")
    assert code == 0 and "ended in the middle" in out
    assert out.endswith("Next: autograder grade: it goes on where that run ended\n")
    found = json.loads(here(course, capsys, "status", "--json")[1])
    assert (found["state"], found["run"]["state"], found["holder"]) == ("killed", "killed", "")
    metrics = numbers(here(course, capsys, "status", "--prometheus")[1])
    assert (metrics["dlmath_run_in_progress",], metrics["dlmath_last_run_success",]) == (0, 0)


@pytest.mark.slow
def test_a_terminal_is_refreshed_until_ctrl_c(killed: Seen, course: Course) -> None:
    """`--watch` on a real terminal: the text comes, again and again, and Ctrl-C is no failure."""
    ours, theirs = os.openpty()
    words, wide = command(course, "status", "--watch"), {**os.environ, "COLUMNS": "200"}
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=wide) as process:
        os.close(theirs)
        shown = b""
        while shown.count(b"ended in the middle") < 2:
            assert select.select([ours], [], [], PATIENCE)[0], shown
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        with suppress(OSError):  # the terminal's other end is closed
            while os.read(ours, 4096):
                pass
        assert process.wait(PATIENCE) == 0
    os.close(ours)


@pytest.mark.slow
def test_where_the_time_went(finished: dict[str, Any], killed: Seen, course: Course) -> None:
    """Each phase of each submission is counted; those of workers are no more than what workers measured as a whole."""
    phases, graded = finished["phases"], finished["graded"]
    assert len(graded) == 6 - killed.working["run"]["recorded"]
    assert set(phases) == {
        *("intake", "session", "cells", "marking", "encoding"),
        *("looking", "waiting", "files", "gradebook", "store"),
    }
    counts = {name: phase["count"] for name, phase in phases.items()}
    assert counts["looking"] == 6 and counts["gradebook"] >= 1
    assert {counts[n] for n in phases if n not in ("looking", "gradebook")} == {len(graded)}
    inside = sum(phases[n]["seconds"] for n in ("intake", "session", "cells", "marking", "encoding"))
    assert 0 < inside <= sum(row["seconds"] for row in graded) * 1.01
    assert all(phase["seconds"] > 0 for phase in phases.values())


@pytest.mark.slow
def test_the_log_of_a_run(finished: dict[str, Any], killed: Seen, course: Course) -> None:
    """It went where it was asked to; it names what came before, each submission, each transaction, the end."""
    told = events(course.work / "log.jsonl")
    assert {line["run"] for line in told} == {told[0]["run"]}
    assert [told[0]["event"], told[1]["event"], told[-1]["event"]] == ["began", "killed", "ended"]
    assert told[1]["before"] == killed.working["run"]["run"]
    graded = {line["student"]: line for line in told if line["event"] == "graded"}
    assert graded.keys() == {row["student"] for row in finished["graded"]}
    for row in finished["graded"]:
        line = graded[row["student"]]
        assert (line["verdicts"], line["unit"], line["level"]) == (row["verdicts"], UNIT, "INFO")
        assert sum(line["phases"].values()) <= line["seconds"] * 1.01
        assert line["worker"].rpartition(":")[2].isdigit()
    recorded = [line for line in told if line["event"] == "recorded"]
    assert sum(line["submissions"] for line in recorded) == len(graded)
    assert all(one["seconds_in"] <= two["seconds_in"] for one, two in pairwise(told))


@pytest.mark.slow
def test_the_log_holds_nothing_hidden(finished: dict[str, Any], course: Course) -> None:
    """No secret, no line of a key, no hidden test, in log, state or metrics."""
    [first, *_] = log_folder(course).glob("*.jsonl")
    secret = course.secret().decode()
    keys = "\n".join(p.read_text() for p in (course.solutions / UNIT).glob("*.py"))
    private = {line.strip() for line in keys.splitlines() if len(line.strip()) > 25 and not line.startswith("from")}
    assert len(private) > 10
    for path in (first, course.work / "log.jsonl", state_file(course), course.work / "grading.prom"):
        text = path.read_text()
        assert secret not in text and not [line for line in private if line in text]


@pytest.mark.slow
def test_only_metrics_are_for_all(finished: dict[str, Any], course: Course) -> None:
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (state_file(course), course.work / "log.jsonl")]
    assert modes == [0o600, 0o600]
    assert stat.S_IMODE((course.work / "grading.prom").stat().st_mode) == 0o644
    assert not list(course.work.rglob("*.part"))


@pytest.mark.slow
def test_metrics_after_a_run(finished: dict[str, Any], killed: Seen, course: Course) -> None:
    """Counters hold both runs: what the killed one told last, and all of this one."""
    before = killed.working["run"]["counts"]
    found = numbers((course.work / "grading.prom").read_text())
    assert found["dlmath_graded_total", UNIT] == before["graded"].get(UNIT, 0) + len(finished["graded"])
    assert found["dlmath_runs_total", "killed"] == found["dlmath_runs_total", "done"] == 1
    assert (found["dlmath_run_in_progress",], found["dlmath_last_run_success",]) == (0, 1)
    assert found["dlmath_submissions_due", UNIT] == 0


@pytest.mark.slow
def test_what_is_stored_knows_nothing_of_it(finished: dict[str, Any], course: Course) -> None:
    """Phases and workers differ from machine to machine; the stored result has no place for them."""
    entry = load(course, UNIT, STUDENTS[0])
    assert entry is not None
    assert not {"phases", "worker"} & {*entry.__struct_fields__, *entry.result.__struct_fields__}


@pytest.mark.slow
def test_nothing_is_due(finished: dict[str, Any], course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """A run with nothing to do is no run; its metrics are written all the same."""
    state = state_file(course).read_bytes()
    target = course.work / "idle.prom"
    assert here(course, capsys, "grade", "--metrics", str(target))[0] == 0
    assert state_file(course).read_bytes() == state
    assert numbers(target.read_text())["dlmath_submissions_due", UNIT] == 0
    code, out, _ = here(course, capsys, "status")
    assert code == 0 and "came to its end" in out and out.endswith("waiting to be graded: nothing\n")


@pytest.mark.slow
def test_other_commands_are_logged_and_leave_the_state_alone(
    finished: dict[str, Any], course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """`regrade --diff` holds no lock, so it must not speak for the course; feedback has no submissions."""
    state = state_file(course).read_bytes()
    code, _, said = here(course, capsys, "--log", "-", "regrade", "--diff", "--workers", "1", "--student", "s0")
    told = [json.loads(line) for line in said.splitlines()]
    assert (code, [line["event"] for line in told]) == (0, ["began", "started", "graded", "ended"])
    code, _, said = here(course, capsys, "--log", "-", "feedback")
    told = [json.loads(line) for line in said.splitlines()]
    assert [line["event"] for line in told] == ["began", *["written"] * 6, "ended"]
    assert state_file(course).read_bytes() == state


def test_a_run_that_did_not_end_is_settled(tmp_path: Path) -> None:
    """Nothing is due after it: the next grading says so, and nobody is woken any more."""
    course = Course.at(tmp_path)
    course.private.mkdir()
    lost = RunState(run="lost", command="grade", units=("one",), counts=Counters(graded={"one": 3}))
    state_file(course).write_bytes(msgspec.json.encode(lost))
    assert look(course).state == "killed"
    Watch(log=os.devnull, metrics=tmp_path / "m.prom").idle(course, ["one"])
    assert look(course).state == "done"
    found = numbers((tmp_path / "m.prom").read_text())
    assert (found["dlmath_graded_total", "one"], found["dlmath_runs_total", "killed"]) == (3, 1)
    assert (found["dlmath_last_run_success",], found["dlmath_submissions_due", "one"]) == (1, 0)


def test_metrics_that_cannot_be_written_stop_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When nothing is due, as when something is graded: it is said."""
    watch = Watch(metrics=tmp_path / "nowhere" / "grading.prom")
    watch.idle(Course.at(tmp_path), [UNIT])
    assert "grading.prom: cannot be written (No such file or directory)" in capsys.readouterr().err


def test_usage(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    for words, why in ((("--json", "--prometheus"), "expected one of them"), (("--watch",), "got no terminal")):
        code, _, err = here(course, capsys, "status", *words)
        assert code == 2 and why in err


def test_somebody_else_holds_the_course(course: Course) -> None:
    """A lock without a state of the same process: a run that begins, or a restore."""
    with single_writer(course):
        found = look(course)
    assert (found.state, found.holder) == ("held", str(os.getpid()))


def test_who_asks_does_not_hinder_a_run_from_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at the lock lets go of it at once, and that is waited for; who holds it is not."""
    course = Course.at(tmp_path)
    with single_writer(course):
        pass
    asker = os.open(lock_file(course), os.O_RDWR)
    fcntl.flock(asker, fcntl.LOCK_SH)
    monkeypatch.setattr("autograder.lock.time.sleep", lambda seconds: fcntl.flock(asker, fcntl.LOCK_UN))
    with single_writer(course):
        with pytest.raises(AutograderError, match=f"process {os.getpid()}"), single_writer(course):
            pass
    os.close(asker)


def test_who_asks_does_not_see_others_who_ask(tmp_path: Path) -> None:
    """Two look at the lock at the same moment: nobody grades, and both are told so."""
    course = Course.at(tmp_path)
    with single_writer(course):
        pass
    asker = os.open(lock_file(course), os.O_RDWR)
    fcntl.flock(asker, fcntl.LOCK_SH)
    assert lock_holder(course) == ""
    os.close(asker)


def test_a_state_of_another_time_is_no_state(tmp_path: Path) -> None:
    """Cut short, of another schema, or no JSON at all: as if there had been no run."""
    course = Course.at(tmp_path)
    course.private.mkdir()
    for content in (b"", b"{", b"[]", b'{"run": 1}'):
        state_file(course).write_bytes(content)
        assert read_state(course) is None and look(course).state == "never"
    assert RunState(run="", command="grade", units=()).schema == 1


def test_what_names_hold_does_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = Course.at(tmp_path)
    for folder in (course.source, course.solutions, course.private):
        folder.mkdir()
    fault = '{"run": "", "command": "grade", "units": [], "state": "done", "faults": ["a\\u001b[2J\\u202eb"]}'
    state_file(course).write_text(fault)
    assert "fault of ours: a?[2J?b" in here(course, capsys, "status")[1]
