"""System mode for real: OS accounts, students' own environment, a hub as root, and a student who really tries.

Needs root, useradd and Linux. Servers need folders that every account reaches, so this works in a folder of its own
directly below the temporary folder (tmp_path is closed to other accounts) and removes it, and the accounts, at the end.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.hub.people import Passwords
from tests.build.small_course import UNIT, make_course
from tests.hub.plain_hub import PlainHub, find_proxy, free_ports, plain_hub
from tests.hub.students_environment import make_environment
from tests.hub.web_student import WebStudent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="needs root: makes accounts"),
    pytest.mark.skipif(shutil.which("useradd") is None, reason="useradd is not installed"),
]
LECTURER, ANA, BOB = "dlmath-t-lect", "dlmath-t-ana", "dlmath-t-bob"
COURSE = """
from pathlib import Path
from autograder.hub.configure import configure
ours = c.JupyterHub.bind_url, c.ConfigurableHTTPProxy.api_url
configure(c, Path({course!r}))
c.JupyterHub.bind_url, c.ConfigurableHTTPProxy.api_url = ours
"""
SETTINGS = """
[hub]
port = {port}
proxy = "{proxy}"
[people]
lecturers = ["{lecturer}"]
students = ["{ana}", "{bob}"]
[spawner]
kind = "system"
environment = "{environment}"
[exchange]
root = "{exchange}"
"""


@dataclass
class Machine:
    """Accounts, folders, and Bob's kernel."""

    base: Path
    hub: PlainHub
    ana: WebStudent
    bob: WebStudent

    @property
    def course(self) -> Path:
        return self.base / "course"

    @property
    def inbound(self) -> Path:
        return self.base / "exchange" / "dlmath" / "inbound"


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    base = Path(tempfile.mkdtemp(prefix="dlmath-separation-"))
    base.chmod(0o755)
    try:
        for name in (LECTURER, ANA, BOB):
            remove(name)  # of a run that was killed
            home = base / "homes" / name
            home.parent.mkdir(exist_ok=True, mode=0o755)
            subprocess.run(["useradd", "-m", "-d", str(home), "-s", "/bin/bash", "-U", name], check=True)
            home.chmod(0o700)
        environment = make_environment(base / "students").parents[1]
        prepare_course(base, environment)
        (base / "homes" / LECTURER / "marks.txt").write_text("secret")
        more = COURSE.format(course=str(base / "course"))
        passwords: dict[str, str] = {}
        Passwords(base / "course" / ".hub").add([ANA, BOB], passwords.update)
        with plain_hub(base / "course" / ".hub", spawner="", more=more) as hub:
            students = [WebStudent(hub.url, name, passwords[name]) for name in (ANA, BOB)]
            for student in students:
                student.log_in()
                student.start_server()
                student.start_kernel()
                for action in ("fetch", "submit"):
                    answer = student.ask("POST", f"/dlmath/api/units/{UNIT}/{action}", {})
                    assert answer.status_code == 200, (answer.text, hub.log[-3000:])
            yield Machine(base, hub, *students)
    finally:
        for name in (LECTURER, ANA, BOB):
            remove(name)
        shutil.rmtree(base, ignore_errors=True)
        shutil.rmtree("/run/dlmath/dlmath", ignore_errors=True)


def remove(name: str) -> None:
    """The account, its processes and its home, if there is one."""
    try:
        end_processes(pwd.getpwnam(name).pw_uid)
    except KeyError:
        return
    subprocess.run(["userdel", "-r", "-f", name], check=False, capture_output=True)


def end_processes(uid: int) -> None:
    """Servers outlive a hub that is stopped: students work on while it restarts."""
    import psutil

    for process in psutil.process_iter(["uids"]):
        if process.info["uids"] and process.info["uids"].real == uid:
            process.kill()


def prepare_course(base: Path, environment: Path) -> None:
    """A released course that only root reads, and an exchange as the hub's release makes it."""
    from autograder.build import release
    from autograder.course import Course
    from autograder.hub.releasing import ReleaseAssignment
    from tests.hub.lecturers import Classroom

    home = base / "course"
    home.mkdir(mode=0o700)
    make_course(home)
    release(Course.at(home))
    exchange = base / "exchange"
    exchange.mkdir()
    exchange.chmod(0o755)
    Classroom(Course.at(home), exchange, base / "homes").step(ReleaseAssignment).start()
    (home / ".hub").mkdir(mode=0o700)
    names = {"lecturer": LECTURER, "ana": ANA, "bob": BOB, "proxy": find_proxy(), "port": free_ports(1)[0]}
    text = SETTINGS.format(**names, environment=environment, exchange=exchange)
    (home / ".hub" / "hub.toml").write_text(text)


def test_a_student_is_who_they_are(machine: Machine) -> None:
    """The kernel runs under the student's own account, in the students' environment, and can work."""
    assert machine.bob.run("import getpass; print(getpass.getuser())").strip() == BOB
    assert machine.bob.run("import sys; print(sys.prefix)").strip() == str(machine.base / "students")
    assert machine.bob.run("import numpy, sklearn, matplotlib, dlmath_kit; print('works')").strip().endswith("works")


@pytest.mark.parametrize("module", ["dlmath_ref", "solutions", "autograder", "autograder.hub"])
def test_answers_cannot_be_imported(machine: Machine, module: str) -> None:
    """Neither from the environment nor by naming the course's folder."""
    folders = [str(machine.course), str(Path(__file__).resolve().parents[2])]
    told = machine.bob.run(f"import sys; sys.path[:0] = {folders[:1]!r}\nimport {module}")
    assert "ModuleNotFoundError" in told, told


def secrets(machine: Machine) -> dict[str, str]:
    """What no student may read."""
    course, homes = machine.course, machine.base / "homes"
    outbound = machine.inbound.with_name("outbound")
    return {
        "source": f"open('{course}/source/{UNIT}/basics.py').read()",
        "answer key": f"__import__('os').listdir('{course}/solutions')",
        "course": f"__import__('os').listdir('{course}')",
        "gradebook": f"open('{course}/gradebook.db', 'rb').read()",
        "hub's state": f"__import__('os').listdir('{course}/.hub')",
        "operator's token": f"open('{course}/.hub/operator_token').read()",
        "people": f"open('{course}/.hub/people.json').read()",
        "lecturer's home": f"open('{homes}/{LECTURER}/marks.txt').read()",
        "another student's home": f"__import__('os').listdir('{homes}/{ANA}')",
        "another student's work": f"open('{homes}/{ANA}/dlmath/{UNIT}/basics.ipynb').read()",
        "list of submissions": f"__import__('os').listdir('{machine.inbound}')",
        "released unit, to write": f"open('{outbound}/{UNIT}/basics.ipynb', 'a').write('x')",
        "students' environment, to write": f"open('{machine.base}/students/sitecustomize.py', 'w').write('x')",
        "hub's environment": f"open('/proc/{machine.hub.process.pid}/environ').read()",
        "hub's memory": f"open('/proc/{machine.hub.process.pid}/mem', 'rb').read(1)",
    }


def test_what_is_secret_stays_so(machine: Machine) -> None:
    """Each is really tried in Bob's kernel; none may succeed, and each must fail by permission."""
    told = {what: machine.bob.run(code) for what, code in secrets(machine).items()}
    opened = {what: said for what, said in told.items() if "PermissionError" not in said}
    assert not opened


def attempts(submission: Path, mine: Path) -> dict[str, str]:
    """What Bob does to Ana's submission, once he knows where it is."""
    given = f"import os, shutil; folder, mine = {str(submission)!r}, {str(mine)!r}; file = folder + '/basics.ipynb'\n"
    tried = {
        "list": "print(os.listdir(folder))",
        "read": "print(open(file).read())",
        "read its secret": "print(open(folder + '/submission_secret.txt').read())",
        "write": "open(file, 'a').write('x')",
        "empty": "os.truncate(file, 0)",
        "add a file": "open(folder + '/extra.ipynb', 'w').write('x')",
        "put a link": "os.symlink('/etc/passwd', folder + '/link.ipynb')",
        "replace a file": "os.replace(os.path.expanduser('~/mine.ipynb'), file)",
        "rename a file": "os.rename(file, file + 'x')",
        "delete a file": "os.unlink(file)",
        "delete": "shutil.rmtree(folder)",
        "rename": "os.rename(folder, folder + 'x')",
        "hide": "os.rename(folder, os.path.dirname(folder) + '/.hidden')",
        "put his own in its place": "os.rename(mine, folder)",
        "open": "os.chmod(folder, 0o777)",
        "take": "os.chown(folder, os.getuid(), os.getgid())",
        "touch": "os.utime(folder, (0, 0))",
        "enter": "os.chdir(folder)",
        "remove the inbound folder's protection": "os.chmod(os.path.dirname(folder), 0o777)",
        "rename the inbound folder": "os.rename(os.path.dirname(folder), os.path.dirname(folder) + 'x')",
    }
    return {what: given + code for what, code in tried.items()}


def contents(folder: Path) -> dict[str, tuple[bytes, int, float]]:
    """Everything that could change: content, mode and time of each file."""
    return {p.name: (p.read_bytes(), p.stat().st_mode, p.stat().st_mtime) for p in folder.iterdir()}


def test_a_known_name_opens_no_submission(machine: Machine) -> None:
    """Bob is told the name of Ana's submission: reading, changing, deleting and renaming it each fail by permission."""
    ana, bob = (next(p for p in machine.inbound.iterdir() if p.name.startswith(f"{who}+")) for who in (ANA, BOB))
    assert machine.inbound.stat().st_mode & 0o7777 == 0o3733
    before = contents(ana)
    machine.bob.run("import os; open(os.path.expanduser('~/mine.ipynb'), 'w').write('forged')")
    told = {what: machine.bob.run(code) for what, code in attempts(ana, bob).items()}
    assert {what: said for what, said in told.items() if "PermissionError" not in said} == {}
    assert contents(ana) == before and {p.name for p in machine.inbound.iterdir()} >= {ana.name, bob.name}


def test_submissions_are_private_where_root_grades(machine: Machine) -> None:
    """0700 and 0600: only the student and the grader, who is root here, read them; names cannot be listed either."""
    for folder in machine.inbound.iterdir():
        assert folder.stat().st_mode & 0o7777 in (0o700, 0o2700)
        assert {path.stat().st_mode & 0o7777 for path in folder.iterdir()} == {0o600}
    assert "PermissionError" in machine.bob.run(f"import os; os.scandir('{machine.inbound}')")


def test_environments_of_others_are_closed(machine: Machine) -> None:
    """Of all processes, Bob reads the environment of his own alone."""
    code = (
        "import os, glob\nfor p in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try:\n        open(p, 'rb').read(); print(os.stat(p).st_uid)\n    except OSError: pass"
    )
    assert set(machine.bob.run(code).split()) == {str(pwd.getpwnam(BOB).pw_uid)}


def test_another_student_s_server_refuses_bob(machine: Machine) -> None:
    """Neither by his login at the hub nor by the token that his own server holds."""
    page = machine.bob.session.get(f"{machine.hub.url}/user/{ANA}/api/contents", allow_redirects=True)
    assert page.status_code in (403, 404)
    code = (
        "import os, urllib.request as u\n"
        f"r = u.Request('{machine.hub.url}/user/{ANA}/api/contents', "
        "headers={'Authorization': 'token ' + os.environ.get('JUPYTERHUB_API_TOKEN', '')})\n"
        "print(u.urlopen(r).status)"
    )
    assert "HTTPError: HTTP Error 40" in machine.bob.run(code)


def test_a_forged_submission_is_not_collected(machine: Machine) -> None:
    """Whoever may hand in may make a folder in another's name: collecting looks at its owner and refuses it."""
    from autograder.course import Course
    from tests.hub.lecturers import Classroom

    code = (
        "import os, shutil\n"
        f"folder = '{machine.inbound}/{ANA}+{UNIT}+2099-01-01 00:00:00.000000 UTC+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'\n"
        f"shutil.copytree(os.path.expanduser('~/dlmath/{UNIT}'), folder)\n"
        "open(folder + '/timestamp.txt', 'w').write('2099-01-01 00:00:00.000000 UTC')\n"
        "open(folder + '/basics.ipynb', 'a').write('forged')\nos.chmod(folder, 0o755)\nprint('forged')"
    )
    assert "forged" in machine.bob.run(code)
    classroom = Classroom(Course.at(machine.course), machine.base / "exchange", machine.base / "homes")
    classroom.collect(check_owner=True)
    collected = machine.course / "submitted" / ANA / UNIT
    assert (collected / "basics.ipynb").is_file(), "Ana's own submission is collected"
    assert "forged" not in (collected / "basics.ipynb").read_text()
    assert "2099" not in (collected / "timestamp.txt").read_text()


def test_a_python_below_a_closed_home_fails(machine: Machine) -> None:
    """Why the students' environment lies in a folder open to all: this one cannot even be started by a student."""
    closed = machine.base / "homes" / LECTURER / "environment"
    closed.symlink_to(machine.base / "students")
    told = machine.bob.run(f"import subprocess; subprocess.run(['{closed}/bin/python', '-c', 'pass'])")
    assert "PermissionError" in told
