"""docs/faults.md quotes what the code says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "faults.md"
NUMBERS = (("4711", "{}"), ("(sqlite3)", "({})"), ("-9", "{}"), ("60 s", "{} s"))  # examples for what is filled in


def quoted() -> list[str]:
    """The messages in the second columns of the page's tables."""
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [words for row in rows for words in re.findall(r"`([^`]+)`", row[2])]


@cache
def said() -> str:
    """The text in the code, one sentence as one line, with {} for whatever is filled in."""
    code = "\n".join(path.read_text() for path in sorted((ROOT / "autograder").rglob("*.py")))
    code = re.sub(r'"\s*\n\s*f?"', "", code)
    return re.sub(r"\{[^{}\n]*\}", "{}", code)


@pytest.mark.parametrize("message", quoted())
def test_what_is_quoted_is_what_is_said(message: str) -> None:
    for example, form in NUMBERS:
        message = message.replace(example, form)
    text = said()
    if message.startswith("BROKEN "):
        message = "BROKEN {}/{}"
    assert re.sub(r"process \{\} \(\{\}\)", "{}", message) in text or message in text


def test_the_page_is_not_empty() -> None:
    assert len(quoted()) > 15
