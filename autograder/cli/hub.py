"""hub start, check, password: the course's JupyterHub; backup, restore, health and log stand beside them."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autograder.cli.operations import OPERATIONS
from autograder.cli.output import show_document, table
from autograder.cli.state import State, examples, json_document
from autograder.errors import UsageError
from autograder.results import SCHEMA

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["hub"]

SECRET = ("secret", "password", "token", "key")


@click.group(commands=dict(OPERATIONS))
def hub() -> None:
    """The course's JupyterHub on this machine. docs/operators.md describes hub.toml."""


settings_file = click.option(
    "--settings",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="DLMATH_SETTINGS",
    help="hub.toml; default: .hub/hub.toml in the course.",
)


@hub.command(epilog=examples("autograder hub start", "autograder hub start --settings FILE"))
@settings_file
@click.pass_obj
def start(state: State, file: Path | None) -> None:
    """Make the course ready and serve it until Control-C. Everything is kept for the next start."""
    from autograder.hub.launch import ended_by_signals
    from autograder.hub.launch import start as launch

    settings = settings_of(state, file)
    with ended_by_signals():
        running = None
        try:
            running = launch(settings, lambda line: click.echo(line, err=True) if not state.quiet else None)
            click.echo(welcome(settings, running.passwords))
            code = running.wait()
            raise UsageError(f"hub: got an end with exit code {code}, expected that it goes on. See {running.log}.")
        except KeyboardInterrupt:
            click.echo("\nStopping the hub", err=True)
        finally:
            if running:
                running.stop()


@hub.command(epilog=examples("autograder hub check", "autograder hub check --json"))
@settings_file
@json_document
@click.pass_obj
def check(state: State, file: Path | None) -> None:
    """Say whether a hub can be started, and with what settings. Changes nothing."""
    from autograder.hub.readiness import notes, require_ready

    settings = settings_of(state, file)
    require_ready(settings)
    document = {
        "schema": SCHEMA,
        "command": "hub check",
        "file": str(settings.file) if settings.file.is_file() else "",
        "url": settings.url,
        "settings": shown(settings),
        "notes": notes(settings),
    }
    found = str(settings.file) if settings.file.is_file() else f"The defaults: there is no {settings.file}"
    ready = f"The hub can be started. Then it answers at {settings.url}. Next: autograder hub start"
    remarks = [line for note in (*notes(settings), ready) for line in comment(note)]
    show_document(state, document, "\n".join([*comment(found), *as_toml(shown(settings)), "", *remarks]))


@hub.command(epilog=examples("autograder hub password student1"))
@click.argument("name")
@settings_file
@click.pass_obj
def password(state: State, name: str, file: Path | None) -> None:
    """Make a new password for NAME and print it, once. The old one ends at once."""
    from autograder.hub.audit import record
    from autograder.hub.people import Passwords

    settings = settings_of(state, file)
    if settings.authenticator.kind != "file":
        raise UsageError(f"hub password: got authenticator {settings.authenticator.kind!r}, expected 'file'.")
    passwords = Passwords(settings.state)
    known = passwords.names() | {*settings.people.lecturers, *settings.people.students}
    if name not in known:
        raise UsageError(f"hub password: got {name!r}, expected one of {', '.join(sorted(known)[:20])}.")
    made: dict[str, str] = {}
    passwords.add([name], made.update)
    record(settings.state, "operator", "password made", user=name)
    click.echo(made[name])


def settings_of(state: State, file: Path | None) -> Settings:
    from autograder.hub.settings import read_settings

    return read_settings(state.find_course().home, file)


def welcome(settings: Settings, passwords: dict[str, str]) -> str:
    """Where to go, who may log in, and what this hub does not do."""
    from autograder.hub.configure import NOTICE

    lines = [f"\nThe course is at {settings.url}"]
    if passwords:
        role = dict.fromkeys(settings.people.lecturers, "lecturer")
        order = [*settings.people.lecturers, *settings.people.students]
        rows = [("user", "password", "")] + [(n, passwords[n], role.get(n, "student")) for n in order if n in passwords]
        lines += ["", table(rows), "These passwords are shown once. A new one: autograder hub password NAME"]
    if settings.spawner.kind == "simple":
        lines += ["", NOTICE]
    return "\n".join([*lines, "", "Control-C stops it; the next start finds everything as it was."])


def shown(settings: Settings) -> dict[str, dict[str, Any]]:
    """The tables, without what is secret in them."""
    import msgspec

    from autograder.hub.settings import TABLES
    from autograder.hub.settings_rules import without_password

    tables: dict[str, dict[str, Any]] = {name: msgspec.to_builtins(getattr(settings, name)) for name in TABLES}
    for values in tables.values():
        if "database" in values:
            values["database"] = without_password(values["database"])
        with contextlib.suppress(KeyError, AttributeError):
            options = values["options"]
            values["options"] = {k: "…" if any(s in k for s in SECRET) else v for k, v in options.items()}
    return tables


def comment(note: str) -> list[str]:
    """A sentence as comments of a hub.toml."""
    return textwrap.wrap(note, 100, initial_indent="# ", subsequent_indent="#   ", break_long_words=False)


def as_toml(tables: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The settings as a file that says the same."""
    import json

    for name, values in tables.items():
        yield f"\n[{name}]"
        yield from (f"{key} = {json.dumps(value)}" for key, value in values.items() if not isinstance(value, dict))
        for key, inner in values.items():
            if isinstance(inner, dict) and inner:
                yield f"[{name}.{key}]"
                yield from (f"{k} = {v if key == 'due' else json.dumps(v)}" for k, v in inner.items())
