"""Attacks from a submission's process on the machine, on other processes and on our secrets."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox.box import LEVELS, STUDENT_UIDS, Sandbox
from autograder.sandbox.endings import REASONS
from autograder.sandbox.inside.isolation.levels import Limited
from autograder.sandbox.limits import Limits
from autograder.sandbox.probe import probe
from autograder.sandbox.session import Session
from tests.sandbox.attack import printed, processes_with, refused, until

REPOSITORY = Path(__file__).resolve().parents[2]
FENCED = ("namespaces", "landlock")
MIB = 2**20
LIMITS = Limits(memory_bytes=256 * MIB, disk_bytes=32 * MIB, file_bytes=16 * MIB, processes=32)

OFFERED = probe()


def _sandbox(level: str) -> Sandbox:
    if OFFERED[level]:
        pytest.skip(f"{level}: {OFFERED[level]}")
    return Sandbox(isolation=level, limits=LIMITS, heavy=["torch"])


@pytest.fixture(scope="module", params=FENCED)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with _sandbox(request.param) as box:
        yield box


@pytest.fixture(scope="module", params=LEVELS)
def any_box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with _sandbox(request.param) as box:
        yield box


@pytest.fixture
def session(box: Sandbox) -> Iterator[Session]:
    with box.session() as session:
        yield session


@pytest.fixture
def any_session(any_box: Sandbox) -> Iterator[Session]:
    with any_box.session() as session:
        yield session


# -- who it is


@pytest.mark.filterwarnings("ignore:Student code runs at isolation level")
def test_student_code_is_not_root(any_session: Session) -> None:
    """No user id of the process is 0, and it cannot become 0."""
    assert (
        "0" not in printed(any_session, "import os; print(*os.getresuid(), *os.getresgid(), *os.getgroups())").split()
    )
    assert refused(any_session, "import os; os.setuid(0)") in ("PermissionError", "OSError")


def test_markers_at_work_at_once_share_no_user() -> None:
    """Where the marker is root, two of them run student code as two users: neither can use up the other's processes."""
    code = (
        "from autograder.sandbox import Sandbox\n"
        "with Sandbox(heavy=()) as box, box.session() as s: print(s.run_cell('import os; print(os.getuid())').outputs)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    users = [re.search(r"'text': '(\d+)", process.communicate(timeout=120)[0]) for process in both]
    found = [int(user.group(1)) for user in users if user]
    assert len(found) == 2
    if os.getuid() == 0:
        assert found[0] != found[1] and set(found) <= set(STUDENT_UIDS)
    else:
        assert found == [os.getuid()] * 2


def test_no_capabilities_and_no_way_to_new_ones(box: Sandbox, session: Session) -> None:
    """Effective and permitted capabilities are empty; set-user-id programs give nothing."""
    status = printed(session, "print(open('/proc/self/status').read())")
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    allowed = {0} if box.level == "namespaces" else {0, 1 << 2}  # reading past a closed home: Landlock still decides
    assert {int(lines[name], 16) for name in ("CapEff", "CapPrm")} <= allowed
    assert int(lines["CapInh"], 16) == int(lines["CapAmb"], 16) == 0
    assert lines["NoNewPrivs"].strip() == "1"
    assert lines["Seccomp"].strip() == "2"


# -- what it can read


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text("THE ANSWER")
    for folder in (tmp_path, *tmp_path.parents):
        if os.stat(folder).st_uid == os.getuid() and folder != Path("/") and "pytest" in folder.name:
            folder.chmod(0o755)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize(
    "path",
    [
        "REPOSITORY/autograder/errors.py",
        "REPOSITORY/autograder/sandbox/box.py",
        "REPOSITORY/pyproject.toml",
        "/etc/shadow",
        "/root/.bashrc",
        "/proc/MARKER/environ",
        "/proc/MARKER/maps",
        "/proc/MARKER/cwd/pyproject.toml",
        "/proc/MARKER/root/etc/passwd",
    ],
)
def test_files_of_the_host_cannot_be_read(session: Session, path: str) -> None:
    """Our code, passwords and the marker's process are out of reach."""
    path = path.replace("REPOSITORY", str(REPOSITORY)).replace("MARKER", str(os.getpid()))
    assert os.path.lexists(path) or path.startswith("/root")
    assert refused(session, f"open({path!r}).read()") in ("FileNotFoundError", "PermissionError")


def test_folders_of_the_course_cannot_be_listed(session: Session) -> None:
    """Neither the repository nor its solutions show a name."""
    for folder in (REPOSITORY, REPOSITORY / "solutions", REPOSITORY / "autograder", REPOSITORY / "dlmath_ref"):
        got = printed(
            session, f"import os\ntry: print(os.listdir({str(folder)!r}))\nexcept OSError as e: print('refused')"
        )
        shown = [] if got == "refused" else eval(got)
        assert {name for name in shown if not name.startswith(".")} <= {"autograder"}, got
        if "autograder" in shown:  # the way to the installed packages may be seen, what is beside it may not
            assert OFFERED["namespaces"] == ""


def test_other_files_in_tmp_cannot_be_read(session: Session, secret: Path) -> None:
    """A file that everybody may read stays out of reach: by its path, by a link, by a parent folder."""
    assert refused(session, f"open({str(secret)!r}).read()") in ("FileNotFoundError", "PermissionError")
    assert refused(session, f"import os; os.symlink({str(secret)!r}, 'link'); open('link').read()") in (
        "FileNotFoundError",
        "PermissionError",
    )
    assert refused(session, f"open('../' * 20 + {str(secret)[1:]!r}).read()") in (
        "FileNotFoundError",
        "PermissionError",
    )


def test_no_process_of_the_host_shows_its_environment(session: Session) -> None:
    """Whatever process can be seen in /proc, only the clean environment of the submission itself can be read."""
    code = """
    import os
    read = []
    for name in map(str, range(1, 40000)):
        try:
            read.append(open(f"/proc/{name}/environ").read())
        except OSError:
            pass
    print(all(r == "" or r.startswith("PATH=/usr/bin:/bin") for r in read), len(read) <= 2)
    """
    assert printed(session, "\n".join(line[4:] for line in code.splitlines())) == "True True"


@pytest.mark.filterwarnings("ignore:Student code runs at isolation level")
@pytest.mark.parametrize("name", ["autograder", "autograder.key", "dlmath_ref", "solutions", "source"])
def test_our_packages_cannot_be_imported(any_session: Session, name: str) -> None:
    """The grader, the reference and the keys do not exist for student code."""
    assert refused(any_session, f"import {name}") == "ModuleNotFoundError"


def test_our_packages_cannot_be_imported_from_their_folder(session: Session) -> None:
    """Not even when student code names the folder."""
    assert refused(session, f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import dlmath_ref.activations") == (
        "ModuleNotFoundError"
    )


@pytest.mark.filterwarnings("ignore:Student code runs at isolation level")
def test_the_environment_is_made_from_a_list(any_box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the marker's environment arrives."""
    with any_box.session() as session:
        names = set(printed(session, "import os; print(*os.environ)").split())
    threads = {f"{n}_NUM_THREADS" for n in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS")}
    own = {"PATH", "LANG", "MPLBACKEND", "HOME", "TMPDIR", "MPLCONFIGDIR", "IPYTHONDIR", "PWD", "LC_CTYPE",
           "CUDA_VISIBLE_DEVICES"}  # fmt: skip
    libraries = {"KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK", "COLUMNS", "LINES", "PAGER", "GIT_PAGER", "TERM",
                 "CLICOLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TORCHINDUCTOR_CACHE_DIR"}  # fmt: skip
    assert names <= threads | own | libraries


@pytest.mark.filterwarnings("ignore:Student code runs at isolation level")
def test_only_the_channel_is_open(any_session: Session) -> None:
    """Descriptors are the standard streams, what the session made, and sockets without a name."""
    code = (
        "import os\n"
        "for fd in os.listdir('/proc/self/fd'):\n"
        "    try: print(os.readlink(f'/proc/self/fd/{fd}'))\n"
        "    except OSError: pass"
    )
    for target in printed(any_session, code).splitlines():
        assert target.startswith(("socket:", "pipe:", "/dev/null", "/proc/", "anon_inode:")) or "(deleted)" in target, (
            target
        )
    sockets = printed(any_session, code).count("socket:")
    assert sockets <= 2


# -- whom it can reach


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET"])
def test_there_is_no_network(session: Session, family: str) -> None:
    """No socket can be made, of any family."""
    assert refused(session, f"import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM)") == "PermissionError"


def test_socket_pairs_work(session: Session) -> None:
    """What multiprocessing and asyncio use within a process tree is allowed."""
    assert printed(session, "import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))") == "b'x'"


def test_programs_can_be_run(session: Session) -> None:
    """`!ls` and subprocess work as in a notebook."""
    assert "hello" in printed(
        session, "import subprocess; print(subprocess.run('echo hello', shell=True, capture_output=True))"
    )


def test_processes_outside_cannot_be_signalled(session: Session) -> None:
    """The marker and a bystander survive signals to every process id and to all at once."""
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        printed(
            session,
            "import os, signal\n"
            f"for pid in (-1, 1, {bystander.pid}, {os.getpid()}, {os.getppid()}):\n"
            "    try: os.kill(pid, signal.SIGTERM)\n"
            "    except OSError: pass\n",
        )
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_processes_outside_cannot_be_traced_or_read(session: Session) -> None:
    """ptrace and process_vm_readv are refused, even on its own children."""
    for number, arguments in ((101, "16, os.getpid(), 0, 0"), (310, "os.getpid(), 0, 0, 0, 0, 0")):
        code = (
            "import ctypes, os\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            f"print(libc.syscall({number}, {arguments}), ctypes.get_errno())"
        )
        if os.uname().machine == "x86_64":
            assert printed(session, code) == "-1 1"


@pytest.mark.parametrize(
    "call",
    [
        "unshare(0x10000000)",
        "unshare(0x20000)",
        "chroot(b'.')",
        "mount(b'x', b'.', b'tmpfs', 0, 0)",
        "setns(0, 0)",
        "personality(0)",
        "shmget(0, 4096, 0o1600)",
        "open_by_handle_at(-100, 0, 0)",  # would make use of the one capability that level "landlock" may keep
    ],
)
def test_doors_of_the_kernel_are_shut(session: Session, call: str) -> None:
    """Namespaces, mounts, System V memory and handles to files are refused."""
    code = f"import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.{call}, ctypes.get_errno())"
    assert printed(session, code) == "-1 1"


def test_the_x32_table_is_no_way_round(session: Session) -> None:
    """A call by the second number that x86_64 has for it ends the process."""
    if os.uname().machine != "x86_64":
        pytest.skip("only x86_64 has a second table")
    code = (
        "import ctypes, os\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    ctypes.CDLL(None).syscall(0x40000000 + 41, 2, 1, 0)\n"
        "    os._exit(0)\n"
        "print(os.waitpid(pid, 0)[1] & 127)"
    )
    assert printed(session, code) == str(int(signal.SIGSYS))


# -- what it can write


@pytest.mark.parametrize("folder", ["/etc", "/usr/lib", "/", "/var/tmp", os.path.dirname(os.__file__)])
def test_nothing_of_the_host_can_be_written(session: Session, folder: str) -> None:
    """No file can be made outside the private folders."""
    assert refused(session, f"open({folder!r} + '/dropped.txt', 'w')") in (
        "PermissionError",
        "OSError",
        "FileNotFoundError",
    )
    assert not Path(folder, "dropped.txt").exists()


def test_packages_cannot_be_changed(session: Session) -> None:
    """The libraries that the next submission uses stay as they are."""
    assert refused(session, "import numpy; open(numpy.__file__, 'a')") in ("PermissionError", "OSError")


def test_submissions_do_not_see_each_other(box: Sandbox) -> None:
    """A file written by one is not there for the next, nor for one that runs at the same time."""
    with box.session() as first, box.session() as second:
        place = printed(first, "import os; open('mine.txt', 'w').write('x'); print(os.path.abspath('mine.txt'))")
        assert refused(second, f"open({place!r})") in ("FileNotFoundError", "PermissionError")
        assert printed(second, "import os; print(os.listdir('.'))") == "[]"


def test_a_file_that_vanishes_is_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process makes and removes files while the keeper hands its folder over."""
    (tmp_path / "gone").touch()
    (tmp_path / "stays").touch()
    given = []

    def chown(path: str, *_: int, follow_symlinks: bool) -> None:
        if path.endswith("gone"):
            raise FileNotFoundError(path)
        given.append(os.path.basename(path))

    monkeypatch.setattr(os, "chown", chown)
    level = Limited({"stage": "", "inside": "", "uid": 1})
    level.root, level.private = True, str(tmp_path)
    level.hand_over()
    assert sorted(given) == [".", "stays"]


# -- what it can take


def test_a_fork_bomb_is_stopped_and_cleared_away(box: Sandbox) -> None:
    """Forking ends at the limit, or the submission does; nothing is left after the session."""
    with box.session() as session:
        code = (
            "import os\n"
            "made = 0\n"
            "try:\n"
            "    while made < 500:\n"
            "        if os.fork() == 0:\n"
            f"            os.execv('/usr/bin/sleep', ['sleep', '7654.{os.getpid()}'])\n"
            "        made += 1\n"
            "except OSError as e:\n"
            "    print(type(e).__name__, made)"
        )
        if box.crowded:
            outcome = session.run_cell(code)
            assert (outcome.status, outcome.error) == ("crash", REASONS["processes"])
        else:
            name, made = printed(session, code).split()
            assert name == "BlockingIOError"
            assert 5 <= int(made) <= LIMITS.processes
            assert until(lambda: processes_with(f"7654.{os.getpid()}"))
    assert not processes_with(f"7654.{os.getpid()}")


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: makes a view of its own for another user")
@pytest.mark.parametrize("level", LEVELS)
def test_a_bomb_leaves_others_room(level: str, tmp_path: Path) -> None:
    """Beside a submission that starts processes for ever, of the same ordinary user, others answer as ever."""
    if OFFERED[level]:
        pytest.skip(f"{level}: {OFFERED[level]}")
    command = [sys.executable, "-m", "tests.sandbox.neighbours", level, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    told = done.stdout.splitlines()
    assert done.returncode == 0 and told[0] == "answered by a fork of the first process", done.stdout + done.stderr
    if level != "namespaces":  # there they cannot be started
        assert told[1:] == ["crash", REASONS["processes"]] * 3


def test_a_process_that_leaves_its_session_is_ended_too(box: Sandbox) -> None:
    """Double fork, setsid and ignored signals do not help."""
    with box.session() as session:
        code = (
            "import os, signal, subprocess\n"
            "if os.fork() == 0:\n"
            "    os.setsid()\n"
            "    if os.fork() == 0:\n"
            "        for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(n, signal.SIG_IGN)\n"
            f"        os.execv('/usr/bin/sleep', ['sleep', '8765.{os.getpid()}'])\n"
            "    os._exit(0)\n"
            "print('left')"
        )
        assert printed(session, code) == "left"
        assert until(lambda: processes_with(f"8765.{os.getpid()}"))
    assert not processes_with(f"8765.{os.getpid()}")


@pytest.mark.filterwarnings("ignore:Student code runs at isolation level")
@pytest.mark.parametrize(
    "code",
    [
        "kept = []\nwhile True: kept.append(bytearray(8 << 20))",
        "import mmap\nkept = []\nwhile True:\n"
        "    kept.append(mmap.mmap(-1, 8 << 20))\n    kept[-1].write(b'x' * (8 << 20))",
        "import os, torch\nfor _ in range(6):\n"
        "    if os.fork() == 0: break\nkept = torch.ones(20 << 20)\nwhile True: pass",
    ],
    ids=["objects", "shared mapping", "several processes"],
)
def test_filling_memory_ends_the_submission_alone(any_box: Sandbox, code: str) -> None:
    """One process is refused more memory or the whole tree is ended; the status says "memory"."""
    with any_box.session() as session:
        outcome = session.run_cell(code)
        assert "MemoryError" in outcome.error or "more memory" in outcome.error
    with any_box.session() as session:
        assert printed(session, "print(1)") == "1"


def test_memory_that_no_process_maps_cannot_be_had(session: Session) -> None:
    """An anonymous file would hide memory from the watchdog."""
    assert refused(session, "import os; os.memfd_create('x')") == "OSError"


def test_filling_the_disk_is_bounded(box: Sandbox) -> None:
    """Files end at the limit, or the submission does."""
    with box.session() as session:
        code = (
            "import os, time\n"
            "try:\n"
            "    for i in range(64):\n"
            "        with open(f'f{i}', 'wb') as f: f.write(bytes(8 << 20))\n"
            "    time.sleep(10)\n"
            "except OSError as e: print(e.strerror)"
        )
        got = printed(session, code)
        assert got == "No space left on device" if box.level == "namespaces" else "more files" in got


def test_a_single_file_is_bounded(session: Session) -> None:
    """Writing past the limit of one file is an error, not a death."""
    code = "try:\n    with open('big', 'wb') as f: f.write(bytes(17 << 20))\nexcept OSError as e: print(e.strerror)"
    assert printed(session, code) == "File too large"


def test_descriptors_are_bounded(session: Session) -> None:
    """Opening files without end is an error."""
    assert refused(session, "kept = [open('/dev/null') for _ in range(5000)]") == "OSError"
    assert printed(session, "print('goes on')") == "goes on"
