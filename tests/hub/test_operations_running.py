"""Roster and health against a hub that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.errors import AutograderError
from autograder.hub.backup_parts import Places
from autograder.hub.health import Target, check_health
from autograder.hub.presence import ask
from autograder.hub.roster import Leaving, import_roster, list_roster
from autograder.hub.roster_hub import open_hub
from autograder.hub.roster_table import read_table
from tests.hub.plain_hub import PlainHub, plain_hub

GROUP = "nbgrader-dlmath"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainHub]:
    with plain_hub(tmp_path_factory.mktemp("running") / "state") as running:
        yield running


@pytest.fixture
def course(tmp_path: Path) -> Course:
    for folder in ("source", "solutions", "exchange"):
        (tmp_path / folder).mkdir()
    return Course.at(tmp_path)


def test_a_running_hub_gains_a_class_of_two_hundred_and_loses_one(hub: PlainHub, course: Course) -> None:
    """More than one page of the hub's answers; nothing the second time; who leaves is out of the group at once."""
    file = course.home / "class.csv"
    lines = [f"s{n:03d},First{n}" for n in range(200)]
    file.write_text("username,first name\n" + "\n".join(lines))
    with open_hub(hub.url, hub.token, "sqlite://") as members:
        assert members.running
        first = import_roster(course, read_table(file), members, GROUP, None, print)
        assert len(first.changes) == 600
        second = import_roster(course, read_table(file), members, GROUP, None, print)
        assert (second.changes, second.unchanged) == ((), 200)
        file.write_text("username,first name\n" + "\n".join(lines[:-1]))
        left = import_roster(course, read_table(file), members, GROUP, None, print, Leaving(remove=True))
        assert [change.user for change in left.changes] == ["s199"]
        assert sum(student.enrolled for student in list_roster(course, members, GROUP, None)) == 199
    group = json.loads(ask(f"{hub.url}/hub/api/groups/{GROUP}", hub.token).text)
    assert len(group["users"]) == 199 and "s199" not in group["users"]


def test_another_hub_at_the_address_is_refused(hub: PlainHub) -> None:
    """With a token that this hub does not know nothing is written anywhere."""
    with pytest.raises(AutograderError, match="got 403 to our token"), open_hub(hub.url, "wrong", "sqlite://"):
        pass


def test_a_running_hub_is_healthy(hub: PlainHub, course: Course) -> None:
    """Proxy and hub answer; with a wrong token the hub is asked for in vain, and that is said."""
    places = Places(course, hub.state, "sqlite://", course.home / "exchange")
    checks = {c.name: c for c in check_health(Target(places, hub.url, hub.token, "dlmath"))}
    assert checks["proxy"].ok and checks["hub"].ok and checks["hub"].found.startswith("JupyterHub ")
    assert not checks["formgrader"].ok, "this hub has none"
    checks = {c.name: c for c in check_health(Target(places, hub.url, "wrong", "dlmath"))}
    assert checks["hub"].found == "the hub does not know our token"
