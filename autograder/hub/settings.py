"""The hub's settings: one TOML file, read and checked before anything starts."""

from __future__ import annotations

import difflib
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from autograder.errors import ConfigurationError

__all__ = [
    "Authenticator",
    "Course",
    "Culling",
    "Exchange",
    "Gpus",
    "Gradebook",
    "Hub",
    "Limits",
    "People",
    "Settings",
    "Spawner",
    "read_settings",
]

FILE = "hub.toml"


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""


class Course(Table):
    """[course]: its id, its time zone (IANA; "" is the host's) and when units are due."""

    id: str = "dlmath"
    timezone: str = ""
    due: dict[str, datetime] = {}


class People(Table):
    """[people]: who is there from the start; `autograder roster import` adds a class."""

    lecturers: tuple[str, ...] = ("lecturer",)
    students: tuple[str, ...] = ("student1", "student2", "student3")


class Hub(Table):
    """[hub]: where it answers, where its state lies, which database (URL; "" is SQLite in the state folder) and proxy."""

    address: str = "127.0.0.1"
    port: int = 8000
    database: str = ""
    state: str = ".hub"
    proxy: str = ""


class Authenticator(Table):
    """[authenticator]: file, pam, oauth or lti; `class` names another of the same kind; options are its traits."""

    kind: str = "file"
    class_: str = msgspec.field(default="", name="class")
    options: dict[str, Any] = {}


class Spawner(Table):
    """[spawner]: simple, system, docker, kubernetes or slurm.

    Args:
        environment: the students' virtual environment (system, slurm).
        image: the students' image (docker, kubernetes).
        start_seconds: how long a server may take to start.
        options: traits of the spawner's class.
    """

    kind: str = "simple"
    environment: str = ""
    image: str = ""
    start_seconds: int = 180
    options: dict[str, Any] = {}


class Limits(Table):
    """[limits]: of one student's server; servers at a time and workers of grading (0: no limit, one per core)."""

    memory: str = "2G"
    cpus: float = 2.0
    servers: int = 0
    grading_workers: int = 0


class Gpus(Table):
    """[gpus]: devices (indices, UUIDs, MIG UUIDs), kernels per device, and how long one may idle or wait.

    A memory fraction of 0 is 1/shares.
    """

    devices: tuple[str, ...] = ()
    shares: int = 1
    memory_fraction: float = 0.0
    idle_minutes: float = 30
    wait_seconds: float = 20


class Exchange(Table):
    """[exchange]: nbgrader's exchange folder; "" is in the state folder."""

    root: str = ""


class Culling(Table):
    """[culling]: idle servers and kernels are stopped after so many minutes, servers of any age after so many hours;
    0 is never. Students are warned `warn_minutes` before.
    """

    idle_minutes: float = 60
    warn_minutes: float = 10
    kernel_minutes: float = 120
    max_age_hours: float = 0


class Gradebook(Table):
    """[gradebook]: URL of nbgrader's database; "" is gradebook.db of the course."""

    database: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All tables, and where the course is.

    Args:
        home: the course's folder; relative paths of the file start there.
        file: what was read, None for defaults.
    """

    home: Path
    file: Path | None = None
    course: Course = Course()
    people: People = People()
    hub: Hub = Hub()
    authenticator: Authenticator = Authenticator()
    spawner: Spawner = Spawner()
    limits: Limits = Limits()
    gpus: Gpus = Gpus()
    exchange: Exchange = Exchange()
    culling: Culling = Culling()
    gradebook: Gradebook = Gradebook()

    @property
    def state(self) -> Path:
        """The hub's private folder."""
        return (self.home / self.hub.state).absolute()

    @property
    def exchange_root(self) -> Path:
        return (self.home / self.exchange.root).absolute() if self.exchange.root else self.state / "exchange"

    @property
    def hub_database(self) -> str:
        return self.hub.database or f"sqlite:///{self.state / 'jupyterhub.sqlite'}"

    @property
    def url(self) -> str:
        """Where the hub answers on this machine."""
        host = "127.0.0.1" if self.hub.address in ("", "0.0.0.0", "::") else self.hub.address
        return f"http://{host}:{self.hub.port}"

    @property
    def students_group(self) -> str:
        return f"nbgrader-{self.course.id}"

    @property
    def lecturers_group(self) -> str:
        return f"formgrade-{self.course.id}"

    @property
    def grader(self) -> str:
        """The pseudo-user as whom the formgrader acts; nobody logs in under this name."""
        return f"grader-{self.course.id}"


TABLES: dict[str, type[Table]] = {
    "course": Course,
    "people": People,
    "hub": Hub,
    "authenticator": Authenticator,
    "spawner": Spawner,
    "limits": Limits,
    "gpus": Gpus,
    "exchange": Exchange,
    "culling": Culling,
    "gradebook": Gradebook,
}


def read_settings(home: Path, file: Path | None = None) -> Settings:
    """The settings of a course's hub: `file`, else .hub/hub.toml, else hub.toml in the course's folder, else defaults.

    Raises:
        ConfigurationError: with every fault of the file, each naming table and key.
    """
    from autograder.hub.settings_checks import faults_of

    found = file or next((p for p in (home / ".hub" / FILE, home / FILE) if p.is_file()), None)
    document = _document(found) if found else {}
    tables: dict[str, Table] = {}
    faults = [f"{key}: got a table of this name, expected one of {', '.join(TABLES)}{_near(key, TABLES)}"
              for key in document if key not in TABLES]  # fmt: skip
    for name, kind in TABLES.items():
        try:
            tables[name] = msgspec.convert(document.get(name, {}), kind)
        except msgspec.ValidationError as error:
            faults.append(_fault(name, kind, document[name], error))
    if not faults:
        settings = Settings(home=home.absolute(), file=found, **tables)  # type: ignore[arg-type]
        faults = faults_of(settings)
        if not faults:
            return settings
    place = f"{found}: " if found else "hub: "
    raise ConfigurationError("\n".join(f"{place}{fault}" for fault in faults))


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: got {error}, expected TOML.") from error


def _fault(name: str, kind: type[Table], given: Any, error: msgspec.ValidationError) -> str:
    known = [f.encode_name for f in msgspec.structs.fields(kind)]
    for key in given if isinstance(given, dict) else ():
        if key not in known:
            return f"{name}.{key}: got a key of this name, expected one of {', '.join(known)}{_near(key, known)}"
    text, _, place = str(error).partition(" - at `$")
    key = place.rstrip("`")
    return f"{name}{key}: {text[0].lower()}{text[1:]}."


def _near(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f". Did you mean {close[0]}?" if close else "."
