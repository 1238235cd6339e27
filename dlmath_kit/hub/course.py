"""What the course offers and what the student handed in: nbgrader's lists, with what the page needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from dlmath_kit.hub.cells import Unreadable, heading, read_cells, text_of
from dlmath_kit.hub.errors import Refusal
from dlmath_kit.hub.names import check_unit, is_unit
from dlmath_kit.hub.place import Place
from dlmath_kit.hub.times import parse_stamp

__all__ = ["Page", "Submission", "notebook_names", "pages", "released_folder", "submissions", "title_of", "units"]

SCORE = "dlmath-score"
HEAD = 2**18  # bytes of a page in which its head ends


@dataclass(frozen=True)
class Page:
    """Feedback on one notebook of a submission: is it in the exchange, newer than what was fetched, and the score."""

    notebook: str
    ready: bool
    fetched: Path | None
    updated: bool


@dataclass(frozen=True)
class Submission:
    """What was handed in at one moment."""

    stamp: str
    folder: Path
    pages: tuple[Page, ...]

    @property
    def moment(self) -> datetime:
        return parse_stamp(self.stamp)


def released_folder(place: Place, unit: str) -> Path:
    """Where the unit lies in the exchange, or a refusal."""
    check_unit(unit)
    folder = place.exchange / place.course / "outbound" / unit
    if folder.is_symlink() or not folder.is_dir():
        offered = units(place)
        expected = f"one of {', '.join(offered)}" if offered else "a released unit, and none is released yet"
        raise Refusal(f"unit: got {unit!r}, expected {expected}.", 404)
    return folder


def units(place: Place) -> list[str]:
    """Units that were released to this student."""
    from dlmath_kit.hub.transfer import Listing, make

    listed = make(Listing, place).start()
    names = sorted(str(item["assignment_id"]) for item in listed)
    outbound = place.exchange / place.course / "outbound"
    return [n for n in names if is_unit(n) and (outbound / n).is_dir() and not (outbound / n).is_symlink()]


def submissions(place: Place) -> dict[str, list[Submission]]:
    """What this student handed in from this account, by unit, the oldest first."""
    from dlmath_kit.hub.transfer import Listing, make

    listed = make(Listing, place, cached=True).start()
    return {
        str(item["assignment_id"]): [_submission(one) for one in item["submissions"]]
        for item in listed
        if item["student_id"] == place.student and is_unit(str(item["assignment_id"]))
    }


def _submission(info: dict[str, Any]) -> Submission:
    return Submission(str(info["timestamp"]), Path(info["path"]), tuple(_page(n) for n in info["notebooks"]))


def _page(notebook: dict[str, Any]) -> Page:
    local = notebook["local_feedback_path"]
    ready, updated = bool(notebook["has_exchange_feedback"]), bool(notebook["feedback_updated"])
    return Page(str(notebook["notebook_id"]), ready, Path(local) if local else None, updated)


def pages(place: Place, unit: str, submission: Submission) -> Iterator[tuple[str, Path]]:
    """The fetched feedback pages of a submission, links passed over."""
    for page in submission.pages:
        if page.fetched and page.fetched.is_file() and not page.fetched.is_symlink():
            yield page.notebook, page.fetched


def notebook_names(folder: Path) -> list[str]:
    """The notebooks of a released unit without suffix: by the number of their lab, then by name."""
    names = [p.stem for p in folder.glob("*.ipynb") if p.is_file() and not p.is_symlink()]
    return sorted(names, key=lambda n: (_lab(folder / f"{n}.ipynb"), n))


def title_of(path: Path) -> str:
    """The first heading of a notebook, "" where there is none."""
    return heading(_opening(path))


def _lab(path: Path) -> float:
    number = re.search(r"\blab (\d{1,3})\b", _opening(path), re.IGNORECASE)
    return int(number.group(1)) if number else float("inf")


def _opening(path: Path) -> str:
    try:
        return _first_text(path, path.stat().st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=200)
def _first_text(path: Path, changed: int) -> str:
    """The first text of a notebook, kept until the file changes."""
    try:
        return next((text_of(c) for c in read_cells(path) if c.get("cell_type") == "markdown"), "")
    except Unreadable:
        return ""


class _Score(HTMLParser):
    """Finds the score in the head of a feedback page; what a student wrote stands in the body."""

    found: str | None = None
    over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "body":
            self.over = True
        elif tag == "meta" and not self.over and facts.get("name") == SCORE:
            self.found = self.found or facts.get("content")


def score(page: Path) -> tuple[float, float] | None:
    """Earned and possible points of a fetched page; None where it does not say."""
    with page.open("rb") as f:
        parser = _Score()
        parser.feed(f.read(HEAD).decode("utf-8", errors="replace"))
    match = re.fullmatch(r"\s*(-?[\d.]{1,12})\s*/\s*([\d.]{1,12})\s*", parser.found or "")
    try:
        return (float(match.group(1)), float(match.group(2))) if match else None
    except ValueError:
        return None
