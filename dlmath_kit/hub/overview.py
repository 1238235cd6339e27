"""The list of units as the page shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dlmath_kit.hub.course import (
    Submission,
    notebook_names,
    pages,
    released_folder,
    score,
    submissions,
    title_of,
    units,
)
from dlmath_kit.hub.place import Place
from dlmath_kit.hub.stops import stopped_words
from dlmath_kit.hub.times import lateness, say, say_with_distance

__all__ = ["describe", "overview", "unit_title"]

Sessions = Mapping[str, datetime]  # notebook path below the home folder -> when its kernel last ran something
GRACE_SECONDS = 5  # JupyterLab saves a moment after the kernel is done
STATES = ("new", "fetched", "overdue", "submitted", "late", "feedback")


def overview(place: Place, sessions: Sessions, now: datetime | None = None) -> dict[str, Any]:
    """Everything that the page shows."""
    now = now or datetime.now(UTC)
    handed_in = submissions(place)
    return {
        "schema": 1,
        "course": place.course,
        "student": place.student,
        "idle_minutes": place.idle_minutes,
        "warn_minutes": place.warn_minutes,
        "stopped": stopped_words(place.stopped, place.zone, now),
        "now": say(now, place.zone, now),
        "units": [describe(place, unit, handed_in.get(unit, []), sessions, now) for unit in units(place)],
    }


def describe(place: Place, unit: str, handed_in: list[Submission], sessions: Sessions, now: datetime) -> dict[str, Any]:
    """One unit. Where something stands in the way of its folder, the sentence about that is in "problem"."""
    from dlmath_kit.hub.errors import Refusal

    problem, folder = "", None
    try:
        folder = place.folder(unit)
    except Refusal as refusal:
        problem = refusal.sentence
    fetched = folder is not None and folder.is_dir()
    released = released_folder(place, unit)
    due = place.due.get(unit)
    feedback = _feedback(place, unit, handed_in, now)
    return {
        "name": unit,
        "title": unit_title(unit),
        "problem": problem,
        "fetched": fetched,
        "due": say_with_distance(due, place.zone, now) if due else "",
        "overdue": bool(due and due < now),
        **_status(place, handed_in, due, fetched, feedback, now),
        "notebooks": [_notebook(place, released, folder, name, sessions, now) for name in notebook_names(released)],
        "submissions": [_submission(place, s, due, now) for s in reversed(handed_in)],
        "feedback": feedback,
    }


def unit_title(unit: str) -> str:
    """ "Unit 2: logistic" for unit02_logistic; other names with spaces."""
    named = re.fullmatch(r"unit0*(\d+)_(.+)", unit)
    return f"Unit {named[1]}: {named[2].replace('_', ' ')}" if named else unit.replace("_", " ")


def _status(
    place: Place,
    handed_in: list[Submission],
    due: datetime | None,
    fetched: bool,
    feedback: dict[str, Any] | None,
    now: datetime,
) -> dict[str, str]:
    if not handed_in:
        if due and due < now:
            return {"status": "overdue", "status_words": "Not handed in, and the due date is over"}
        words = "Fetched, not handed in yet" if fetched else "Not fetched yet"
        return {"status": "fetched" if fetched else "new", "status_words": words}
    last = handed_in[-1].moment
    when = f"Handed in {say_with_distance(last, place.zone, now)}"
    if due and last > due:
        when += f", {lateness(last, place.zone, due)}"
    if feedback and (feedback["new"] or feedback["pages"]) and feedback["latest"]:
        return {"status": "feedback", "status_words": f"Feedback is ready. {when}"}
    return {"status": "late" if due and last > due else "submitted", "status_words": when}


def _notebook(
    place: Place, released: Path, folder: Path | None, name: str, sessions: Sessions, now: datetime
) -> dict[str, Any]:
    own = (folder or released) / f"{name}.ipynb"
    there = folder is not None and own.is_file() and not own.is_symlink()
    entry: dict[str, Any] = {"name": name, "title": title_of(released / f"{name}.ipynb"), "missing": not there}
    if there:
        path = own.relative_to(place.home).as_posix()
        saved = datetime.fromtimestamp(own.stat().st_mtime, UTC)
        ran = sessions.get(path)
        entry["url"] = f"lab/tree/{quote(path)}"
        entry["saved"] = say_with_distance(saved, place.zone, now)
        entry["unsaved"] = bool(ran and (ran - saved).total_seconds() > GRACE_SECONDS)
        entry["untouched"] = own.read_bytes() == (released / own.name).read_bytes()
    return entry


def _submission(place: Place, submission: Submission, due: datetime | None, now: datetime) -> dict[str, Any]:
    late = bool(due and submission.moment > due)
    return {"stamp": submission.stamp, "when": say(submission.moment, place.zone, now), "late": late}


def _feedback(place: Place, unit: str, handed_in: list[Submission], now: datetime) -> dict[str, Any] | None:
    """Feedback on the last submission that has any; None where there is none."""
    for submission in reversed(handed_in):
        fetched = list(pages(place, unit, submission))
        new = any(p.ready and (p.fetched is None or p.updated) for p in submission.pages)
        if fetched or new:
            scores = [(name, score(path)) for name, path in fetched]
            known = [s for _, s in scores if s]
            return {
                "stamp": submission.stamp,
                "when": say(submission.moment, place.zone, now),
                "latest": submission is handed_in[-1],
                "new": new,
                "score": _points(sum(e for e, _ in known), sum(p for _, p in known)) if known else "",
                "pages": [{"notebook": name, "score": _points(*s) if s else ""} for name, s in scores],
            }
    return None


def _points(earned: float, possible: float) -> str:
    return f"{round(earned, 2):g} / {round(possible, 2):g}"
