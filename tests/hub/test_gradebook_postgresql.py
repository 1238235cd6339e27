"""The gradebook on PostgreSQL: released, graded, backed up and lost, by the commands alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course import Course
from autograder.hub.backup import back_up
from autograder.hub.backup_parts import Places
from autograder.hub.backup_restore import restore
from autograder.record.gradebook import open_gradebook
from tests.build.small_course import UNIT, make_course
from tests.cli.test_cli import call
from tests.grade.classroom import points, submit
from tests.postgresql import database

pytestmark = pytest.mark.slow


def test_the_whole_way_with_postgresql(tmp_path: Path, postgresql: str) -> None:
    """Released and graded by the commands, the same marks as with SQLite; a lost gradebook comes back from a backup."""
    home = tmp_path / "course"
    home.mkdir()
    make_course(home)
    with database(postgresql) as url:
        words = ["--course", str(home), "--database", url, "-q"]
        done = call(*words, "release")
        assert done.returncode == 0, done.stderr
        submit(Course.at(home), "ada")
        submit(Course.at(home), "bob", mean_of="def mean_of(x):\n    return x")
        done = call(*words, "grade", "--json")
        assert done.returncode == 0, done.stderr
        with_postgresql = points(Course.at(home, database=url))
        assert with_postgresql["ada"] > with_postgresql["bob"] > 0

        places = Places(Course.at(home, database=url), home / ".hub", f"sqlite:///{home}/none", home / "exchange")
        archive = Path(back_up(places).archive)
        with open_gradebook(url) as gradebook:
            gradebook.remove_student("ada")
        restore(archive, places, "http://127.0.0.1:1")
        assert points(Course.at(home, database=url)) == with_postgresql

        done = call("--course", str(home), "-q", "grade", "--force", "--json")
        assert done.returncode == 0, done.stderr
        assert points(Course.at(home)) == with_postgresql, f"{UNIT}: SQLite and PostgreSQL agree"
