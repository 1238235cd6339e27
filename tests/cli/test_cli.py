"""The command line as a person meets it: real processes, their output and their exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from autograder.cli.commands import COMMANDS, LazyGroup
from autograder.cli.main import run
from autograder.cli.output import clock, table
from tests.build.small_course import TEXT, UNIT, make_course

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def call(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder", *words]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=cwd or ROOT, timeout=300)


def test_help_lists_every_command() -> None:
    """`autograder --help` names each command with one line and shows examples."""
    done = call("--help")
    assert done.returncode == 0 and done.stderr == ""
    for name, (_, line) in COMMANDS.items():
        assert f"{name} " in done.stdout and line in done.stdout
    assert "Examples:" in done.stdout and "Exit codes: 0" in done.stdout


def test_help_loads_no_heavy_package() -> None:
    """Help is quick because it imports neither torch nor Jupyter; it takes 0.1 s on an idle machine."""
    code = (
        "import sys; from autograder.cli.main import run; run(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert "'click'" in done.stderr
    assert not any(
        f"'{heavy}'" in done.stderr for heavy in ("torch", "numpy", "nbgrader", "nbformat", "IPython", "sqlalchemy")
    )


def every_command() -> list[str]:
    """Names as they are typed: those of groups with their group."""
    found = []
    for name in COMMANDS:
        command = LazyGroup().get_command(click.Context(LazyGroup()), name)
        inner = command.commands if isinstance(command, click.Group) else {}
        found += [f"{name} {one}" for one in inner] or [name]
    return found


WRITES_NOTHING = {"verify", "show", "sandbox", "gpus", "hub check", "hub health", "hub log", "roster list", "status"}
AT_ONCE = {"hub start", "hub password", "worker"}  # nothing to be tried first, and nothing for programs to read


@pytest.mark.parametrize("name", every_command())
def test_each_command_has_help_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command says what it does, shows examples, offers --json, and --dry-run where it writes."""
    assert run([*name.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert f"autograder {name}" in text.split("Examples:")[1]
    assert ("--json" in text) == (name not in AT_ONCE)
    assert ("--dry-run" in text) == (name not in WRITES_NOTHING | AT_ONCE)


def test_version_names_what_matters() -> None:
    """The versions that a fault report needs."""
    done = call("--version")
    assert done.returncode == 0 and all(f"{name} " in done.stdout for name in ("dlmath", "torch", "nbgrader", "Python"))


def test_build_prints_a_table(tmp_path: Path) -> None:
    """Results on stdout, nothing on stderr, exit code 0; the course is found from a folder below."""
    course = make_course(tmp_path)
    done = call("build", cwd=course.source / UNIT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].split() == [UNIT, "1", "2", "100", "1"]


def test_build_json_is_one_document(tmp_path: Path) -> None:
    """`--json` prints one document with its schema; --dry-run writes nothing."""
    make_course(tmp_path)
    done = call("--course", str(tmp_path), "build", "--json", "--dry-run")
    document = json.loads(done.stdout)
    assert document["schema"] == 1 and document["command"] == "build" and document["dry_run"] is True
    assert document["units"][0]["notebooks"][0]["exercises"] == [f"{UNIT}/doubled", f"{UNIT}/mean_of"]
    assert not list(tmp_path.rglob("*.ipynb"))


def test_fault_in_the_course_exits_1(tmp_path: Path) -> None:
    """A refusal goes to stderr, ends with the next command, and is a document with --json."""
    make_course(tmp_path, TEXT.replace("### BEGIN HIDDEN", "### BEGIN HIDEN", 1))
    done = call("--course", str(tmp_path), "build", UNIT, "--json")
    assert done.returncode == 1
    assert done.stderr.startswith(f"source/{UNIT}/basics.py, cell test_doubled: got marker")
    assert done.stderr.rstrip().endswith(f"then run again: autograder --course {tmp_path} build {UNIT} --json")
    document = json.loads(done.stdout)
    assert document["error"] == "BuildError" and document["exit_code"] == 1 and document["message"] in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["build", "unit99"], f"unit: got 'unit99', expected one of {UNIT}."),
        (["build", "--bogus"], "No such option '--bogus'."),
        (["bild"], "No such command 'bild'."),
        (["show", f"{UNIT}/none", __file__], f"exercise: got '{UNIT}/none', expected one of {UNIT}/doubled"),
    ],
)
def test_wrong_usage_exits_2(words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong words are answered with what was got, what was expected, and where help is."""
    make_course(tmp_path)
    assert run(["--course", str(tmp_path), *words]) == 2
    said_on_stderr = capsys.readouterr().err
    assert said in said_on_stderr and said_on_stderr.rstrip().endswith("--help")


def test_help_is_of_the_command_not_of_a_folder(tmp_path: Path) -> None:
    """A course folder may be called as a command is."""
    make_course(tmp_path / "demo")
    done = call("--course", "demo", "build", "--bogus", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.rstrip().endswith("Next: autograder build --help")


def test_a_reader_that_leaves_is_no_success() -> None:
    """Behind a pipe that was closed the exit code is not 0, and nothing is said."""
    command = [sys.executable, "-m", "autograder", "--help"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (1, b"")


def test_no_course_exits_1(tmp_path: Path) -> None:
    """Outside of a course the message says how to name one."""
    done = call("build", cwd=tmp_path)
    assert done.returncode == 1 and "got no course" in done.stderr and "--course DIR" in done.stderr


def test_our_own_fault_exits_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault of ours shows its traceback on stderr and exits 3."""
    make_course(tmp_path)
    monkeypatch.setattr("autograder.course.Course.units", lambda self: 1 / 0)
    assert run(["--course", str(tmp_path), "build"]) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a process group")
def test_interrupt_exits_130_and_keeps_what_was_done(tmp_path: Path) -> None:
    """Control-C ends with 130, says how to go on, and leaves no half-written file."""
    make_course(tmp_path, TEXT.replace("import numpy as np", "import time\n\nimport numpy as np\n\ntime.sleep(60)"))
    command = [sys.executable, "-m", "autograder", "--course", str(tmp_path), "solutions"]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        waited = 0
        while not list((tmp_path / "solutions").glob(".solving-*")) and waited < 300:
            time.sleep(0.1)
            waited += 1
        time.sleep(2)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"run again to go on: autograder --course {tmp_path} solutions" in said
    assert not list((tmp_path / "solutions").glob(".*")) and not list(tmp_path.rglob("*.ipynb"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://course:se%40cret/x@db:5432/marks", "postgresql+psycopg://course:***@db:5432/marks"),
        ("postgresql+psycopg://course:two secret@words@db/marks", "postgresql+psycopg://course:***@db/marks"),
        ("postgresql://db/marks?user=course&password=secret", "postgresql://db/marks?user=course&password=***"),
        ("sqlite:////srv/marks.db", "sqlite:////srv/marks.db"),
    ],
)
@pytest.mark.parametrize("form", ["--database {}", "--database={}"])
def test_next_step_shows_no_password(
    form: str, url: str, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command to repeat is printed without the database's password: terminals are shared and logs are kept."""
    make_course(tmp_path, TEXT.replace("### END SOLUTION", "### END SOLUTIO"))
    words = [word.format(url) for word in form.split(" ")]
    assert run(["--course", str(tmp_path), *words, "build"]) == 1
    told = capsys.readouterr().err
    assert "run again: autograder" in told and shown in told and "secret" not in told


def test_release_dry_run_then_release(tmp_path: Path) -> None:
    """--dry-run tells what release then does."""
    make_course(tmp_path)
    dry = json.loads(call("--course", str(tmp_path), "release", "--dry-run", "--json").stdout)
    assert not (tmp_path / "gradebook.db").exists()
    wet = json.loads(call("--course", str(tmp_path), "release", "--json").stdout)
    assert dry["units"] == wet["units"] and (tmp_path / "release" / UNIT / "basics.ipynb").is_file()


def test_work_and_database_are_elsewhere_if_asked(tmp_path: Path) -> None:
    """--work and --database keep a class out of the course folder."""
    make_course(tmp_path / "course")
    (tmp_path / "work").mkdir()
    words = ["--course", str(tmp_path / "course"), "--work", str(tmp_path / "work")]
    assert call(*words, "release").returncode == 0
    assert (tmp_path / "work" / "gradebook.db").is_file()
    assert call(*words, "--database", f"sqlite:///{tmp_path}/marks.db", "release").returncode == 0
    assert (tmp_path / "marks.db").is_file() and not (tmp_path / "course" / "gradebook.db").exists()


def test_table_and_clock() -> None:
    """Numbers stand right, names left; time left is minutes and seconds."""
    assert table([("unit", "n"), ("a", "10")]) == "unit   n\na     10"
    assert (
        table([("unit", "who", "for"), ("a", "bo", "3 s"), ("b", "", "-")])
        == "unit  who  for\na     bo   3 s\nb            -"
    )
    assert clock(125.2) == "2:05"
