"""Where students' servers run, and what each is told: class, command, environment and the hook before a start."""

from __future__ import annotations

import json
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from autograder.hub import student_files
from autograder.hub.audit import record
from autograder.hub.culler import take_notice
from autograder.hub.gpus import gpu_settings, local
from autograder.hub.priority import AFTER_PAGES

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["before_spawn", "configure_spawner", "environment", "spawner_class"]

CLASSES = {
    "simple": "jupyterhub.spawner.SimpleLocalProcessSpawner",
    "system": "jupyterhub.spawner.LocalProcessSpawner",
    "docker": "autograder.hub.profiles_docker.LeasingDockerSpawner",
    "kubernetes": "kubespawner.KubeSpawner",
    "slurm": "batchspawner.SlurmSpawner",
}
HERE = ("simple", "system")  # servers are processes of this machine and read its disk
FIRST_PERSON = 1000  # accounts below are the system's
LOCALE = ("LANG", "LC_ALL", "TZ", "PATH")


def spawner_class(settings: Settings) -> str:
    return CLASSES[settings.spawner.kind]


def configure_spawner(c: Any, settings: Settings) -> None:
    """Start students' servers where the settings want them.

    Args:
        c: JupyterHub's configuration.
    """
    kind = settings.spawner.kind
    c.JupyterHub.spawner_class = spawner_class(settings)
    c.Spawner.default_url = "/dlmath"
    c.Spawner.start_timeout = c.Spawner.http_timeout = settings.spawner.start_seconds
    c.Spawner.environment = environment(settings)
    local_command = [*AFTER_PAGES, python(settings), "-m", "jupyterhub.singleuser"]
    c.Spawner.cmd = local_command if kind in HERE else [command(settings)]
    section = c[spawner_class(settings).rpartition(".")[2]]
    if kind in HERE:
        here(c, section, settings)
    else:
        elsewhere(c, section, settings)
    for name, value in settings.spawner.options.items():
        section.setdefault(name, value)
    c.Spawner.pre_spawn_hook = before_spawn(settings)


def here(c: Any, section: Any, settings: Settings) -> None:
    """Processes of this machine."""
    student_files.prepare(settings)
    c.Spawner.env_keep = list(LOCALE)
    # Memory and cores are stated, for pages that show them; nothing on one machine enforces them (docs/operators.md).
    c.Spawner.mem_limit, c.Spawner.cpu_limit = settings.limits.memory, settings.limits.cpus
    c.Spawner.environment |= {
        "JUPYTER_CONFIG_PATH": str(student_files.config_folder(settings)),
        "JUPYTER_PATH": str(student_files.data_folder(settings)),
    }
    if settings.spawner.kind == "simple":
        section.home_dir_template = str(settings.state / "homes" / "{username}")
        c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []


def elsewhere(c: Any, section: Any, settings: Settings) -> None:
    """Containers and nodes: what this machine's files say is said by arguments."""
    from autograder.hub.profiles import profiles

    config = student_files.jupyter_config(settings)
    c.Spawner.args = [f"--{kind}.{name}={value}" for kind, traits in config.items() for name, value in traits.items()]
    if settings.spawner.image:
        section.image = settings.spawner.image
    for name, value in profiles(settings).items():
        section[name] = value
    if settings.spawner.kind == "slurm":
        import batchspawner  # noqa: F401 - registers the address to which a job tells its port


def environment(settings: Settings) -> dict[str, str]:
    """What every server is told about the course."""
    culling = {"idle_minutes": settings.culling.idle_minutes, "warn_minutes": settings.culling.warn_minutes}
    gpus = gpu_settings(settings).as_json() if local(settings) and settings.spawner.kind in HERE else ""
    return {
        "DLMATH_COURSE": settings.course.id,
        "DLMATH_EXCHANGE": str(settings.exchange_root),
        "DLMATH_DUE": json.dumps({unit: time.isoformat() for unit, time in settings.due.items()}),
        "DLMATH_TIMEZONE": settings.course.timezone,
        "DLMATH_GPUS": gpus,
        "DLMATH_CULLING": msgspec.json.encode(culling).decode(),
    }


def before_spawn(settings: Settings) -> Callable[[Any], None]:
    """The hook that runs in the hub before a server starts."""
    state, kind = settings.state, settings.spawner.kind

    def hook(spawner: Any) -> None:
        name = spawner.user.name
        if kind == "simple":
            private(state / "homes" / name)
        elif kind in ("system", "slurm"):
            require_person(name)
        stopped = take_notice(state, name)
        spawner.environment = {**spawner.environment, "DLMATH_STOPPED": stopped}
        record(state, name, "server start", kind=kind)

    return hook


def require_person(name: str) -> None:
    """A server runs under the account of this name: it must be a person's, whatever the login says."""
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        raise PermissionError(f"{name}: has no account on this machine. Ask the operator for one.") from None
    if account.pw_uid < FIRST_PERSON:
        raise PermissionError(f"{name}: got an account of the system, expected a person's.")


def private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def python(settings: Settings) -> str:
    """The interpreter of students' servers."""
    place = settings.spawner.environment
    return str(settings.path(place) / "bin" / "python") if place else sys.executable


def command(settings: Settings) -> str:
    """The program that starts a server in a container or on a node."""
    place = settings.spawner.environment
    return str(Path(place).expanduser() / "bin" / "jupyterhub-singleuser") if place else "jupyterhub-singleuser"
