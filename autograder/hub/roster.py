"""A class in the hub and in the gradebook: what a class list changes, line by line, and nothing the second time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from autograder.course import Course
from autograder.hub import audit
from autograder.hub.presence import sqlite_file
from autograder.hub.roster_hub import Members
from autograder.hub.roster_table import Person, Table
from autograder.record.gradebook import open_gradebook
from autograder.record.settings import Settings

__all__ = ["Accounts", "Change", "Enrolment", "Imported", "Leaving", "import_roster", "list_roster", "students"]

FIELDS = {"first_name": "first_name", "last_name": "last_name", "email": "email", "lms_user_id": "lms_id"}


class Accounts(Protocol):
    """Who can log in by a password of ours."""

    def names(self) -> set[str]: ...
    def add(self, names: Collection[str], keep: Callable[[dict[str, str]], None]) -> None: ...
    def remove(self, names: Collection[str]) -> None: ...


class Leaving(msgspec.Struct, frozen=True):
    """What happens to those who are enrolled but not on the list."""

    remove: bool = False  # out of the course, unable to log in; marks stay
    delete: bool = False  # and their marks go


class Change(msgspec.Struct, frozen=True):
    """One thing that was done, or would be."""

    line: int  # of the list; 0 for somebody who is not on it
    user: str
    what: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What a class list changed."""

    changes: tuple[Change, ...]
    unchanged: int  # people of the list
    missing: tuple[str, ...]  # enrolled, not on the list, and left as they are


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """One student, as `roster list` shows them."""

    user: str
    first_name: str
    last_name: str
    email: str
    lms_id: str
    enrolled: bool  # can fetch and hand in
    password: bool  # can log in by a password of ours
    submissions: int


def import_roster(
    course: Course,
    table: Table,
    hub: Members,
    group: str,
    accounts: Accounts | None,
    keep: Callable[[dict[str, str]], None],
    leaving: Leaving | None = None,
    dry_run: bool = False,
    journal: tuple[Path, str] | None = None,
) -> Imported:
    """Make the hub and the gradebook agree with a list. A run that was cut off is mended by the next.

    Args:
        group: of the course's students on the hub.
        accounts: None where passwords are not ours (PAM, OAuth, LTI).
        keep: takes new passwords before they are valid, so that none is lost.
        journal: the hub's state folder and who imports, for the audit log.
    """
    leaving = leaving or Leaving()
    lines = {person.user: person.line for person in table.people}
    users, members = hub.users(), hub.members(group)
    with students(course, writable=not dry_run) as gradebook:
        rows = gradebook.rows()
        new_users, to_enrol = set(lines) - users, set(lines) - members
        new_accounts = set(lines) - accounts.names() if accounts else set()
        gone = (members | (set(rows) if leaving.delete else set())) - set(lines)
        changes = [Change(lines[name], name, "hub user added") for name in new_users]
        changes += [Change(lines[name], name, f"enrolled in {group}") for name in to_enrol]
        fields = {person.user: _differences(person, rows.get(person.user)) for person in table.people}
        changes += [Change(lines[user], user, what) for user, (_, said) in fields.items() for what in said]
        changes += [Change(lines[name], name, "password made") for name in new_accounts]
        if leaving.remove or leaving.delete:
            changes += list(_leaving(gone, members, rows, accounts, leaving))
        if not dry_run:
            hub.add_users(new_users)
            hub.enrol(group, to_enrol)
            for user, (values, said) in fields.items():
                if said:
                    gradebook.update(user, values)
            if accounts and new_accounts:
                accounts.add(new_accounts, keep)
            if leaving.remove or leaving.delete:
                _say_goodbye(gone, hub, group, accounts, gradebook, rows, leaving)
    ordered = tuple(sorted(changes, key=lambda change: (change.line == 0, change.line, change.user)))
    if journal and not dry_run:
        for change in ordered:
            audit.record(journal[0], journal[1], f"roster: {change.what}", user=change.user)
    touched = {change.user for change in ordered}
    missing = () if leaving.remove or leaving.delete else tuple(sorted(gone))
    return Imported(changes=ordered, unchanged=len(set(lines) - touched), missing=missing)


def _differences(person: Person, row: dict[str, Any] | None) -> tuple[dict[str, str], list[str]]:
    """The gradebook's columns to set, and what to say. A cell that the list leaves empty changes nothing."""
    wanted = {column: getattr(person, name) for column, name in FIELDS.items() if getattr(person, name)}
    if row is None:
        return wanted, ["gradebook student added"]
    changed = {column: value for column, value in wanted.items() if row[column] != value}
    return changed, [f"{FIELDS[column]}: {row[column] or 'empty'} -> {value}" for column, value in changed.items()]


def _leaving(
    gone: set[str], members: set[str], rows: dict[str, Any], accounts: Accounts | None, leaving: Leaving
) -> Iterator[Change]:
    with_password = accounts.names() if accounts else set()
    for name in gone:
        if name in members:
            yield Change(0, name, "left: out of the course, marks kept" if name in rows else "left: out of the course")
        if name in with_password:
            yield Change(0, name, "left: password removed")
        if leaving.delete and name in rows:
            yield Change(0, name, f"deleted with the marks of {rows[name]['submissions']} submissions")


def _say_goodbye(
    gone: set[str],
    hub: Members,
    group: str,
    accounts: Accounts | None,
    gradebook: _Students,
    rows: dict[str, Any],
    leaving: Leaving,
) -> None:
    hub.remove(group, gone & hub.members(group))
    if accounts:
        accounts.remove(gone & accounts.names())
    if leaving.delete:
        for name in sorted(gone & set(rows)):
            gradebook.delete(name)
        hub.delete_users(gone & hub.users())


def list_roster(course: Course, hub: Members, group: str, accounts: Accounts | None) -> list[Enrolment]:
    """Everybody who is enrolled or in the gradebook, by user name."""
    members, passwords = hub.members(group), accounts.names() if accounts else set()
    with students(course, writable=False) as gradebook:
        rows = gradebook.rows()
    empty = dict.fromkeys(FIELDS, "") | {"submissions": 0}
    return [
        Enrolment(
            user=name,
            enrolled=name in members,
            password=name in passwords,
            submissions=rows.get(name, empty)["submissions"],
            **{ours: rows.get(name, empty)[column] or "" for column, ours in FIELDS.items()},
        )
        for name in sorted(members | set(rows))
    ]


class _Students:
    """The gradebook's students; without a gradebook there are none."""

    def __init__(self, gradebook: Any) -> None:
        self.gradebook = gradebook

    def rows(self) -> dict[str, dict[str, Any]]:
        from nbgrader.api import Student, SubmittedAssignment
        from sqlalchemy import func

        if self.gradebook is None:
            return {}
        db = self.gradebook.db
        query = db.query(SubmittedAssignment.student_id, func.count()).group_by(SubmittedAssignment.student_id)
        submissions = dict(query.all())
        return {
            s.id: {**{c: getattr(s, c) for c in FIELDS}, "submissions": submissions.get(s.id, 0)}
            for s in db.query(Student)
        }

    def update(self, user: str, values: dict[str, str]) -> None:
        self.gradebook.update_or_create_student(user, **values)

    def delete(self, user: str) -> None:
        self.gradebook.remove_student(user)


@contextmanager
def students(course: Course, writable: bool) -> Iterator[_Students]:
    """The gradebook's students. Looking makes no gradebook where there is none."""
    file = sqlite_file(course.database)
    if not writable and file is not None and not file.exists():
        yield _Students(None)
        return
    with open_gradebook(course.database, Settings.of(course).course_id) as gradebook:
        yield _Students(gradebook)
