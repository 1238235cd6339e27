"""Class lists are read as universities export them, and all their faults are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.errors import UsageError
from autograder.hub.roster_table import Person, read_table

ANA = ("ana", "Ana", "Núñez", "ana@example.org", "r001")
EXPORTS = {
    "moodle": 'First name,Surname,ID number,Email address,Username\nAna,"Núñez",r001,ana@example.org,ana\n',
    "blackboard": '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Email"\n'
    "Núñez\tAna\tana\tr001\tana@example.org\n",
    "canvas": "Student,ID,SIS Login ID,Section,Email\n    Points Possible,,,,\n"
    '"Núñez, Ana",r001,ana,Group 1,ana@example.org\n',
    "belgian": "\ufeffNom;Prénom;Identifiant;Courriel;Studentnummer\r\n"
    "Núñez;Ana;ANA;ana@example.org;r001\r\n\r\n;;;;\r\n",
    "excel": "sep=;\nNachname;Vorname;Benutzername;E-Mail-Adresse;Matrikelnummer\n"
    'Núñez;Ana;"ana";ana@example.org;r001\n',
}


def fields(person: Person) -> tuple[str, ...]:
    return person.user, person.first_name, person.last_name, person.email, person.lms_id


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_exports_say_the_same(tmp_path: Path, export: str, encoding: str) -> None:
    """Five systems' exports in three encodings give one person."""
    file = tmp_path / "class.csv"
    file.write_bytes(EXPORTS[export].removeprefix("\ufeff" if encoding != "utf-8" else "").encode(encoding))
    table = read_table(file)
    assert [fields(person) for person in table.people] == [ANA]


def test_all_faults_come_at_once_with_their_lines(tmp_path: Path) -> None:
    """Six kinds of fault in one file, in the order of the lines."""
    file = tmp_path / "class.csv"
    file.write_text(
        "username,name,email,id\n"
        "ana,Ana N,ana@example.org,r1\n"
        "../etc,Eve,eve@example.org,r2\n"
        "\n"
        "Ana,Ana Again,ana2@example.org,r3\n"
        "bob,Bob,bob,r4\n"
        ",Nobody,n@example.org,r5\n"
        "carl,Carl,carl@example.org,r1\n"
        "lecturer,L,l@example.org,r7\n"
        "dora,Dora,dora@example.org,r8,extra\n"
        "a+b,Plus,plus@example.org,r9\n"
    )
    with pytest.raises(UsageError) as caught:
        read_table(file, reserved=("lecturer",))
    lines = [line.removeprefix(f"{file}, line ") for line in str(caught.value).splitlines()]
    rule = "expected up to 64 of a-z, 0-9, _ and -, with single dots or @ inside."
    assert lines == [
        f"3: user name: got '../etc', {rule}",
        "5: user name: got 'ana' again, expected it once (line 2).",
        "6: email: got 'bob', expected name@host.",
        f"7: user name: got '', {rule}",
        "8: id: got 'r1' again, expected it once (line 2).",
        "9: user name: got 'lecturer', expected a student: that is staff of the course.",
        "10: got 5 cells, expected 4 as in the header.",
        f"11: user name: got 'a+b', {rule}",
    ]


@pytest.mark.parametrize("user", ["a..b", ".a", "a.", "-a", "a/b", "a b", "é", "a" * 65, "a\x00", "@a", "a\n"])
def test_names_that_could_leave_a_folder_are_refused(tmp_path: Path, user: str) -> None:
    """User names become folders and parts of file names."""
    file = tmp_path / "class.csv"
    file.write_text(f'username,email\n"{user} x",a@example.org\n' if user.endswith("\n") else f'username\n"{user}"\n')
    with pytest.raises(UsageError, match="user name: got"):
        read_table(file)


def test_a_file_without_user_names_asks_for_the_column(tmp_path: Path) -> None:
    """Another column can be named instead, also where a usual one exists."""
    file = tmp_path / "class.csv"
    file.write_text("Name;E-mail\nAna Núñez;Ana@Example.org\n")
    with pytest.raises(UsageError, match=r"header: got Name, E-mail, expected a column of user names.*--user-column"):
        read_table(file)
    (person,) = read_table(file, user_column="e-mail").people
    assert (person.user, person.first_name, person.last_name) == ("ana@example.org", "Ana", "Núñez")


@pytest.mark.parametrize(("text", "message"), [("", "header: got nothing"), ("username\n", "got no person")])
def test_empty_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """A file without people changes nothing, least of all who is enrolled."""
    file = tmp_path / "class.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_table(file)


def test_an_open_quote_names_its_line(tmp_path: Path) -> None:
    """A quote that never closes would swallow the rest of the class."""
    file = tmp_path / "class.csv"
    file.write_text('username,name\nana,Ana\nbob,"Bob\ncarl,Carl\n')
    with pytest.raises(UsageError, match="line 3: got text that is not CSV"):
        read_table(file)
