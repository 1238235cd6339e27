"""JupyterHub's own application, built from our configuration."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import ConfigurationError
from autograder.hub.readiness import notes, require_ready
from autograder.hub.settings import read_settings
from autograder.hub.spawners import require_person
from tests.hub.students_environment import make_environment

HERE = Path(__file__).resolve().parents[2]
LAPTOP = """[course]
timezone = "Europe/Brussels"
[course.due]
unit02_logistic = 2026-12-01T23:59:00
[gpus]
devices = [0]
"""
LOOK = """
import asyncio, json, sys
from jupyterhub import orm
from jupyterhub.app import JupyterHub

async def look():
    app = JupyterHub()
    await app.initialize(["-f", sys.argv[1]])
    spawner = app.users["student1"].spawner if sys.argv[2] == "here" else None
    roles = {role.name: sorted(role.scopes) for role in app.db.query(orm.Role)}
    document = {
        "bind": app.bind_url, "hub": app.hub_bind_url, "proxy": app.proxy.api_url, "command": app.proxy.command,
        "groups": {g.name: sorted(u.name for u in g.users) for g in app.db.query(orm.Group)},
        "admins": [u.name for u in app.db.query(orm.User) if u.admin],
        "roles": {name: roles[name] for name in ("lecturers", "formgrader", "server")},
        "members": sorted(g.name for g in app.db.query(orm.Role).filter_by(name="lecturers").one().groups),
        "services": {s.name: [s.url, s.command, s.environment] for s in app._service_map.values()},
        "limits": [app.api_page_default_limit, app.api_page_max_limit, app.active_server_limit],
        "spawner": app.spawner_class.__name__, "authenticator": app.authenticator_class.__name__,
        "headers": app.tornado_settings.get("headers", {}), "cleanup": app.cleanup_servers,
        "allow": [app.authenticator.allow_all, app.authenticator.allow_existing_users],
        "environment": spawner.get_env() if spawner else {},
        "announcement": app.template_vars.get("announcement_login", ""),
    }
    print("DOCUMENT" + json.dumps(document))

asyncio.run(look())
"""


def build(home: Path, text: str = "", where: str = "here") -> tuple[dict[str, Any], str]:
    """What the application holds, and what it logged."""
    (home / "source" / "unit02_logistic").mkdir(parents=True, exist_ok=True)
    (home / ".hub").mkdir(mode=0o700, exist_ok=True)
    (home / ".hub" / "hub.toml").write_text(text)
    shutil.copy(HERE / "jupyterhub_config.py", home)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "DLMATH", "PYTHONPATH"))}
    environment |= {"TEACHER_SECRET": "s3", "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(home / "jupyterhub_config.py"), where],
        capture_output=True,
        text=True,
        cwd=home / ".hub",
        env=environment,
        check=False,
    )
    assert "DOCUMENT" in done.stdout, done.stderr[-4000:]
    return json.loads(done.stdout.split("DOCUMENT")[1]), done.stderr


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    """With no settings but a deadline and a GPU."""
    home = tmp_path_factory.mktemp("laptop")
    document, log = build(home, LAPTOP)
    return document, log, home


def test_nothing_is_unknown_to_jupyterhub(laptop: tuple[dict[str, Any], str, Path]) -> None:
    """Every option is a trait of the class that it is for: a misspelt one would be ignored with a warning."""
    _, log, _ = laptop
    assert "not recognized" not in log and "eprecated" not in log, log


def test_groups_are_those_that_nbgrader_asks_for(laptop: tuple[dict[str, Any], str, Path]) -> None:
    """The formgrader's user is a lecturer to nbgrader; nobody is an administrator of the hub."""
    document, _, _ = laptop
    assert document["groups"]["formgrade-dlmath"] == ["grader-dlmath", "lecturer"]
    assert document["groups"]["nbgrader-dlmath"] == ["student1", "student2", "student3"]
    assert document["admins"] == [] and document["members"] == ["formgrade-dlmath"]


def test_rights_are_the_least_that_work(laptop: tuple[dict[str, Any], str, Path]) -> None:
    """A lecturer reaches the formgrader, the formgrader knows one group, a server knows its own user."""
    document, _, _ = laptop
    course = "access:services!service=dlmath"
    assert document["roles"]["lecturers"] == [course, "list:services", "read:services!service=dlmath"]
    assert document["roles"]["formgrader"] == [
        "groups!group=nbgrader-dlmath",
        "list:groups!group=nbgrader-dlmath",
        "read:users!user=grader-dlmath",
    ]
    assert document["roles"]["server"] == ["access:servers!server", "read:users!user", "users:activity!user"]
    assert document["allow"] == [False, False]


def test_the_formgrader_is_kept_and_knows_its_user(laptop: tuple[dict[str, Any], str, Path]) -> None:
    """Its service is named like the course; without JUPYTERHUB_USER nbgrader's pages answer 500."""
    url, command, environment = laptop[0]["services"]["dlmath"]
    assert url == "http://127.0.0.1:8003" and command[1:4] == ["-m", "autograder.hub.keeper", "8003"]
    assert environment["JUPYTERHUB_USER"] == "grader-dlmath"
    assert laptop[0]["headers"] == {}, "only the formgrader may be framed"


def test_only_the_proxy_listens_for_others(laptop: tuple[dict[str, Any], str, Path]) -> None:
    document, _, _ = laptop
    listening = [document["bind"], document["hub"], document["proxy"]]
    assert [url.removesuffix("/hub/") for url in listening] == [f"http://127.0.0.1:{n}" for n in (8000, 8001, 8002)]
    assert document["limits"] == [10_000, 10_000, 0]


def test_the_state_is_private(laptop: tuple[dict[str, Any], str, Path]) -> None:
    """JupyterHub makes its database readable for all: the folder keeps others out."""
    state = laptop[2] / ".hub"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700 and (state / "jupyterhub.sqlite").exists()
    state.chmod(0o755)
    build(laptop[2], LAPTOP)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700, "a folder that was opened is closed at the next start"


def test_a_server_is_told_about_the_course(laptop: tuple[dict[str, Any], str, Path]) -> None:
    """The variables that dlmath_kit.hub reads; and nothing else of what surrounds the hub."""
    document, _, home = laptop
    told = document["environment"]
    assert told["DLMATH_COURSE"] == "dlmath" and told["DLMATH_EXCHANGE"] == str(home / ".hub" / "exchange")
    assert json.loads(told["DLMATH_DUE"]) == {"unit02_logistic": "2026-12-01T23:59:00+01:00"}
    assert told["DLMATH_TIMEZONE"] == "Europe/Brussels"
    assert json.loads(told["DLMATH_CULLING"]) == {"idle_minutes": 60, "warn_minutes": 10}
    gpus = json.loads(told["DLMATH_GPUS"])
    assert gpus["devices"] == ["0"] and gpus["folder"] == str(home / ".hub" / "leases")
    assert "TEACHER_SECRET" not in told and "PYTHONPATH" not in told
    assert told["HOME"] == str(home / ".hub" / "homes" / "student1")


def test_jupyter_finds_the_courses_files(laptop: tuple[dict[str, Any], str, Path]) -> None:
    """The page of the units is on, nbgrader's own entries and installing extensions are off, both kernels are there."""
    told = laptop[0]["environment"]
    config, data = Path(told["JUPYTER_CONFIG_PATH"]), Path(told["JUPYTER_PATH"])
    server = json.loads((config / "jupyter_server_config.json").read_text())
    assert server["LabApp"]["extension_manager"] == "readonly"
    extensions = server["ServerApp"]["jpserver_extensions"]
    assert extensions.pop("dlmath_kit.hub") is True and not any(extensions.values())
    assert "@jupyter/nbgrader:assignment-list" in (config / "labconfig" / "page_config.json").read_text()
    assert sorted(p.name for p in (data / "kernels").iterdir()) == ["course-gpu", "python3"]
    assert "path_includes_course = True" in (config / "nbgrader_config.py").read_text()


def test_the_laptop_says_what_it_is(laptop: tuple[dict[str, Any], str, Path]) -> None:
    document, _, home = laptop
    assert "isolates nobody" in document["announcement"] and document["cleanup"] is True
    assert any("isolates nobody" in note for note in notes(read_settings(home)))


@pytest.mark.parametrize(
    ("table", "spawner"),
    [
        ('kind = "docker"\nimage = "course:1"\n', "LeasingDockerSpawner"),
        ('kind = "kubernetes"\nimage = "course:1"\n', "KubeSpawner"),
    ],
)
def test_servers_in_containers(tmp_path: Path, table: str, spawner: str) -> None:
    """The hub listens where containers reach it, and leaves servers running when it ends."""
    check_elsewhere(tmp_path, table, spawner)


def check_elsewhere(home: Path, table: str, spawner: str) -> None:
    (home / "exchange").mkdir()
    text = f'[exchange]\nroot = "exchange"\n[hub]\nconnect = "hub"\n[gpus]\ndevices = ["gpu:1"]\n[spawner]\n{table}'
    document, log = build(home, text, "elsewhere")
    assert document["spawner"] == spawner and document["cleanup"] is False
    assert document["hub"].startswith("http://0.0.0.0:8001") and document["announcement"] == ""
    assert "not recognized" not in log, log


def test_servers_of_slurm(tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with jobs, whose Python lies where all accounts reach it."""
    make_environment(open_folder / "students")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sbatch").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    table = f'kind = "slurm"\nenvironment = "{open_folder / "students"}"\n[spawner.options]\nreq_partition = "course"\n'
    check_elsewhere(tmp_path, table, "SlurmSpawner")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Directly below the temporary folder, because tmp_path is closed to other accounts."""
    folder = Path(tempfile.mkdtemp(prefix="dlmath-configure-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@cache
def bare_environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'[spawner]\nenvironment = "{sys.prefix}"\n', r"where autograder can be imported, expected no answers there"),
        ('[spawner]\nenvironment = "bare"\n', r"without dlmath_kit,"),
        ('[spawner]\nenvironment = "source"\n', r"expected a virtual environment with bin/python"),
        ('[spawner]\nkind = "docker"\nimage = "i"\n', r"\[exchange\] root: got nothing, expected a folder outside"),
        ('[spawner.options]\nhome_dir_tmplate = "x"\n', r"home_dir_tmplate: got an unknown name.*home_dir_template"),
        ('[spawner.options]\nport = "x"\n', r"\[spawner.options\] port: got 'x', expected a value"),
    ],
)
def test_machines_that_are_not_ready(tmp_path: Path, text: str, words: str) -> None:
    """What would fail later, or give the answers away, is refused before anything starts."""
    (tmp_path / "source").mkdir()
    if "bare" in text:
        bare_environment(tmp_path / "bare")
    (tmp_path / "hub.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        require_ready(read_settings(tmp_path, tmp_path / "hub.toml"))


def test_a_closed_environment_is_refused(tmp_path: Path) -> None:
    """Students cannot start a Python that lies below somebody's home of mode 0700."""
    (tmp_path / "exchange").mkdir()
    (tmp_path / "home").mkdir(mode=0o700)
    bare_environment(tmp_path / "home" / "students")
    text = '[spawner]\nkind = "system"\nenvironment = "home/students"\n[exchange]\nroot = "exchange"\n'
    (tmp_path / "hub.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"expected one that students can start: \S+ is closed"):
        require_ready(read_settings(tmp_path, tmp_path / "hub.toml"))


def test_accounts_need_root(tmp_path: Path) -> None:
    """Only root checks everybody's password and starts processes under everybody's account."""
    text = '[authenticator]\nkind = "pam"\n[people]\nlecturers = ["a"]\n[spawner]\nkind = "system"\nenvironment = "."\n'
    (tmp_path / "hub.toml").write_text(text)
    settings = read_settings(tmp_path, tmp_path / "hub.toml")
    was = os.geteuid()
    with contextlib.suppress(ConfigurationError):
        require_ready(settings)  # imports what it needs, which another account may not be able to read
    with pytest.raises(ConfigurationError) as refused:
        try:
            if was == 0:
                os.seteuid(65534)
            require_ready(settings)
        finally:
            os.seteuid(was)
    assert str(refused.value).count("expected a hub that root starts") == 2


def test_servers_run_under_persons_accounts_only() -> None:
    """A login named root or www-data starts nothing; neither does one without an account."""
    for name in ("root", "daemon"):
        with pytest.raises(PermissionError, match="expected a person's"):
            require_person(name)
    with pytest.raises(PermissionError, match="has no account"):
        require_person("nobody-of-this-name")
