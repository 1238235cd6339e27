"""What the page's buttons do. Each runs in a worker thread: copying and the hub's answers take time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlmath_kit.hub.cells import Unreadable, read_cells
from dlmath_kit.hub.course import Submission, notebook_names, pages, released_folder, submissions
from dlmath_kit.hub.errors import Refusal
from dlmath_kit.hub.names import check_notebook, check_stamp, check_unit, require_folder
from dlmath_kit.hub.overview import Sessions, describe, unit_title
from dlmath_kit.hub.place import Place
from dlmath_kit.hub.receipts import receipt_text, take_receipt
from dlmath_kit.hub.times import lateness, say, say_with_distance

__all__ = ["checkable", "feedback_page", "fetch", "fetch_feedback", "preview", "receipt", "submit"]


def fetch(place: Place, unit: str, restore: bool) -> dict[str, Any]:
    """Fetch a unit, or bring back what is missing of it. A file that exists is never touched."""
    from dlmath_kit.hub.transfer import Fetch, make

    released = released_folder(place, unit)
    folder = place.folder(unit)
    if not folder.is_dir():
        make(Fetch, place, unit).start()
        return {"message": f"{unit_title(unit)} was fetched. Open a notebook and begin."}
    missing = [n for n in notebook_names(released) if not (folder / f"{n}.ipynb").exists()]
    if not restore:
        more = f" Missing: {', '.join(missing)}. Restore brings them back as they were released." if missing else ""
        raise Refusal(f"You have {unit_title(unit)} already, so nothing was changed.{more}")
    fetcher = make(Fetch, place, unit, replace_missing_files=True)
    fetcher.start()
    if not fetcher.restored:
        return {"message": "Nothing was missing, so nothing was changed."}
    return {"message": f"Restored as released: {', '.join(fetcher.restored)}. Your other files were not touched."}


def _own_folder(place: Place, unit: str) -> Path:
    folder = place.folder(unit)
    if not folder.is_dir():
        raise Refusal(f"You have not fetched {unit_title(unit)} yet. Fetch it first.")
    return folder


def preview(place: Place, unit: str, sessions: Sessions) -> dict[str, Any]:
    """What handing in now would mean: the notebooks, and what to think about before."""
    from dlmath_kit.hub.transfer import Submit, files, make

    released_folder(place, unit)
    folder = _own_folder(place, unit)
    now = datetime.now(UTC)
    handed_in = submissions(place).get(unit, [])
    facts = describe(place, unit, handed_in, sessions, now)
    taken = list(files(folder, make(Submit, place, unit).leave_out()))
    offered = {f"{n['name']}.ipynb" for n in facts["notebooks"]}
    return {
        "notebooks": facts["notebooks"],
        "extra": [name for name in taken if name not in offered],
        "left_out": _links(folder),
        "due": facts["due"],
        "warnings": [*_lateness(place, unit, now), *_warnings(folder, facts)],
        "again": facts["submissions"][0]["when"] if handed_in else "",
    }


def _links(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_symlink())


def _lateness(place: Place, unit: str, now: datetime) -> list[str]:
    due = place.due.get(unit)
    if due is None or due >= now:
        return []
    late = lateness(now, place.zone, due)
    return [f"It was due {say(due, place.zone, now)}: you are {late}. You can still hand in."]


def _warnings(folder: Path, facts: dict[str, Any]) -> list[str]:
    found = []
    for notebook in facts["notebooks"]:
        name = f"{notebook['name']}.ipynb"
        if notebook["missing"]:
            found.append(f"{name} is missing: it would earn nothing. Cancel, then restore it.")
            continue
        try:
            read_cells(folder / name)
        except Unreadable as fault:
            found.append(f"{fault} As it is, it would earn nothing.")
        if notebook["unsaved"]:
            found.append(f"{name} may have unsaved changes: it ran after it was last saved. Save it first.")
    untouched = [f"{n['name']}.ipynb" for n in facts["notebooks"] if n.get("untouched")]
    if untouched:
        found.append(f"Nothing is solved yet in {', '.join(untouched)}.")
    return found


def submit(place: Place, unit: str) -> dict[str, Any]:
    """Hand the unit in; the receipt is made from what lies in the exchange afterwards."""
    from dlmath_kit.hub.transfer import Submit, make

    released = released_folder(place, unit)
    folder = _own_folder(place, unit)
    if not any((folder / f"{n}.ipynb").is_file() for n in notebook_names(released)):
        raise Refusal(
            f"There is no notebook of {unit_title(unit)} in your folder, so nothing can be handed in. Restore it."
        )
    submitter = make(Submit, place, unit)
    submitter.start()
    now = datetime.now(UTC)
    taken = take_receipt(submitter.submission, unit, submitter.timestamp)
    mine = Submission(submitter.timestamp, submitter.kept, ())
    due = place.due.get(unit)
    late = bool(due and mine.moment > due)
    return {
        "message": f"{unit_title(unit)} was handed in on {say(mine.moment, place.zone, now)}.",
        "late": late,
        "due": say_with_distance(due, place.zone, now) if due else "",
        "count": len(submissions(place).get(unit, [])),
        "stamp": taken.stamp,
        "sha256": taken.sha256,
        "files": [name for name, _ in taken.files],
    }


def _find(place: Place, unit: str, stamp: str) -> Submission:
    check_unit(unit)
    check_stamp(stamp)
    for submission in submissions(place).get(unit, []):
        if submission.stamp == stamp:
            return submission
    raise Refusal(f"You handed in nothing of {unit_title(unit)} at that time from this account.", 404)


def receipt(place: Place, unit: str, stamp: str) -> str:
    """The receipt of an earlier submission, as text."""
    found = _find(place, unit, stamp)
    return receipt_text(take_receipt(found.folder, unit, stamp), place.course, place.student, place.zone)


def fetch_feedback(place: Place, unit: str) -> dict[str, Any]:
    """Fetch the feedback pages of all submissions of a unit."""
    from dlmath_kit.hub.transfer import Feedback, make

    check_unit(unit)
    if not submissions(place).get(unit):
        raise Refusal(f"You have not handed in {unit_title(unit)}, so there is no feedback on it.")
    require_folder(place.home, place.course, unit, "feedback")
    if not (place.exchange / place.course / "feedback").is_dir():
        raise Refusal("There is no feedback yet. Your lecturer sends it after grading.", 404)
    fetcher = make(Feedback, place, unit)
    fetcher.start()
    if not fetcher.fetched:
        raise Refusal("There is no feedback yet. Your lecturer sends it after grading.", 404)
    return {"message": "Feedback was fetched."}


def feedback_page(place: Place, unit: str, stamp: str, notebook: str) -> bytes:
    """A fetched feedback page."""
    check_notebook(notebook)
    for name, path in pages(place, unit, _find(place, unit, stamp)):
        if name == notebook:
            return path.read_bytes()
    raise Refusal(f"The feedback on {notebook} was not fetched yet. Press Feedback on the page of the units.", 404)


def checkable(place: Place, unit: str) -> tuple[Path, list[dict[str, str]]]:
    """The student's folder and the notebooks of a unit, for the checker."""
    released = released_folder(place, unit)
    folder = _own_folder(place, unit)
    return folder, [
        {"name": n, "student": str(folder / f"{n}.ipynb"), "released": str(released / f"{n}.ipynb")}
        for n in notebook_names(released)
    ]
