"""The hub's settings: what `hub.toml` may say, and what holds where it says nothing.

A fault is refused before anything starts, all faults of a file at once, each with its table and key. What the machine
must offer (accounts, environments, Node) is looked at by `autograder.hub.readiness`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from autograder.errors import ConfigurationError

__all__ = ["Settings", "read_settings"]

Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Span = Annotated[float, Meta(ge=0)]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table of hub.toml."""


class Course(Table, frozen=True, kw_only=True):
    """`[course]`; `due` is unit -> time, in the course's zone where it names none."""

    id: str = "dlmath"
    timezone: str = ""  # an IANA name; "" is the host's
    due: dict[str, datetime] = {}


class People(Table, frozen=True, kw_only=True):
    """`[people]`: who is there from the start. A class list is imported by `autograder roster import`."""

    lecturers: tuple[str, ...] = ("lecturer",)
    students: tuple[str, ...] = ("student1", "student2", "student3")


class Hub(Table, frozen=True, kw_only=True):
    """`[hub]`: where it listens, where it keeps what it knows."""

    address: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65532)] = 8000  # and the next three, on this machine only, for its own parts
    domain: str = ""  # https://hub.example.org: each server gets a subdomain of it
    connect: str = ""  # the name under which containers and nodes reach this machine; "" is its host name
    certificate: str = ""  # TLS by the hub's own proxy; "" where another server in front of it does that
    key: str = ""
    database: str = ""  # a URL; "" is SQLite in the state folder
    state: str = ".hub"
    proxy: str = ""  # the program configurable-http-proxy; "" is the one that `autograder hub start` brings


class Authenticator(Table, frozen=True, kw_only=True, rename={"class_": "class"}):
    """`[authenticator]`: how people prove who they are; `options` are traits of the class."""

    kind: Literal["file", "pam", "oauth", "lti"] = "file"
    class_: str = ""
    options: dict[str, Any] = {}


class Spawner(Table, frozen=True, kw_only=True):
    """`[spawner]`: where students' servers run; `options` are traits of the class."""

    kind: Literal["simple", "system", "docker", "kubernetes", "slurm"] = "simple"
    environment: str = ""  # the students' virtual environment (system, slurm)
    image: str = ""  # ... or image (docker, kubernetes)
    start_seconds: Positive = 180
    options: dict[str, Any] = {}


class Limits(Table, frozen=True, kw_only=True):
    """`[limits]` of one server, of all servers, of grading; 0 is no limit, and one worker a core."""

    memory: str = "2G"
    cpus: Annotated[float, Meta(gt=0)] = 2.0
    servers: Count = 0
    grading_workers: Count = 0


class Gpus(Table, frozen=True, kw_only=True):
    """`[gpus]`: devices of this machine, or what Kubernetes and Slurm call them."""

    devices: tuple[str, ...] = ()
    shares: Positive = 1  # kernels on one device
    memory_fraction: Annotated[float, Meta(ge=0, le=1)] = 0.0  # 0: 1 / shares
    idle_minutes: Span = 30.0
    wait_seconds: Span = 20.0


class Exchange(Table, frozen=True, kw_only=True):
    """`[exchange]`: the folder through which units and submissions go; "" is in the state folder."""

    root: str = ""


class Culling(Table, frozen=True, kw_only=True):
    """`[culling]`: when servers and kernels that nobody uses are stopped; 0 is never."""

    idle_minutes: Span = 60.0
    warn_minutes: Span = 10.0
    kernel_minutes: Span = 120.0
    max_age_hours: Span = 0.0


class Gradebook(Table, frozen=True, kw_only=True):
    """`[gradebook]`: its URL; "" is gradebook.db in the course's folder."""

    database: str = ""


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


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All tables, and what follows from them."""

    home: Path  # the course's folder
    file: Path  # where they were read, or would be
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
        return self.path(self.hub.state)

    @property
    def exchange_root(self) -> Path:
        return self.path(self.exchange.root) if self.exchange.root else self.state / "exchange"

    @property
    def hub_database(self) -> str:
        """The URL of the hub's own database."""
        return self.hub.database or f"sqlite:///{self.state / 'jupyterhub.sqlite'}"

    @property
    def url(self) -> str:
        """Where the hub answers on this machine."""
        scheme = "https" if self.hub.certificate else "http"
        host = "127.0.0.1" if self.hub.address in ("", "0.0.0.0", "::") else self.hub.address
        return f"{scheme}://{host}:{self.hub.port}"

    @property
    def zone(self) -> tzinfo | None:
        """The course's time zone; None is the host's, as Python understands it."""
        return ZoneInfo(self.course.timezone) if self.course.timezone else None

    @property
    def due(self) -> dict[str, datetime]:
        """Unit -> time with zone."""
        zone = self.zone
        aware = {u: t if t.tzinfo or zone is None else t.replace(tzinfo=zone) for u, t in self.course.due.items()}
        return {unit: time if time.tzinfo else time.astimezone() for unit, time in aware.items()}

    @property
    def lecturers_group(self) -> str:
        return f"formgrade-{self.course.id}"

    @property
    def students_group(self) -> str:
        return f"nbgrader-{self.course.id}"

    @property
    def grader(self) -> str:
        """The user under which the formgrader asks the hub; nobody logs in as it."""
        return f"grader-{self.course.id}"

    def path(self, text: str) -> Path:
        """A path as settings name it: `~` is the home of who runs this, the rest is relative to the course."""
        return (self.home / Path(text).expanduser()).resolve()


def read_settings(home: Path, file: Path | None = None) -> Settings:
    """The settings of the course in `home`.

    Args:
        file: default `.hub/hub.toml`; the defaults hold where that does not exist. A file that is named must exist.

    Raises:
        ConfigurationError: one line for each fault.
    """
    from autograder.hub.settings_rules import faults

    home = Path(home).resolve()
    named, file = file is not None, Path(file or home / ".hub" / "hub.toml")
    found: list[str] = []
    tables = {name: table_of(name, given, found) for name, given in parse(file, named, found).items()}
    settings = Settings(home=home, file=file.resolve(), **tables)  # type: ignore[arg-type]
    found += faults(settings)
    if found:
        raise ConfigurationError("\n".join(f"{file.name}, {fault}" for fault in found))
    return settings


def parse(file: Path, named: bool, found: list[str]) -> dict[str, Any]:
    """The known tables of the file."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise ConfigurationError(f"{file}: got no such file, expected the hub's settings.") from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from None
    found += [unknown(f"table [{name}]", name, TABLES) for name in document if name not in TABLES]
    return {name: value for name, value in document.items() if name in TABLES}


def table_of(name: str, given: Any, found: list[str]) -> Table:
    """One table; what is wrong in it is added to `found`, and the default holds in its place."""
    kind = TABLES[name]
    if not isinstance(given, dict):
        found.append(f"{name}: got {given!r}, expected a table: [{name}].")
        return kind()
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in fields:
            found.append(unknown(f"[{name}] {key}", key, fields))
            continue
        try:
            values[fields[key].name] = msgspec.convert(plain(name, key, value), fields[key].type)
        except msgspec.ValidationError as error:
            found.append(f"[{name}] {key}: got {value!r}, expected {expected(str(error), fields[key].type)}.")
    return kind(**values)


def plain(table: str, key: str, value: Any) -> Any:
    """GPU indices may be written as numbers."""
    if (table, key) == ("gpus", "devices") and isinstance(value, list):
        return [str(device) if type(device) is int else device for device in value]
    return value


def expected(message: str, kind: Any) -> str:
    """What msgspec expected, in words."""
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(repr, get_args(kind)))}"
    match = re.match(r"Expected (.*?)(?:, got .*| - at .*)?$", message)
    words = {"str": "text", "int": "a whole number", "float": "a number", "datetime": "a date with a time"}
    words |= {"array": "a list", "object": "a table"}
    return re.sub(r"`(\w+)`", lambda m: words.get(m[1], m[1]), match[1]) if match else message


def unknown(place: str, name: str, names: Any) -> str:
    """The sentence for a name that does not exist, with the one that was probably meant."""
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{place}: got an unknown name, expected one of {', '.join(names)}.{hint}"
