"""Where a student's server stands: course, student, folders, due dates. Read from the environment the hub gives."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from traitlets.config import Config

from dlmath_kit.hub.errors import Refusal
from dlmath_kit.hub.names import require_folder

__all__ = ["Place", "read_place"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """What every request needs to know.

    Args:
        course: id of the course.
        student: id under which submissions are handed in.
        home: the folder that JupyterLab shows; units lie in `home/course/unit`.
        zone: the course's time zone.
        due: unit -> moment.
        config: nbgrader's configuration for this student.
        idle_minutes: the server is stopped after this long without use; 0: never.
        warn_minutes: how long before that the page warns; 0: it does not.
        stopped: what the hub says about the last server, as it came (DLMATH_STOPPED).
    """

    course: str
    student: str
    home: Path
    zone: tzinfo
    due: Mapping[str, datetime]
    config: Config
    idle_minutes: float = 0
    warn_minutes: float = 0
    stopped: str = ""

    def folder(self, unit: str) -> Path:
        """The student's folder of a unit; refused where a link stands in the way."""
        return require_folder(self.home, self.course, unit)

    @cached_property
    def exchange(self) -> Path:
        """The exchange's root."""
        return Path(self.config.Exchange.root)


def read_place(home: Path, environment: Mapping[str, str]) -> Place:
    """The place of this server.

    Raises:
        Refusal: no course is named, neither by DLMATH_COURSE nor in nbgrader's configuration.
    """
    config = _nbgrader_config()
    course = environment.get("DLMATH_COURSE") or _text(config, "CourseDirectory", "course_id")
    if not course:
        raise Refusal("This server was not told which course it belongs to. Tell your lecturer.", 503)
    student = environment.get("JUPYTERHUB_USER") or _text(config, "CourseDirectory", "student_id") or _system_user()
    config.CourseDirectory.course_id = course
    config.CourseDirectory.student_id = student
    config.Exchange.assignment_dir = str(home)
    config.Exchange.path_includes_course = True
    config.Exchange.root = environment.get("DLMATH_EXCHANGE") or _text(config, "Exchange", "root") or _stock_root()
    culling = _document(environment.get("DLMATH_CULLING", ""), "DLMATH_CULLING")
    return Place(
        course=course,
        student=student,
        home=home,
        zone=_zone(environment.get("DLMATH_TIMEZONE", "")),
        due=_due(environment.get("DLMATH_DUE", "")),
        config=config,
        idle_minutes=_minutes(culling, "idle_minutes"),
        warn_minutes=_minutes(culling, "warn_minutes"),
        stopped=environment.get("DLMATH_STOPPED", ""),
    )


def _nbgrader_config() -> Config:
    """nbgrader_config.py and .json of Jupyter's configuration folders, as nbgrader's own commands read them.

    Not from the working directory: this server reads it as code, and students keep downloads there.
    """
    from jupyter_core.application import JupyterApp
    from jupyter_core.paths import jupyter_config_path

    class Reader(JupyterApp):
        """Reads configuration files and does nothing else."""

        name = "nbgrader"
        config_file_name = "nbgrader_config"

        @property
        def config_file_paths(self) -> list[str]:
            return list(jupyter_config_path())

    reader = Reader()
    reader.load_config_file(suppress_errors=False)
    return reader.config


def _text(config: Config, section: str, key: str) -> str:
    return str(config[section][key]) if section in config and key in config[section] else ""


def _system_user() -> str:
    from nbgrader.utils import get_username

    return str(get_username())


def _stock_root() -> str:
    from nbgrader.exchange.default import Exchange

    return str(Exchange.root.default_value)


def _zone(name: str) -> tzinfo:
    """The named zone; this machine's where none is named, UTC (said in the log) where the name is unknown."""
    if not name:
        return datetime.now().astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        log.error("DLMATH_TIMEZONE: got %r, expected an IANA name. Times are shown in UTC.", name)
        return ZoneInfo("UTC")


def _due(text: str) -> dict[str, datetime]:
    """Due dates. One that cannot be read is left out and logged: it must not keep anybody from handing in."""
    due = {}
    for unit, moment in _document(text, "DLMATH_DUE").items():
        try:
            parsed = datetime.fromisoformat(str(moment))
        except ValueError:
            parsed = None
        if parsed is None or parsed.tzinfo is None:
            log.error("DLMATH_DUE, %s: got %r, expected an ISO time with its zone.", unit, moment)
        else:
            due[unit] = parsed
    return due


def _minutes(culling: Mapping[str, Any], key: str) -> float:
    minutes = culling.get(key, 0)
    return float(minutes) if isinstance(minutes, int | float) and 0 < minutes < float("inf") else 0


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text or "{}")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        log.error("%s: got %r, expected a JSON object.", name, text[:200])
        return {}
    return document
