"""hub backup, restore, health, log: what an operator does besides starting the hub."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from autograder.cli.output import count, show_document
from autograder.cli.state import State, dry_run, examples, json_document
from autograder.results import SCHEMA

if TYPE_CHECKING:
    from autograder.course import Course
    from autograder.hub.backup_parts import Places
    from autograder.hub.settings import Settings

__all__ = ["OPERATIONS", "backup", "health", "log", "operator", "places_of", "restore", "settings_of"]

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def settings_of(state: State) -> tuple[Course, Settings]:
    """The course, with the hub's gradebook unless `--database` names another, and the hub's settings."""
    from dataclasses import replace

    from autograder.hub.settings import read_settings

    course = state.find_course()
    settings = read_settings(course.home)
    if settings.gradebook.database and not state.database:
        course = replace(course, database=settings.gradebook.database)
    return course, settings


def places_of(course: Course, settings: Settings) -> Places:
    from autograder.hub.backup_parts import Places

    return Places(course, settings.state, settings.hub_database, settings.exchange_root)


def operator() -> str:
    """Who acts, for the audit log."""
    import getpass

    try:
        return f"operator {getpass.getuser()}"
    except (KeyError, OSError):
        return "operator"


@click.command(
    epilog=examples("autograder hub backup", "autograder hub backup --to /mnt/backups --keep 14 --with exchange")
)
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Folder; default: backups/ in the state.")
@click.option("--keep", type=click.IntRange(0), default=0, metavar="N", help="Then keep the newest N; 0 keeps all.")
@click.option(
    "--with", "extra", multiple=True, type=click.Choice(["exchange", "submitted"]), help="Also this; repeatable."
)
@dry_run
@json_document
@click.pass_obj
def backup(state: State, to: Path | None, keep: int, extra: tuple[str, ...], dry_run: bool) -> None:
    """Write marks, people and keys into one archive. It is verified; the hub and grading may go on."""
    from autograder.hub.backup import back_up
    from autograder.hub.backup_parts import parts

    course, settings = settings_of(state)
    if dry_run:
        held = [p.name for p in parts(places_of(course, settings), extra) if p.place is None or p.place.exists()]
        document = {"schema": SCHEMA, "command": "hub backup", "dry_run": True, "parts": held}
        return show_document(state, document, "\n".join(f"would back up: {name}" for name in held))
    done = back_up(places_of(course, settings), to, keep, extra, operator())
    lines = [f"{name}: {count(sum(rows.values()), 'row')}" for name, rows in done.rows.items()]
    lines += [f"left out: {name} (not a plain file)" for name in done.left_out]
    lines += [f"removed: {name}" for name in done.removed]
    lines.append(f"{done.archive} written and verified, {done.bytes / 1e6:.1f} MB")
    show_document(state, _document("hub backup", done, dry_run=False), "\n".join(lines))


@click.command(epilog=examples("autograder hub restore .hub/backups/dlmath-….tar.gz --dry-run"))
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
@dry_run
@json_document
@click.pass_obj
def restore(state: State, archive: Path, dry_run: bool) -> None:
    """Put a backup back. Refuses while the hub or grading runs; what is replaced is kept aside."""
    from autograder.hub.backup_restore import restore as put_back

    course, settings = settings_of(state)
    done = put_back(archive, places_of(course, settings), settings.url, dry_run, operator())
    verb = "would restore" if dry_run else "restored"
    lines = [f"{verb}: {name}" for name in done.restored] + [f"left alone: {name}" for name in done.left_alone]
    lines += [f"what was there before: {done.aside}"] if done.aside else []
    show_document(state, _document("hub restore", done, dry_run=dry_run), "\n".join(lines))


@click.command(epilog=examples("autograder hub health", "autograder hub health --json"))
@click.option("--backups", type=click.Path(file_okay=False, path_type=Path), help="Where archives are written.")
@json_document
@click.pass_context
def health(ctx: click.Context, backups: Path | None) -> None:
    """Look at everything a running hub needs. Exit code 1 where something is wrong, with what to do next."""
    from autograder.hub.gpus import leases_of, local
    from autograder.hub.health import Target, check_health
    from autograder.hub.operations import operator_token

    state: State = ctx.obj
    course, settings = settings_of(state)
    target = Target(
        places_of(course, settings),
        settings.url,
        operator_token(settings.state),
        settings.course.id,
        leases_of(settings) if local(settings) else None,
        backups,
    )
    checks = check_health(target)
    sound = all(check.ok for check in checks)
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{'ok  ' if check.ok else 'BAD '} {check.name.ljust(width)}  {check.found}")
        lines += [f"{' ' * (width + 7)}next: {check.next}"] if check.next else []
    bad = sum(not check.ok for check in checks)
    lines += ["", f"{bad} of {count(len(checks), 'check')} found something wrong" if bad else "Everything is in order."]
    document = {"schema": SCHEMA, "command": "hub health", "sound": sound, "checks": checks}
    show_document(state, document, "\n".join(lines))
    ctx.exit(0 if sound else 1)


@click.command(epilog=examples("autograder hub log --since 2h", "autograder hub log --since 2026-11-01 --json"))
@click.option("--since", metavar="TIME", help="A span (30m, 2h, 7d) or a date; default: everything.")
@click.option("--who", metavar="NAME", help="Only what this user or service did.")
@json_document
@click.pass_obj
def log(state: State, since: str | None, who: str | None) -> None:
    """Say who did what. Logins, servers, collecting, grading, rosters, backups."""
    from autograder.hub import audit

    _, settings = settings_of(state)
    entries = [e for e in audit.read(settings.state, _moment(since)) if who in (None, e["who"])]
    lines = []
    for entry in entries:
        details = {k: v for k, v in entry.items() if k not in ("time", "who", "what")}
        words = " ".join(f"{k}={_word(v)}" for k, v in details.items())
        lines.append(f"{entry['time']}  {_plain(entry['who'])}  {entry['what']}  {_plain(words)}".rstrip())
    show_document(state, {"schema": SCHEMA, "command": "hub log", "entries": entries}, "\n".join(lines))


def _word(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _plain(text: str) -> str:
    """Names come from outside: nothing that moves a terminal's cursor."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if span := re.fullmatch(r"(\d{1,6})([mhd])", text):
        return datetime.now(UTC) - timedelta(**{UNITS[span[2]]: int(span[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise click.BadParameter(f"got {text!r}, expected 30m, 2h, 7d or a date as 2026-11-01.") from None


def _document(command: str, done: msgspec.Struct, **more: object) -> dict[str, object]:
    return {"schema": SCHEMA, "command": command, **more, **msgspec.structs.asdict(done)}


OPERATIONS = {"backup": backup, "restore": restore, "health": health, "log": log}
