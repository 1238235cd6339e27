"""What a backup holds, and where each part of it lives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Course
from autograder.hub.presence import sqlite_file

__all__ = ["OPTIONAL", "Part", "Places", "parts"]

OPTIONAL = ("exchange", "submitted")


@dataclass(frozen=True)
class Places:
    """Where a hub keeps its things.

    Args:
        course: with the gradebook's URL.
        state: the hub's private folder.
        hub_database: URL of JupyterHub's own database.
        exchange: root of nbgrader's exchange.
    """

    course: Course
    state: Path
    hub_database: str
    exchange: Path


@dataclass(frozen=True)
class Part:
    """One thing that is kept and put back as a whole.

    Args:
        name: its path in the archive.
        place: where it lives; None for a database on a server.
        url: of a database, "" for files.
        optional: kept only when asked for.
        fill: put back only where nothing is: a log goes on and is never set back.
    """

    name: str
    place: Path | None
    url: str = ""
    optional: bool = False
    fill: bool = False


def parts(places: Places, chosen: tuple[str, ...] = OPTIONAL) -> Iterator[Part]:
    """The parts in the order in which they are copied.

    Stored results come before the gradebook: grading writes the gradebook first, and a stored result says that its
    submission is done. So a result in the archive always has its rows there too, also when grading went on meanwhile.
    """
    course, state = places.course, places.state
    yield Part("course/results", course.private / "results")
    yield Part("course/secret", course.private / "secret")
    yield Part("course/gradebook", sqlite_file(course.database), url=course.database)
    yield Part("hub/database", sqlite_file(places.hub_database), url=places.hub_database)
    for name in ("people.json", "cookie_secret", "hub.toml"):
        yield Part(f"hub/{name}", state / name)
    for path in sorted((state / "log").glob("audit*.jsonl")) or [state / "log" / "audit.jsonl"]:
        yield Part(f"hub/log/{path.name}", path, fill=True)
    if "exchange" in chosen:
        yield Part("exchange", places.exchange, optional=True)
    if "submitted" in chosen:
        yield Part("submitted", course.submitted, optional=True)
