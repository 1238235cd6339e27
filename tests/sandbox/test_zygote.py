"""Process life: start, spawn, kill, restart, and what is left when something dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.errors import ConfigurationError, SandboxError
from autograder.sandbox.box import LEVELS, Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.probe import probe
from tests.sandbox.attack import printed, processes_with, until

REPOSITORY = Path(__file__).resolve().parents[2]
OFFERED = probe()
pytestmark = pytest.mark.filterwarnings("ignore:Student code runs at isolation level")


@pytest.fixture(scope="module", params=LEVELS)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    if OFFERED[request.param]:
        pytest.skip(f"{request.param}: {OFFERED[request.param]}")
    with Sandbox(isolation=request.param, heavy=()) as box:
        yield box


def test_the_strongest_level_is_used() -> None:
    """Of the levels that this machine offers, the first is reached."""
    with Sandbox(heavy=()) as box:
        assert box.level == next(level for level in LEVELS if not OFFERED[level])


def test_a_floor_refuses_to_run_weaker() -> None:
    """Below the floor nothing is run, and the text says what was asked for."""
    with (
        Sandbox(isolation="rlimits", floor="landlock") as box,
        pytest.raises(SandboxError, match="expected landlock or"),
    ):
        box.start()


@pytest.mark.parametrize("arguments", [{"isolation": "docker"}, {"floor": "none"}, {"uid": 0}])
def test_an_unknown_setting_is_refused(arguments: dict[str, object]) -> None:
    """Names of levels are checked, and student code never runs as root."""
    with pytest.raises(ConfigurationError, match=r"got .*, expected"):
        Sandbox(**arguments)  # type: ignore[arg-type]


def test_level_rlimits_warns() -> None:
    """Who grades without isolation is told."""
    with Sandbox(isolation="rlimits", heavy=()) as box, pytest.warns(RuntimeWarning, match="network"):
        box.start()


def test_versions_are_known(box: Sandbox) -> None:
    """The record of a grade needs the versions of what ran the student's code."""
    box.start()
    assert set(box.versions) >= {"python", "numpy", "torch"}


def test_status_of_a_process(box: Sandbox) -> None:
    """It runs, it is killed, and killing it again changes nothing."""
    process = box.spawn()
    assert process.status() == "running"
    assert process.alive()
    assert process.kill() == "killed"
    assert process.kill() == "killed"
    assert not process.alive()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import os; os._exit(7)", "exit 7"),
        ("import ctypes; ctypes.string_at(0)", "signal 11"),
        ("import os; os.abort()", "signal 6"),
    ],
)
def test_how_a_process_ended(box: Sandbox, code: str, status: str) -> None:
    """Exit status and signal are told apart."""
    with box.session() as session:
        printed(session, "1")
        assert session._trunk is not None
        process = session._trunk.process
        session.run_cell(code)
        assert process.wait(60) == status


def test_processor_time_is_counted(box: Sandbox) -> None:
    """Time of the whole tree, children included."""
    with box.session() as session:
        printed(
            session,
            "import os, time\n"
            "if os.fork() == 0:\n"
            "    while time.process_time() < 0.5: pass\n"
            "    os._exit(0)\n"
            "os.wait()",
        )
        assert 0.4 < session._trunk.process.cpu_seconds() < 20


def test_data_files_arrive(box: Sandbox, tmp_path: Path) -> None:
    """Ordinary files are copied with their folders; the student may change the copy."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.csv").write_text("1,2")
    (tmp_path / "sub" / "b.bin").write_bytes(bytes(3 << 20))
    with box.session(tmp_path) as session:
        assert (
            printed(session, "import os; print(open('a.csv').read(), os.path.getsize('sub/b.bin'))") == f"1,2 {3 << 20}"
        )
        assert printed(session, "open('a.csv', 'a').write('!'); print(open('a.csv').read())") == "1,2!"
    assert (tmp_path / "a.csv").read_text() == "1,2"


def test_links_and_devices_do_not_arrive(box: Sandbox, tmp_path: Path) -> None:
    """A link to the lecturer's files brings nothing, whatever its kind or name."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "solution.py").write_text("THE ANSWER")
    files = tmp_path / "files"
    files.mkdir()
    (files / "soft").symlink_to(outside / "solution.py")
    (files / "folder").symlink_to(outside)
    os.link(outside / "solution.py", files / "hard")
    os.mkfifo(files / "pipe")
    (files / "line\nbreak").write_text("x")
    (files / os.fsdecode(b"\xff\xfe")).write_text("x")
    (files / "\u202etxt.exe").write_text("x")
    (files / "good.txt").write_text("x")
    with box.session(files) as session:
        assert printed(session, "import os; print([n for _, d, f in os.walk('.') for n in d + f])") == "['good.txt']"


def test_a_dead_zygote_is_replaced(box: Sandbox) -> None:
    """The next submission gets a new zygote of the same level."""
    level = box.level
    box._zygote.kill()
    box._zygote.wait()
    with box.session() as session:
        assert printed(session, "print(1)") == "1"
    assert box.level == level


def test_closing_ends_everything(tmp_path: Path) -> None:
    """A sandbox that is closed leaves neither processes nor folders."""
    mark = f"9876.{os.getpid()}"
    with Sandbox(heavy=()) as box:
        session = box.session()
        printed(session, f"import subprocess; subprocess.Popen(['sleep', '{mark}'], start_new_session=True)")
        assert until(lambda: processes_with(mark))
        stage = Path(box._stage)
        assert stage.is_dir()
    assert not stage.exists()
    assert until(lambda: not processes_with(mark))


@pytest.mark.parametrize("victim", ["marker", "launcher"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_killed_marker_or_launcher_leaves_nothing(level: str, victim: str, tmp_path: Path) -> None:
    """SIGKILL to the marker or the zygote's launcher ends the students' processes too."""
    if OFFERED[level]:
        pytest.skip(OFFERED[level])
    mark = f"6543.{os.getpid()}{len(victim)}"
    program = f"""
import warnings; warnings.simplefilter("ignore")
from autograder.sandbox.box import Sandbox
box = Sandbox(isolation={level!r}, heavy=())
session = box.session()
session.run_cell("import subprocess; p = subprocess.Popen(['sleep', '{mark}'], start_new_session=True)")
print(box._zygote.pid, flush=True)
import time; time.sleep(60)
"""
    marker = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=REPOSITORY, text=True)
    try:
        assert marker.stdout is not None
        launcher = int(marker.stdout.readline())
        assert until(lambda: processes_with(mark))
        os.kill(marker.pid if victim == "marker" else launcher, signal.SIGKILL)
        assert until(lambda: not [p for p in processes_with(mark) if p != marker.pid])
    finally:
        marker.kill()
        marker.wait()


def test_a_fault_of_ours_is_told_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is missing stops the start with its name."""
    from autograder.sandbox import installation

    monkeypatch.setattr(installation, "_PRELOAD", ["no_such_library"])
    with Sandbox(heavy=()) as box, pytest.raises(SandboxError, match="no_such_library"):
        box.start()


def test_limits_are_handed_to_the_kernel(box: Sandbox) -> None:
    """Hard limits cannot be raised by student code."""
    with box.session() as session:
        code = (
            "import resource\n"
            "try: resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))\n"
            "except (ValueError, OSError): print('refused')"
        )
        assert printed(session, code) == "refused"
        assert printed(session, "import resource; print(resource.getrlimit(resource.RLIMIT_FSIZE)[1])") == str(
            Limits().file_bytes
        )
