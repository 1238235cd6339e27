"""Real attempts against grading, at each level of isolation: no gain, nothing learned, nobody else harmed.

A class of attackers with honest students among them goes the whole way once for each combination of level and user:
handed in, graded, recorded, told, reported, exported, and shown by nbgrader's own pages.
"""

from __future__ import annotations

import contextlib
import csv
import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import bs4
import pytest

from autograder.record.gradebook import open_gradebook
from autograder.results import Verdict
from tests.redteam.attack import Attack
from tests.redteam.battle import Battle
from tests.redteam.course import HONEST, UNIT
from tests.redteam.pages import NAMES, NOT_GRADED

FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%", "＝", "＋", "－", "＠")
MISTAKES = re.compile(r"SyntaxError|IndentationError|NameError: name '(?!undefined_)")  # of who wrote an attack
ELEMENTS = ("script", "object", "embed", "iframe", "frame", "base", "form", "link", "applet", "portal")
ADDRESSES = ("href", "src", "action", "formaction", "xlink:href", "data", "poster", "background")
LOADING = re.compile(r"url\(|expression|@import|position\s*:\s*fixed", re.IGNORECASE)
NUMBERS = re.compile(r"[0-9a-f]{32}|submission_id = \"[^\"]*\"")
ACTIVE = re.compile(r"\s*(javascript|vbscript|data:(?!image/(png|jpeg|gif|svg\+xml)))", re.IGNORECASE)


def test_attack(battle: Battle, attack: Attack) -> None:
    """It earns no more than the same submission without it, keeps what it must, and learns nothing."""
    battle.count(attack, "attempts")
    result = battle.results[attack.student]
    verdicts = [(e.exercise, e.verdict, e.message) for n in result.notebooks for e in n.exercises]
    if result.points > attack.most:
        battle.count(attack, "gained")
    assert result.points <= attack.most, verdicts
    if attack.keeps is not None:
        said = [[p.message for p in e.parts] for n in result.notebooks for e in n.exercises]
        assert result.points == attack.keeps, (verdicts, said, result.notes, [n.notes for n in result.notebooks])
    told = battle.told(attack.student)
    assert told
    learned = [secret for secret in battle.secrets if secret in told]
    if learned:
        battle.count(attack, "learned")
    assert not learned, [told[max(0, told.find(s) - 300) :][:600] for s in learned]


def test_honest_students_are_graded_as_ever(battle: Battle) -> None:
    """Who sits between attackers gets the marks that the answers deserve, in the results and in the gradebook."""
    with open_gradebook(battle.course.database) as gradebook:
        recorded = {s.student.id: s.score for s in gradebook.assignment_submissions(UNIT)}
    for honest in HONEST:
        result = battle.results[honest.student]
        harmed = (
            result.points != honest.keeps or result.notes or result.staff or recorded[honest.student] != honest.keeps
        )
        if harmed:
            battle.count(honest, "harmed")
        assert not harmed, (honest.name, result.points, recorded[honest.student], result.notes, result.staff)


def test_the_gradebook_says_what_was_marked(battle: Battle) -> None:
    """Every attacker's score in the gradebook is the marker's, and the file is whole."""
    assert not battle.outcome["damage"]
    with open_gradebook(battle.course.database) as gradebook:
        recorded = {s.student.id: s.score for s in gradebook.assignment_submissions(UNIT)}
    assert recorded == {student: result.points for student, result in battle.results.items()}


def test_the_batch_ends_and_nothing_is_broken(battle: Battle) -> None:
    """Every submission has a result, at the level that was asked for, without a fault of ours."""
    expected = {a.student for a in (*HONEST, *battle.fighters)}
    assert set(battle.results) == expected
    assert not battle.outcome["due"]
    broken = [
        (r.student, r.staff)
        for r in battle.results.values()
        if r.staff or Verdict.BROKEN in {e.verdict for n in r.notebooks for e in n.exercises}
    ]
    assert not broken
    assert {r.environment.isolation for r in battle.results.values()} == {battle.how.level}
    assert battle.outcome["isolation"] == battle.how.level
    assert (battle.outcome["uid"] == 0) == (battle.how.user == "root")


def test_nothing_outside_was_touched(battle: Battle) -> None:
    """Sources, keys, releases, submissions, secrets and home are the same to the last bit; no trace lies anywhere."""
    harm = {name: battle.outcome[name] for name in ("changed", "traces", "reached", "processes", "temporary")}
    if any(harm.values()):
        battle.count(HONEST[0], "harmed")
    assert not any(harm.values()), harm


def test_attacks_are_written_as_they_should_be(battle: Battle) -> None:
    """No attempt fails by a slip of its own: it would prove nothing."""
    slips = {}
    for attack in battle.fighters:
        if attack.row in (21, 22, 23) or attack.keeps in (0, None):
            continue  # broken on purpose
        for outputs, _ in battle.outputs(attack.student):
            errors = [o for o in outputs or () if o["output_type"] == "error"]
            if found := [e["evalue"] for e in errors if MISTAKES.search(f"{e['ename']}: {e['evalue']}")]:
                slips[attack.name] = found
    assert not slips, slips


# -- pages


@pytest.mark.parametrize("kind", ["feedback", "report", "hub", "stock"])
def test_pages_run_nothing_of_a_students(battle: Battle, kind: str) -> None:
    """No element, attribute or address of any page runs or loads what a student wrote."""
    pages = battle.pages[kind]
    assert pages
    if kind == "stock":  # writes names as they are: the hub's page is the one for names that nobody vouches for
        pages = [p for p in pages if p.stem not in NAMES.values()]
    own = _of_the_page(_plain_page(battle, kind)) if kind in ("hub", "stock") else set()
    found = {str(page): faults for page in pages if (faults := _faults(page, own))}
    if found:
        battle.count(HONEST[0], "harmed")
    assert not found


def _plain_page(battle: Battle, kind: str) -> Path:
    return battle.course.work / "pages" / kind / f"{HONEST[1].student}.html"


def _of_the_page(page: Path) -> set[str]:
    """What runs or loads something in a page of an honest student's: it is the page's own."""
    return set(_active(bs4.BeautifulSoup(page.read_text(), "html.parser")))


def _faults(page: Path, own: set[str]) -> list[str]:
    found = _active(bs4.BeautifulSoup(page.read_text(errors="replace"), "html.parser"))
    return [f for f in found if f not in own]


def _active(soup: bs4.BeautifulSoup) -> Iterator[str]:
    """Elements, attributes and addresses that run, load or send something; without what only numbers a submission."""
    for e in soup.find_all(True):
        if e.name in ELEMENTS or (e.name == "meta" and "refresh" in str(e.attrs.get("http-equiv", "")).lower()):
            yield NUMBERS.sub("", str(e))[:300]
        for name, value in e.attrs.items():
            text = " ".join(value) if isinstance(value, list) else str(value)
            runs = name.lower().startswith("on") or name.lower() == "srcdoc"
            leads = name.lower() in ADDRESSES and ACTIVE.match(text)
            loads = name.lower() == "style" and LOADING.search(text)
            if runs or leads or loads:
                yield f"{e.name} {name}={text[:100]}"


def test_our_pages_forbid_scripts(battle: Battle) -> None:
    """Feedback and class pages tell the browser to run none, should one be in them after all."""
    for page in (*battle.pages["feedback"], *battle.pages["report"]):
        if page.suffix == ".html":
            assert "default-src 'none'" in html.unescape(page.read_text(errors="replace")[:2000])


# -- names and tables


def test_a_spreadsheet_computes_nothing(battle: Battle) -> None:
    """A row for each student, and no cell of the exported marks begins a formula; numbers may be negative."""
    text = (battle.course.work / "marks.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == len(battle.results) + 1
    assert len(text.splitlines()) == len(rows)
    formulas = [c for row in rows[1:] for c in row if c.lstrip().startswith(FORMULA)]
    assert not formulas
    assert not [c for row in rows for c in row if re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", c)]


def test_names_that_cannot_be_shown_are_nobodys(battle: Battle) -> None:
    """A folder whose name would forge a line of a log or turn a page around is not graded, and harms no report."""
    assert not set(NOT_GRADED.values()) & set(battle.results)
    log = (battle.course.home.parent / "log").read_text(errors="replace")
    assert "zz_honest 0" not in log and "\x07" not in log


# -- what a mark says beside its points


def test_messages_are_bounded_and_plain(battle: Battle) -> None:
    """What is stored of a submission is small, and holds no control characters."""
    for path in (battle.course.private / "results" / UNIT).glob("*.json"):
        text = path.read_text()
        assert len(text) < 200_000, path.name
        texts = [p for e in _exercises(json.loads(text)) for p in (e.get("message", ""), e.get("diagnosis", ""))]
        assert not [t for t in texts if re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", t) or len(t) > 3000], (
            path.name
        )


def _exercises(entry: dict) -> list[dict]:
    notebooks = entry["result"]["notebooks"]
    exercises = [e for n in notebooks for e in n["exercises"]]
    with contextlib.suppress(KeyError):
        exercises += [p for e in exercises for p in e["parts"]]
    return exercises
