"""The lines `### BEGIN SOLUTION` … and what lies between them.

Stock nbgrader looks for the words anywhere in a line and passes over what it does not know: with
`### BEGIN HIDEN TESTS` it publishes the hidden test and reports success. Here each line that looks like a
marker must be one, letter for letter.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

__all__ = ["HIDDEN", "MARKERS", "RUBRIC", "SOLUTION", "Region", "marker_faults", "public_text", "regions"]

SOLUTION, HIDDEN, RUBRIC = "SOLUTION", "HIDDEN TESTS", "MARK SCHEME"
MARKERS = tuple(f"### {edge} {kind}" for kind in (SOLUTION, HIDDEN, RUBRIC) for edge in ("BEGIN", "END"))

# What stock nbgrader acts on, wherever it stands in a line.
STOCK = re.compile(r"(BEGIN|END)[ \t_-]*(SOLUTION|HIDDEN|MARK[ \t_-]*SCHEME)", re.IGNORECASE)
# A comment of at least two hashes that begins like a marker; in prose that is a heading.
EDGE = re.compile(r"^\s*#{2,}\s*(BEGIN|END)\b", re.IGNORECASE)
COMMENT = re.compile(r"^\s*#+\s*(?P<words>.*?)\s*$")
ALIKE = 0.8  # "BEGNI HIDDEN TEST" and "HIDDEN TESTS" are nearer than this to a marker, "hidden layer" is not


@dataclass(frozen=True)
class Region:
    """Lines of a cell between two markers: `first` and `last` are the markers' line numbers, from 0."""

    kind: str
    first: int
    last: int

    def lines(self, source: str) -> list[str]:
        return source.split("\n")[self.first + 1 : self.last]


def looks_like_marker(line: str, code: bool) -> bool:
    if STOCK.search(line):
        return True
    if code and EDGE.match(line):
        return True
    comment = COMMENT.match(line)
    if not comment or not (code or line.lstrip().startswith("###")):
        return False
    words = " ".join(re.findall(r"[A-Z]+", comment["words"].upper()))
    if not words.startswith(("BEG", "EN")) and not code:
        return False
    return any(difflib.SequenceMatcher(None, words, m[4:]).ratio() >= ALIKE for m in MARKERS)


def marker_faults(source: str, code: bool) -> list[tuple[str, str]]:
    """(got, expected) of each marker that is misspelt, nested or without its other end."""
    faults = []
    opened = ""
    for line in source.split("\n"):
        word = line.strip()
        if not looks_like_marker(line, code):
            continue
        if word not in MARKERS:
            faults.append((f'marker "{word}"', "one of " + ", ".join(f'"{m}"' for m in MARKERS)))
            continue
        begins, kind = word.startswith("### BEGIN"), word.split(" ", 2)[2]
        if begins and opened:
            faults.append((f'"{word}" inside {opened}', f'"### END {opened}" before it'))
        if not begins and kind != opened:
            faults.append((f'"{word}" without its beginning', f'"### BEGIN {kind}" before it'))
        opened = kind if begins else ""
    if opened:
        faults.append((f'"### BEGIN {opened}" without its end', f'"### END {opened}" after it'))
    return faults


def regions(source: str) -> list[Region]:
    """The marked regions of a cell without marker faults, in order."""
    found: list[Region] = []
    begin = 0
    for number, line in enumerate(source.split("\n")):
        word = line.strip()
        if word not in MARKERS:
            continue
        if word.startswith("### BEGIN"):
            begin = number
        else:
            found.append(Region(word.split(" ", 2)[2], begin, number))
    return found


def public_text(source: str) -> str:
    """What is left of a cell without its regions."""
    private = {n for r in regions(source) for n in range(r.first, r.last + 1)}
    return "\n".join(line for n, line in enumerate(source.split("\n")) if n not in private)
