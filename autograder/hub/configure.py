"""JupyterHub's configuration, made from the settings: addresses, groups, roles, services, people, servers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.hub import gpus, operations
from autograder.hub.authenticator import configure_authenticator
from autograder.hub.readiness import require_ready
from autograder.hub.settings import Settings, read_settings
from autograder.hub.spawners import HERE, configure_spawner

__all__ = ["NOTICE", "configure", "named_file", "ports", "prepare_state"]

NOTICE = (
    "This hub isolates nobody: all servers run under one account of this machine, so whoever logs in can read and "
    "change everybody's files, the answer keys and the marks. Use it to try the course out, not for a class."
)
EVERYBODY = 10_000  # entries of one answer of the hub's API; nbgrader asks for no second page
# What JupyterHub gives a server's token, and who the student is and in which groups: nbgrader asks for that.
SERVER_SCOPES = ["users:activity!user", "access:servers!server", "read:users!user"]


def configure(c: Any, home: Path, file: Path | None = None) -> None:
    """Configure the hub of the course in `home`.

    Args:
        c: JupyterHub's configuration, `get_config()`.
        file: the settings; default $DLMATH_SETTINGS, or `.hub/hub.toml`.

    Raises:
        ConfigurationError: the settings, or this machine, are not as they must be.
    """
    file = file or named_file()
    settings = read_settings(home, file)
    require_ready(settings)
    prepare_state(settings)
    configure_addresses(c, settings)
    configure_storage(c, settings)
    configure_members(c, settings)
    configure_services(c, settings, file)
    configure_authenticator(c, settings)
    configure_spawner(c, settings)


def named_file() -> Path | None:
    """The settings' file, where the operator named another one than the usual."""
    return Path(os.environ["DLMATH_SETTINGS"]) if os.environ.get("DLMATH_SETTINGS") else None


def ports(settings: Settings) -> dict[str, int]:
    """What listens where: the proxy for everybody, the rest for this machine. The same at each start."""
    return {name: settings.hub.port + i for i, name in enumerate(("proxy", "hub", "proxy-api", "formgrader"))}


def prepare_state(settings: Settings) -> None:
    """The private folder: nobody else reads what lies in it, whatever modes the files get."""
    for folder in (settings.state, settings.state / "log"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    if not settings.exchange.root:
        settings.exchange_root.mkdir(exist_ok=True)
    gpus.prepare(settings)


def configure_addresses(c: Any, settings: Settings) -> None:
    """Who listens where."""
    hub, port = settings.hub, ports(settings)
    scheme = "https" if hub.certificate else "http"
    host = f"[{hub.address}]" if ":" in hub.address else hub.address
    c.JupyterHub.bind_url = f"{scheme}://{host}:{port['proxy']}"
    if hub.certificate:
        c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = str(settings.path(hub.certificate)), str(settings.path(hub.key))
    if hub.domain:
        c.JupyterHub.subdomain_host = hub.domain.rstrip("/")
    everywhere = settings.spawner.kind not in HERE  # containers and nodes come from other addresses
    c.JupyterHub.hub_bind_url = f"http://{'0.0.0.0' if everywhere else '127.0.0.1'}:{port['hub']}"
    if hub.connect:
        c.JupyterHub.hub_connect_ip = hub.connect
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port['proxy-api']}"
    c.ConfigurableHTTPProxy.pid_file = str(settings.state / "proxy.pid")
    if command := os.environ.get("DLMATH_PROXY") or (str(settings.path(hub.proxy)) if hub.proxy else ""):
        c.ConfigurableHTTPProxy.command = [command]


def configure_storage(c: Any, settings: Settings) -> None:
    """What the hub keeps, and what happens to servers when it ends."""
    c.JupyterHub.db_url = settings.hub_database
    c.JupyterHub.cookie_secret_file = str(settings.state / "cookie_secret")
    c.JupyterHub.cleanup_servers = settings.spawner.kind == "simple"  # elsewhere students work on while it restarts
    c.JupyterHub.active_server_limit = settings.limits.servers
    c.JupyterHub.api_page_default_limit = c.JupyterHub.api_page_max_limit = EVERYBODY
    if settings.spawner.kind == "simple":
        c.JupyterHub.template_vars = {"announcement_login": NOTICE}


def configure_members(c: Any, settings: Settings) -> None:
    """Groups as nbgrader knows them. The formgrader's user is there, but cannot log in."""
    people = settings.people
    c.JupyterHub.load_groups = {
        settings.lecturers_group: {"users": [*people.lecturers, settings.grader]},
        settings.students_group: {"users": list(people.students)},
    }
    c.JupyterHub.default_url = landing(settings)


def landing(settings: Settings) -> Callable[[Any], str]:
    """Where a person comes who names no page: lecturers to the formgrader, students to their server."""

    def page(handler: Any) -> str:
        user = handler.current_user
        teaches = user is not None and settings.lecturers_group in {group.name for group in user.groups}
        return f"{handler.settings['base_url']}services/{settings.course.id}/" if teaches else ""

    return page


def configure_services(c: Any, settings: Settings, file: Path | None) -> None:
    """The formgrader that lecturers share, the operators' services, and what each may do."""
    course = settings.course.id
    c.JupyterHub.services = [formgrader(settings, file), *operations.services(settings)]
    lecturers = [f"access:services!service={course}", "list:services", f"read:services!service={course}"]
    members = [f"{scope}!group={settings.students_group}" for scope in ("list:groups", "groups")]
    c.JupyterHub.load_roles = [
        {"name": "lecturers", "scopes": lecturers, "groups": [settings.lecturers_group]},
        {"name": "formgrader", "scopes": [f"read:users!user={settings.grader}", *members], "services": [course]},
        {"name": "server", "scopes": SERVER_SCOPES},
        *operations.roles(settings),
    ]


def formgrader(settings: Settings, file: Path | None) -> dict[str, Any]:
    """nbgrader looks for a service whose name is the course's id."""
    port = ports(settings)["formgrader"]
    words = [sys.executable, "-m", "autograder.hub.formgrader", "--home", str(settings.home)]
    named = {"DLMATH_SETTINGS": str(file.resolve())} if file else {}
    return {
        "name": settings.course.id,
        "url": f"http://127.0.0.1:{port}",
        "command": [sys.executable, "-m", "autograder.hub.keeper", str(port), *words],
        "cwd": str(settings.home),
        "oauth_no_confirm": True,
        "environment": {"JUPYTERHUB_USER": settings.grader, **named},
    }
