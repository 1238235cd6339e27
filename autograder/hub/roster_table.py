"""Class lists as universities export them: any of many headers, separators and encodings, all faults at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import UsageError

__all__ = ["USER_NAME", "Person", "Table", "read_table"]

# Headers in lower case without signs, from Moodle, Canvas, Blackboard, Brightspace and student administrations.
SYNONYMS = {
    "user": "username user userid login loginid sisloginid netid uid account identifiant gebruikersnaam benutzername "
    "kennung utilisateur usuario orgdefinedusername",
    "first_name": "firstname first givenname givennames forename prenom prénom voornaam vorname nombre",
    "last_name": "lastname last surname familyname nom achternaam nachname familienname apellido apellidos",
    "full_name": "name fullname studentname student displayname",
    "email": "email emailaddress mail courriel adresseemail emailadres emailadresse correo",
    "lms_id": "studentid studentnumber idnumber id sisuserid lmsid lmsuserid orgdefinedid matriculation "
    "matriculationnumber matrikelnummer matrikelnr studentnummer numetudiant numéroétudiant number",
}
COLUMNS = {word: column for column, words in SYNONYMS.items() for word in words.split()}
SEPARATORS = (",", ";", "\t")
USER_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]|[.@](?=[a-z0-9_-])){0,63}")
RULE = "up to 64 of a-z, 0-9, _ and -, with single dots or @ inside"
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
LARGEST = 10_000_000


@dataclass(frozen=True)
class Person:
    """One line of the list; what the list does not say is ""."""

    line: int
    user: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""


@dataclass(frozen=True)
class Table:
    """A class list without faults."""

    people: tuple[Person, ...]
    encoding: str
    ignored: tuple[str, ...]  # columns that say nothing to us


def read_table(file: Path, user_column: str = "", reserved: tuple[str, ...] = ()) -> Table:
    """Read a class list; UsageError names every line that is wrong.

    Args:
        user_column: header of the column that holds the hub's user names, where it is none of the usual ones.
        reserved: names that no student may have.
    """
    text, encoding = _decode(file)
    rows, faults = _rows(text, file)
    header = next(rows, (0, []))[1]
    columns, ignored = _columns(header, user_column)
    if "user" not in columns:
        known = "username, login, netid, …"
        faults.append(
            f"{file}, header: got {', '.join(header) or 'nothing'}, expected a column of user names ({known}). "
            "Name it by --user-column."
        )
        raise UsageError("\n".join(faults))
    people = [person for person in _people(rows, header, columns, file, faults) if person]
    _check(people, file, reserved, faults)
    if not people and not faults:
        faults.append(f"{file}: got no person, expected one a line.")
    if faults:
        raise UsageError("\n".join(sorted(faults, key=_line_of)))
    return Table(tuple(people), encoding, tuple(ignored))


def _decode(file: Path) -> tuple[str, str]:
    """The text and its encoding: UTF-8 or, by its mark, UTF-16; what is neither is Excel's Windows-1252 or Latin-1."""
    try:
        content = file.read_bytes() if file.stat().st_size <= LARGEST else b""
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}. Name a CSV file.") from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace"), "UTF-16"
    for encoding, name in (("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252"), ("latin-1", "Latin-1")):
        try:
            return content.decode(encoding), name
        except UnicodeDecodeError:
            continue
    raise AssertionError("Latin-1 decodes everything")


def _rows(text: str, file: Path) -> tuple[Iterator[tuple[int, list[str]]], list[str]]:
    """Line number and cells of what is not empty, by the separator that gives the most known headers."""
    faults: list[str] = []
    start = 1
    if text[:4].lower() == "sep=":  # Excel's own hint
        text, start = text.split("\n", 1)[-1], 2

    def parse(separator: str, lines: str) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True)
        last = 0
        try:
            for cells in reader:
                line, last = last + start, reader.line_num
                if any(cell.strip() for cell in cells):
                    yield line, [" ".join(cell.split()) for cell in cells]
        except csv.Error as error:
            faults.append(f"{file}, line {last + start}: got text that is not CSV ({error}), expected closed quotes.")

    def known(separator: str) -> tuple[int, int]:
        header = next(parse(separator, text), (0, []))[1]
        return sum(_plain(cell) in COLUMNS for cell in header), len(header)

    separator = max(SEPARATORS, key=known)
    faults.clear()
    return parse(separator, text), faults


def _plain(header: str) -> str:
    return re.sub(r"[\W_]+", "", header.lower())


def _columns(header: list[str], user_column: str) -> tuple[dict[str, int], list[str]]:
    """Where each of our columns is; the first header wins that fits."""
    columns: dict[str, int] = {}
    ignored = []
    for index, name in enumerate(header):
        column = "user" if user_column and _plain(name) == _plain(user_column) else COLUMNS.get(_plain(name), "")
        if column == "user" and user_column and _plain(name) != _plain(user_column):
            column = ""
        if column and column not in columns:
            columns[column] = index
        elif name:
            ignored.append(name)
    return columns, ignored


def _people(
    rows: Iterator[tuple[int, list[str]]], header: list[str], columns: dict[str, int], file: Path, faults: list[str]
) -> Iterator[Person | None]:
    for line, cells in rows:
        if cells[0].lower() == "points possible":  # Canvas puts it below its header
            continue
        if len(cells) > len(header) and any(cells[len(header) :]):
            faults.append(f"{file}, line {line}: got {len(cells)} cells, expected {len(header)} as in the header.")
            continue
        values = {column: cells[index] if index < len(cells) else "" for column, index in columns.items()}
        first, last = _names(values)
        email, lms = values.get("email", ""), values.get("lms_id", "")
        yield Person(line, values["user"].lower(), first, last, email, lms)


def _names(values: dict[str, str]) -> tuple[str, str]:
    """First and last name; a full name is `Last, First` or `First Last`."""
    first, last = values.get("first_name", ""), values.get("last_name", "")
    full = values.get("full_name", "")
    if first or last or not full:
        return first, last
    if "," in full:
        last, _, first = full.partition(",")
        return first.strip(), last.strip()
    first, _, last = full.partition(" ")
    return first, last


def _check(people: list[Person], file: Path, reserved: tuple[str, ...], faults: list[str]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for person in people:
        place = f"{file}, line {person.line}"
        if not USER_NAME.fullmatch(person.user):
            faults.append(f"{place}: user name: got {person.user!r}, expected {RULE}.")
        elif person.user in reserved:
            faults.append(f"{place}: user name: got {person.user!r}, expected a student: that is staff of the course.")
        if person.email and not EMAIL.fullmatch(person.email):
            faults.append(f"{place}: email: got {person.email!r}, expected name@host.")
        for kind, value in (("user name", person.user), ("email", person.email.lower()), ("id", person.lms_id)):
            first = seen.setdefault((kind, value), person.line)
            if value and first != person.line:
                faults.append(f"{place}: {kind}: got {value!r} again, expected it once (line {first}).")


def _line_of(fault: str) -> int:
    found = re.search(r", line (\d+): ", fault)
    return int(found[1]) if found else 0
