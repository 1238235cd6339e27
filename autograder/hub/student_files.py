"""Jupyter's configuration for students' servers on this machine: one folder for all, which they read and cannot write.

Servers elsewhere (containers, nodes) do not see this machine's disk: they get the same by environment and arguments.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["LAB", "config_folder", "data_folder", "jupyter_config", "prepare"]

RUN = Path("/run/dlmath")  # readable for all accounts; made again at each start of the hub
STOCK = ("formgrader", "assignment_list", "course_list", "validate_assignment")
PLUGINS = ("assignment-list", "course-list", "create-assignment", "formgrader", "menu", "validate-assignment")
# Nobody installs extensions into the environment that all share.
LAB = {"extension_manager": "readonly"}
NBGRADER = '''"""Written by the hub at each start: do not edit, write hub.toml instead."""
import os

c = get_config()
c.CourseDirectory.course_id = {course!r}
c.CourseDirectory.student_id = os.environ.get("JUPYTERHUB_USER", "")
c.Exchange.root = {root!r}
c.Exchange.path_includes_course = True
c.Authenticator.plugin_class = "nbgrader.auth.jupyterhub.JupyterHubAuthPlugin"
c.ExchangeFactory.submit = "dlmath_kit.hub.transfer.Submit"  # also in a terminal: whole, and closed to others
'''


def folder(settings: Settings) -> Path:
    """Servers under accounts of their own cannot read the hub's private folder."""
    if settings.spawner.kind == "system":
        return RUN / settings.course.id / "jupyter"
    return settings.state / "jupyter"


def config_folder(settings: Settings) -> Path:
    """For JUPYTER_CONFIG_PATH."""
    return folder(settings) / "config"


def data_folder(settings: Settings) -> Path:
    """For JUPYTER_PATH: the course's kernels."""
    return folder(settings) / "data"


def jupyter_config(settings: Settings) -> dict[str, dict[str, Any]]:
    """Class -> trait -> value, of the student's server."""
    extensions = {f"nbgrader.server_extensions.{name}": False for name in STOCK} | {"dlmath_kit.hub": True}
    kernels = {"cull_idle_timeout": round(60 * settings.culling.kernel_minutes), "cull_interval": 60}
    return {"ServerApp": {"jpserver_extensions": extensions}, "MappingKernelManager": kernels, "LabApp": LAB}


def prepare(settings: Settings) -> None:
    """Write the files; the hub calls it when it starts."""
    from autograder.hub.gpus import gpu_settings
    from dlmath_kit.hub.gpu.kernelspecs import install

    config, data = config_folder(settings), data_folder(settings)
    nbgrader = NBGRADER.format(course=settings.course.id, root=str(settings.exchange_root))
    write(config / "nbgrader_config.py", nbgrader)
    write(config / "jupyter_server_config.json", json.dumps(jupyter_config(settings), indent=1))
    # The page of the units does what nbgrader's own menu entries do; two ways to hand in would be one too many.
    disabled = {f"@jupyter/nbgrader:{name}": True for name in PLUGINS}
    write(config / "labconfig" / "page_config.json", json.dumps({"disabledExtensions": disabled}, indent=1))
    for path in install(data, gpu_settings(settings)):
        readable(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    readable(path)


def readable(path: Path) -> None:
    """For all accounts, whatever the hub's umask; folders too, up to the one that all share."""
    path.chmod(0o644)
    for parent in path.parents:
        if parent.name in ("jupyter", "dlmath"):
            parent.chmod(0o755)
            break
        parent.chmod(0o755)
