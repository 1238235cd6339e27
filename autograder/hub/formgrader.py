"""The formgrader that a course's lecturers share: `python -m autograder.hub.formgrader`, a service of the hub.

With `--alone` it needs no hub: one lecturer's server on this machine, with the same pages.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from nbgrader.api import Gradebook
from sqlalchemy.exc import SQLAlchemyError

from autograder.course import Course
from autograder.errors import AutograderError, ConfigurationError, GradebookError
from autograder.hub.settings import Settings, read_settings
from autograder.record.gradebook import open_gradebook
from autograder.record.settings import Settings as GradebookSettings

__all__ = ["main", "prepare"]

FRAMES = "frame-ancestors 'self'"  # JupyterLab shows the formgrader in a frame of its own; nobody else may
REPLACED = ("formgrader", "assignment_list", "course_list", "validate_assignment")
NBGRADER = '''"""Written by autograder.hub.formgrader at each start: do not edit, write hub.toml instead."""
from pathlib import Path

from autograder.hub.collecting import configure_exchange
from autograder.hub.settings import read_settings

c = get_config()
configure_exchange(c, read_settings(Path({home!r}), {file}))
c.FormgradeExtension.debug = False
'''
MEMBERS = 'c.Authenticator.plugin_class = "nbgrader.auth.jupyterhub.JupyterHubAuthPlugin"\n'


def prepare(settings: Settings, file: Path | None = None, *, alone: bool = False) -> None:
    """Write the configuration of Jupyter and nbgrader into the state folder, and point this process to it."""
    folder = settings.state / "formgrader"
    for path in (settings.state, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    named = f"Path({str(file)!r})" if file else "None"
    text = NBGRADER.format(home=str(settings.home), file=named) + ("" if alone else MEMBERS)
    (folder / "nbgrader_config.py").write_text(text, encoding="utf-8")
    (folder / "jupyter_server_config.json").write_text(json.dumps(server(settings), indent=1), encoding="utf-8")
    before = os.environ.get("JUPYTER_CONFIG_PATH", "")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, (str(folder), before)))
    if file:
        os.environ["DLMATH_SETTINGS"] = str(file)
    if not alone and not os.environ.get("JUPYTERHUB_USER"):  # the hub sets it, and leaves it empty for a service
        os.environ["JUPYTERHUB_USER"] = settings.grader  # nbgrader asks for it at each page
    os.chdir(settings.home)


def server(settings: Settings) -> dict[str, object]:
    """Jupyter's configuration."""
    extensions = {f"nbgrader.server_extensions.{name}": False for name in REPLACED}
    return {
        "ServerApp": {
            "root_dir": str(settings.home),
            "default_url": "/formgrader/manage_assignments",
            "jpserver_extensions": {**extensions, "autograder.hub.formgrader_extension": True},
            "tornado_settings": {"headers": {"Content-Security-Policy": FRAMES}},
            "allow_root": os.geteuid() == 0,  # where the hub runs as root it may start its services as root
            "open_browser": False,
        }
    }


def check(settings: Settings) -> None:
    """Find now what would otherwise be an error on every page."""
    course = Course.find(settings.home)
    if course.home != settings.home.resolve():
        raise ConfigurationError(f"{settings.home}: got no course, expected a folder with source/ and solutions/.")
    url = settings.gradebook.database or course.database
    try:
        with open_gradebook(url, GradebookSettings.of(course).course_id or settings.course.id) as gradebook:
            set_due_dates(gradebook, settings)
    except (GradebookError, SQLAlchemyError, OSError) as fault:
        raise ConfigurationError(f"gradebook: cannot be opened: {str(fault).splitlines()[0]}") from fault
    try:
        settings.exchange_root.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise ConfigurationError(f"exchange.root: cannot be made: {fault}") from fault
    if not os.access(settings.exchange_root, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"exchange.root: got {settings.exchange_root}, expected a folder that can be written to."
        )


def set_due_dates(gradebook: Gradebook, settings: Settings) -> None:
    """The due dates of `[course.due]` in the gradebook, where formgrader shows them and late penalties look."""
    zone = ZoneInfo(settings.course.timezone) if settings.course.timezone else None
    for unit, due in settings.course.due.items():
        local = due.replace(tzinfo=zone) if zone and not due.tzinfo else due
        gradebook.update_or_create_assignment(unit, duedate=local.astimezone(UTC).replace(tzinfo=None))


def launch(words: list[str], alone: bool) -> None:
    """Run Jupyter's server; it does not return before it ends."""
    if alone:
        from jupyter_server.serverapp import ServerApp

        ServerApp.launch_instance(words)
    else:
        from jupyterhub.singleuser import main as singleuser

        singleuser(words)


def main(words: list[str]) -> int:
    """The exit code; what cannot start says why in one sentence."""
    parser = argparse.ArgumentParser(prog="python -m autograder.hub.formgrader", description=__doc__)
    parser.add_argument("--home", type=Path, help="the course's folder; default: here")
    parser.add_argument("--settings", type=Path, help="the hub's settings; default: hub.toml in the state folder")
    parser.add_argument("--alone", action="store_true", help="without a hub, for one lecturer on this machine")
    known, others = parser.parse_known_args(words)
    file = known.settings or (Path(os.environ["DLMATH_SETTINGS"]) if os.environ.get("DLMATH_SETTINGS") else None)
    try:
        if not known.alone and "JUPYTERHUB_SERVICE_URL" not in os.environ:
            raise ConfigurationError(
                "JUPYTERHUB_SERVICE_URL: got nothing, expected the hub's address. Use --alone without a hub."
            )
        settings = read_settings((known.home or Path.cwd()).resolve(), file)
        prepare(settings, file, alone=known.alone)
        check(settings)
    except (AutograderError, OSError) as fault:
        print(f"formgrader: cannot start: {fault}", file=sys.stderr)
        return 1
    launch(others, known.alone)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
