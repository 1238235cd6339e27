"""roster import, roster list: the class in the hub and in the gradebook."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from autograder.cli.operations import operator, places_of, settings_of
from autograder.cli.output import count, show_document, table
from autograder.cli.state import State, dry_run, examples, json_document
from autograder.errors import UsageError
from autograder.results import SCHEMA

if TYPE_CHECKING:
    from autograder.course import Course
    from autograder.hub.roster import Accounts, Imported
    from autograder.hub.roster_table import Table
    from autograder.hub.settings import Settings

__all__ = ["roster"]


@click.group()
def roster() -> None:
    """Who takes the course: hub users, their group, gradebook students."""


@roster.command("import", epilog=examples("autograder roster import class.csv --dry-run", "autograder roster list"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--user-column", default="", metavar="HEADER", help="Column of user names, where it is not a usual one.")
@click.option("--passwords", type=click.Path(dir_okay=False, path_type=Path), help="Write new passwords here (0600).")
@click.option("--remove", is_flag=True, help="Take those who are not on the list out of the course; keep their marks.")
@click.option("--delete", is_flag=True, help="... and delete their marks. Asks first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run
@json_document
@click.pass_obj
def import_list(
    state: State,
    file: Path,
    user_column: str,
    passwords: Path | None,
    remove: bool,
    delete: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    """Make hub and gradebook agree with a class list. A CSV file; repeatable, and says each change."""
    from autograder.hub.roster import Leaving
    from autograder.hub.roster_table import read_table

    course, settings = settings_of(state)
    staff = (*settings.people.lecturers, settings.grader)
    listed = read_table(file, user_column, staff)
    leaving = Leaving(remove=remove, delete=delete)
    made: dict[str, str] = {}

    def keep(new: dict[str, str]) -> None:
        made.update(new)
        if passwords:
            _write_passwords(passwords, new)

    if delete and not dry_run and not yes:
        planned = _import(course, settings, listed, leaving, lambda _: None, dry_run=True)
        _confirm([change.what for change in planned.changes if change.what.startswith("deleted")])
    done = _import(course, settings, listed, leaving, keep, dry_run=dry_run)
    shown = {} if passwords else made
    document = {
        "schema": SCHEMA,
        "command": "roster import",
        "dry_run": dry_run,
        "encoding": listed.encoding,
        "ignored_columns": listed.ignored,
        "passwords": shown,
        **msgspec.structs.asdict(done),
    }
    show_document(state, document, _text(file, listed, done, shown, dry_run))


def _import(
    course: Course,
    settings: Settings,
    listed: Table,
    leaving: object,
    keep: Callable[[dict[str, str]], None],
    dry_run: bool,
) -> Imported:
    from autograder.hub.roster import Leaving, import_roster
    from autograder.hub.roster_hub import open_hub

    assert isinstance(leaving, Leaving)
    group, accounts = settings.students_group, _accounts(settings)
    with open_hub(*_hub(course, settings, dry_run)) as hub:
        journal = (settings.state, operator())
        return import_roster(course, listed, hub, group, accounts, keep, leaving, dry_run, journal)


def _accounts(settings: Settings) -> Accounts | None:
    """The passwords, where they are ours."""
    from autograder.hub.people import Passwords

    return Passwords(settings.state) if settings.authenticator.kind == "file" else None


def _hub(course: Course, settings: Settings, looking: bool) -> tuple[str, str, str]:
    """Address, token and database; who only looks makes no database."""
    from autograder.hub.operations import operator_token
    from autograder.hub.presence import sqlite_file

    database = places_of(course, settings).hub_database
    file = sqlite_file(database)
    missing = file is not None and not file.exists()
    return settings.url, operator_token(settings.state), "sqlite:///:memory:" if missing and looking else database


def _confirm(what: list[str]) -> None:
    if what:
        click.confirm(f"{count(len(what), 'student')} and their marks will be deleted. Go on?", abort=True, err=True)


def _write_passwords(path: Path, made: dict[str, str]) -> None:
    """A new file, or added to the end of an old one of our own: a password is shown once."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}. Name a file for the passwords.") from None
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        os.fchmod(fd, 0o600)
        file.writelines(f"{name},{password}\n" for name, password in sorted(made.items()))
        file.flush()
        os.fsync(fd)


def _text(file: Path, listed: Table, done: Imported, passwords: dict[str, str], dry_run: bool) -> str:
    changed = [
        (line, user, list(changes)) for (line, user), changes in groupby(done.changes, lambda c: (c.line, c.user))
    ]
    lines = [
        f"{f'line {line}' if line else 'not listed'}: {user}: {'; '.join(change.what for change in changes)}"
        for line, user, changes in changed
    ]
    if listed.encoding != "UTF-8":
        lines.insert(0, f"{file} was read as {listed.encoding}: look at names with accents")
    lines += [f"column not used: {name}" for name in listed.ignored]
    if done.missing:
        lines.append(f"not on the list, left as they are: {', '.join(done.missing)} (--remove takes them out)")
    if passwords:
        lines += ["", table([("user", "password"), *sorted(passwords.items())])]
        lines += ["These passwords are shown once. A new one: autograder hub password NAME", ""]
    verb = "would be made" if dry_run else "made"
    lines.append(
        f"{count(len(done.changes), 'change')} {verb} for {count(len(changed), 'student')}, {done.unchanged} unchanged"
    )
    if dry_run:
        lines.append("Nothing was changed yet: the same command without --dry-run does it.")
    return "\n".join(lines)


@roster.command("list", epilog=examples("autograder roster list --json"))
@json_document
@click.pass_obj
def list_students(state: State) -> None:
    """Everybody who is enrolled or in the gradebook."""
    from autograder.hub.roster import list_roster
    from autograder.hub.roster_hub import open_hub

    course, settings = settings_of(state)
    with open_hub(*_hub(course, settings, looking=True)) as hub:
        people = list_roster(course, hub, settings.students_group, _accounts(settings))
    rows = [("user", "name", "email", "id", "enrolled", "submissions")]
    for one in people:
        name = f"{one.first_name} {one.last_name}".strip()
        rows.append((one.user, name, one.email, one.lms_id, "yes" if one.enrolled else "no", str(one.submissions)))
    used = [column for column in zip(*rows, strict=True) if any(column[1:])]
    text = "nobody yet: autograder roster import class.csv"
    if people:
        enrolled = sum(one.enrolled for one in people)
        text = f"{table(list(zip(*used, strict=True)))}\n{count(len(people), 'student')}, {enrolled} enrolled"
    show_document(state, {"schema": SCHEMA, "command": "roster list", "students": people}, text)
