"""The hub's own services for operators: a token for the roster and health commands, and the culler."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["operator_token", "roles", "services"]

OPERATOR, CULLER = "dlmath-operator", "dlmath-culler"
OPERATOR_SCOPES = [
    "admin:users",
    "admin:groups",
    "list:services",
    "read:services",
    "read:hub",
    "delete:servers",
    "shutdown",
]
CULLER_SCOPES = ["list:users", "read:users:activity", "read:servers", "delete:servers", "access:servers"]


def operator_token(state: Path) -> str:
    """The token of the commands that ask a running hub; made at first use, readable by the hub's user alone."""
    path = state / "operator_token"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    token = secrets.token_hex(32)
    with os.fdopen(fd, "w") as file:
        file.write(token)
    return token


def services(settings: Settings) -> list[dict[str, Any]]:
    """For `c.JupyterHub.services`."""
    found: list[dict[str, Any]] = [{"name": OPERATOR, "api_token": operator_token(settings.state), "display": False}]
    culling = settings.culling
    if culling.idle_minutes or culling.max_age_hours:
        words = [f"--idle={60 * culling.idle_minutes}", f"--max-age={3600 * culling.max_age_hours}"]
        words += [f"--state={settings.state}", f"--proxy={settings.url}"]
        command = [sys.executable, "-m", "autograder.hub.culler", *words]
        found.append({"name": CULLER, "command": command, "display": False})
    return found


def roles(settings: Settings) -> list[dict[str, Any]]:
    """For `c.JupyterHub.load_roles`."""
    named = {service["name"] for service in services(settings)}
    wanted = {OPERATOR: OPERATOR_SCOPES, CULLER: CULLER_SCOPES}
    return [{"name": n, "scopes": scopes, "services": [n]} for n, scopes in wanted.items() if n in named]
