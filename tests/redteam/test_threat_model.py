"""docs/threat_model.md tells what is tried: for every row there are attempts, and every file that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.redteam.attacks import ATTACKS
from tests.redteam.fight import EACH, FENCED

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
COLUMNS = ("row", "attempt", "what protects", "tested in", "what remains")
SUBMITTED = range(1, 27)  # rows that are submissions; the others are fairness
TESTED = {27: "ROW_27", 28: "ROW_28", 29: "LATE", 30: "ROW_30"}


def table() -> dict[int, dict[str, str]]:
    """The rows of the table, by number."""
    lines = (ROOT / "docs" / "threat_model.md").read_text().splitlines()
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines if re.match(r"\| *\d+ *\|", line)]
    assert all(len(row) == len(COLUMNS) for row in rows)
    return {int(row[0]): dict(zip(COLUMNS, row, strict=True)) for row in rows}


def files(row: dict[str, str]) -> list[Path]:
    """The files that a row names; without a folder they lie here."""
    names = re.findall(r"`([\w/]+\.py)`", row["tested in"])
    return [ROOT / name if "/" in name else HERE / name for name in names]


def test_thirty_rows() -> None:
    """The table has every row once, in order."""
    assert list(table()) == list(range(1, 31))


@pytest.mark.parametrize("number", range(1, 31))
def test_what_a_row_names_is_there(number: int) -> None:
    """Each row says what protects and where it is tested, in files that exist and hold tests or attacks of this row."""
    row = table()[number]
    assert row["attempt"] and row["what protects"] and files(row)
    texts = [path.read_text() for path in files(row)]
    assert all("def test_" in t or "Attack(" in t for t in texts)
    own = "\n".join(t for path, t in zip(files(row), texts, strict=True) if path.parent == HERE)
    word = TESTED.get(number)
    assert word in own if word else re.search(rf"Attack\(\s*{number},|_both\({number},", own)


@pytest.mark.parametrize("number", SUBMITTED)
def test_every_row_is_tried_at_every_level(number: int) -> None:
    """At least one attempt of each row is a submission; at levels besides the strongest all that hang on the level."""
    attempts = [a for a in ATTACKS if a.row == number]
    assert attempts
    assert number in FENCED or attempts[::EACH]


def test_attacks_have_names_of_their_own() -> None:
    """No two attackers share a user name."""
    students = [a.student for a in ATTACKS]
    assert len(set(students)) == len(students)
