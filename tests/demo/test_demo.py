"""The demonstration: a simulated class, graded as it deserves."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course import Course
from autograder.demo import Demo, as_text, run
from autograder.demo.hostile import HOSTILE
from autograder.demo.run import make_room
from autograder.demo.simulate import simulate

UNIT = "unit02_logistic"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(unit_two: Course, folder: Path) -> Demo:
    return run(unit_two, folder, size=24)


def test_everybody_gets_what_they_deserve(demo: Demo) -> None:
    """Right answers get full marks, wrong ones lose what their mistake costs, nobody gains by an attack."""
    account = demo.accounts[UNIT]
    assert account.fair, as_text(demo)
    assert account.right and account.wrong and account.untouched


def test_most_mistakes_are_named(demo: Demo) -> None:
    """A known wrong answer is told its own sentence."""
    account = demo.accounts[UNIT]
    assert account.wrong_told == account.wrong


def test_attacks_and_accidents_are_there(demo: Demo) -> None:
    """Each attack and each accident is in the class."""
    account = demo.accounts[UNIT]
    assert {a.what for a in account.attacks} == set(HOSTILE)
    assert len(account.accidents) == 6


def test_the_paths_to_look_at_exist(demo: Demo) -> None:
    """What the newcomer is pointed to is there."""
    for path in demo.look_at.values():
        assert Path(path).exists(), path


def test_a_second_demonstration_grades_only_what_changed(demo: Demo, unit_two: Course, folder: Path) -> None:
    """Nobody is graded twice by the same code, and everybody keeps what they got."""
    again = run(unit_two, folder, size=24)
    assert (demo.unchanged, again.unchanged) == (0, 24)
    assert again.accounts == demo.accounts


def test_the_same_seed_makes_the_same_class(unit_two: Course, tmp_path: Path) -> None:
    """Two classes from one seed are the same, byte for byte."""
    classes = []
    for name in ("one", "two"):
        course = Course.at(unit_two.home, tmp_path / name)
        simulate(course, [UNIT], 20)
        files = sorted(p for p in course.submitted.rglob("*") if p.is_file())
        classes.append({p.relative_to(course.submitted): p.read_bytes() for p in files})
    assert classes[0] == classes[1]


def test_another_class_makes_room(tmp_path: Path) -> None:
    """Students of a class of another size or of other units do not stay among ours; the course's secret does."""
    course = Course.at(tmp_path, tmp_path / "demo")
    make_room(course, "60 students: unit01")
    (course.submitted / "ada").mkdir(parents=True)
    (course.work / "gradebook.db").touch()
    secret = course.secret()
    make_room(course, "60 students: unit01")
    assert (course.submitted / "ada").is_dir()
    make_room(course, "60 students: unit01 unit02")
    assert not course.submitted.exists() and not (course.work / "gradebook.db").exists()
    assert course.secret() == secret
