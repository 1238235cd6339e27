"""A class list makes hub users, a group and gradebook students, says so, and changes nothing the second time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.hub import audit
from autograder.hub.roster import Imported, Leaving, import_roster, list_roster
from autograder.hub.roster_hub import Members, open_hub
from autograder.hub.roster_table import read_table
from autograder.record.gradebook import open_gradebook

GROUP = "nbgrader-dlmath"
ANA = "Username;Nom;Prénom;Courriel;Studentnummer\nana;Núñez;Ana;ana@example.org;r1\n"
CLASS = f"{ANA}bob;Bond;Bob;bob@example.org;r2\n"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook of nobody; nbgrader takes seconds to make one."""
    path = tmp_path_factory.mktemp("empty") / "gradebook.db"
    with open_gradebook(f"sqlite:///{path}", "dlmath") as gradebook:
        gradebook.add_assignment("unit01")
    return path


@pytest.fixture
def course(tmp_path: Path, empty: Path) -> Course:
    home = tmp_path / "course"
    for folder in ("source", "solutions", ".hub"):
        (home / folder).mkdir(parents=True)
    shutil.copy(empty, home / "gradebook.db")
    return Course.at(home)


@contextmanager
def at_rest(course: Course) -> Iterator[Members]:
    """The hub's own database, written while no hub runs."""
    with open_hub("http://127.0.0.1:1", "", f"sqlite:///{course.home / '.hub' / 'jupyterhub.sqlite'}") as hub:
        yield hub


def enter(course: Course, text: str, leaving: Leaving | None = None, dry_run: bool = False) -> Imported:
    file = course.home / "class.csv"
    file.write_text(text)
    journal = (course.home / ".hub", "operator")
    with at_rest(course) as hub:
        return import_roster(course, read_table(file), hub, GROUP, None, lambda _: None, leaving, dry_run, journal)


def said(done: Imported) -> list[tuple[int, str, str]]:
    return [(change.line, change.user, change.what) for change in done.changes]


def test_the_first_import_says_each_change_and_the_second_none(course: Course) -> None:
    """Users, group and gradebook agree with the list afterwards."""
    done = enter(course, CLASS)
    assert said(done) == [
        (line, user, what)
        for line, user in ((2, "ana"), (3, "bob"))
        for what in ("hub user added", f"enrolled in {GROUP}", "gradebook student added")
    ]
    again = enter(course, CLASS)
    assert said(again) == [] and again.unchanged == 2
    with at_rest(course) as hub:
        assert hub.users() == hub.members(GROUP) == {"ana", "bob"}
        ana, _ = list_roster(course, hub, GROUP, None)
    assert (ana.first_name, ana.last_name, ana.email, ana.lms_id) == ("Ana", "Núñez", "ana@example.org", "r1")
    assert ana.enrolled and not ana.password
    assert len(audit.read(course.home / ".hub")) == 6


def test_corrections_are_told_with_old_and_new(course: Course) -> None:
    """A changed cell changes the gradebook; an empty one does not."""
    enter(course, CLASS)
    done = enter(course, CLASS.replace("Bond", "Blond").replace("ana@example.org", ""))
    assert said(done) == [(3, "bob", "last_name: Bond -> Blond")]
    with at_rest(course) as hub:
        assert list_roster(course, hub, GROUP, None)[0].email == "ana@example.org"


def test_a_dry_run_says_the_same_and_changes_nothing(course: Course) -> None:
    """Neither in the gradebook, nor in the hub, nor in the log."""
    planned = enter(course, CLASS, dry_run=True)
    with at_rest(course) as hub:
        assert hub.users() == set() and list_roster(course, hub, GROUP, None) == []
    assert audit.read(course.home / ".hub") == []
    assert said(planned) == said(enter(course, CLASS))


def hand_in(course: Course, student: str) -> None:
    with open_gradebook(course.database, "dlmath") as gradebook:
        gradebook.add_submission("unit01", student)


def test_who_is_missing_from_the_list_is_named_and_left_alone(course: Course) -> None:
    """A late export must not throw anybody out."""
    enter(course, CLASS)
    done = enter(course, ANA)
    assert said(done) == [] and done.missing == ("bob",)


def test_those_who_left_keep_their_marks(course: Course) -> None:
    """`--remove` takes the enrolment; the gradebook keeps its rows; coming back is one import."""
    enter(course, CLASS)
    hand_in(course, "bob")
    done = enter(course, ANA, Leaving(remove=True))
    assert said(done) == [(0, "bob", "left: out of the course, marks kept")]
    with at_rest(course) as hub:
        bob = list_roster(course, hub, GROUP, None)[1]
    assert (bob.enrolled, bob.submissions) == (False, 1)
    assert said(enter(course, ANA, Leaving(remove=True))) == []
    assert said(enter(course, CLASS)) == [(3, "bob", f"enrolled in {GROUP}")]


def test_marks_go_only_by_delete(course: Course) -> None:
    """It says how many submissions go with the student."""
    enter(course, CLASS)
    hand_in(course, "bob")
    done = enter(course, ANA, Leaving(delete=True))
    assert (0, "bob", "deleted with the marks of 1 submissions") in said(done)
    with at_rest(course) as hub:
        assert hub.users() == {"ana"}
        assert [student.user for student in list_roster(course, hub, GROUP, None)] == ["ana"]


def test_other_members_of_the_hub_stay(course: Course) -> None:
    """Lecturers and their groups are none of the roster's business."""
    with at_rest(course) as hub:
        hub.add_users({"lecturer"})
        hub.enrol("formgrade-dlmath", {"lecturer"})
    enter(course, CLASS, Leaving(delete=True))
    with at_rest(course) as hub:
        assert hub.users() == {"lecturer", "ana", "bob"}
        assert hub.members("formgrade-dlmath") == {"lecturer"} and hub.members(GROUP) == {"ana", "bob"}


def test_five_hundred_students_take_seconds(course: Course) -> None:
    """And all of them are there."""
    people = "".join(f"s{n:04d};Last{n};First{n};s{n:04d}@example.org;r{n}\n" for n in range(500))
    header = CLASS.splitlines()[0]
    assert len(enter(course, f"{header}\n{people}").changes) == 1500
    assert enter(course, f"{header}\n{people}").unchanged == 500
