"""Whose an inbound folder is: what its name claims, and what the system or the student's receipt says about that."""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.errors import AutograderError
from autograder.intake import IntakeError, read_file

__all__ = ["Claim", "Refused", "claim", "lateness", "require_owner", "require_receipt", "require_stamp"]

STAMP, SECRET = "timestamp.txt", "submission_secret.txt"
SMALL = 4096  # bytes of either file
MANY = 10_000  # files whose owners are looked at
SKEW = timedelta(minutes=10)  # clocks of a student's container and of the grader
NAME = re.compile(
    r"(?P<student>[^/\0]+)\+(?P<unit>[^/+\0]+)"
    r"\+(?P<stamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[A-Za-z]+|[+-]\d+))(?:\+[\w=-]+)?"
)
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,99}")


class Refused(AutograderError):
    """A submission that is not collected; the text is a sentence for the lecturer."""


@dataclass(frozen=True)
class Claim:
    """What the name of an inbound folder says: `student+unit+timestamp+random`."""

    folder: Path
    student: str
    unit: str
    stamp: str  # as written
    time: datetime  # in UTC, without zone, as nbgrader compares


def claim(folder: Path) -> Claim:
    """The claim of one inbound folder, which must be a folder and not a link to one."""
    found = NAME.fullmatch(folder.name)
    if not found or not PLAIN.fullmatch(found["student"]):
        raise Refused("This is not a submission's name, expected student+unit+time+random.")
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise Refused("This is not a folder; a link may lead to another student's work.")
    try:
        time = parse_utc(found["stamp"])
    except (ValueError, OverflowError):
        raise Refused("Its name holds a time that no calendar has.") from None
    return Claim(folder, found["student"], found["unit"], found["stamp"], time)


def require_owner(claimed: Claim) -> None:
    """The folder and everything in it belong to the account of the student whose name it bears.

    Nobody can give away a file on Linux without being root, so an owner is proof.
    """
    uid = claimed.folder.lstat().st_uid
    if _account(uid) != claimed.student:
        raise Refused(f"It claims to be {claimed.student}'s, but {_account(uid)} made it.")
    for number, path in enumerate(_everything(claimed.folder)):
        if number == MANY:
            raise Refused(f"It holds more than {MANY} files.")
        owner = path.lstat().st_uid
        if owner != uid:
            raise Refused(f"{path.relative_to(claimed.folder)}: this file was put there by {_account(owner)}.")


def require_stamp(claimed: Claim, now: datetime) -> None:
    """The time inside is the time in the name, and has come."""
    try:
        inside = read_file(claimed.folder, STAMP, SMALL).decode("utf-8", "replace").strip()
    except IntakeError as fault:
        raise Refused(f"It has no usable {STAMP}: {fault}") from fault
    if inside != claimed.stamp:
        raise Refused(f"Its name says {claimed.stamp}, its {STAMP} says {inside[:60]!r}.")
    if claimed.time > now + SKEW:
        raise Refused(f"It claims a time that has not come yet: {claimed.stamp}.")


def require_receipt(claimed: Claim, receipts: str, course: str) -> None:
    """The student's own home holds the copy that `nbgrader submit` leaves there, with the same secret.

    Where all students run under one account this is the best there is: a forger who only writes to the exchange is
    found out, one who also writes into the other's home is not.

    Args:
        receipts: nbgrader's cache folder of a student, with `{student}` for the name.
    """
    cache = Path(receipts.format(student=claimed.student)) / course
    receipt = cache / f"{claimed.student}+{claimed.unit}+{claimed.stamp}"
    try:
        same = read_file(receipt, SECRET, SMALL) == read_file(claimed.folder, SECRET, SMALL)
    except IntakeError:
        raise Refused(f"{claimed.student}'s own files hold no receipt of it: somebody else may have made it.") from None
    if not same:
        raise Refused(f"{claimed.student}'s receipt of that time is of another submission.")


def lateness(claimed: Claim) -> str:
    """A note when the folder was made long after the time that it claims; "" otherwise.

    A note and no refusal: a restored backup looks the same.
    """
    made = datetime.fromtimestamp(claimed.folder.lstat().st_ctime, UTC).replace(tzinfo=None)
    if made - claimed.time <= timedelta(hours=1):
        return ""
    return f"{claimed.student}: claims {claimed.stamp}, but its folder was last changed at {made:%Y-%m-%d %H:%M} UTC."


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"an unknown account ({uid})"


def _everything(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        yield from (Path(here) / name for name in (*folders, *files))
