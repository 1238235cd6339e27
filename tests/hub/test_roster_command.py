"""`autograder roster` and `autograder hub log|backup|restore|health` as an operator types them."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from autograder.cli.main import cli
from autograder.cli.operations import OPERATIONS
from autograder.cli.state import State
from autograder.hub.people import Passwords
from autograder.record.gradebook import open_gradebook

CLASS = "Username,First name,Surname,Group\nana,Ana,Núñez,1\nbob,Bob,Bond,2\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose hub would listen where nobody does."""
    home = tmp_path_factory.mktemp("course")
    for folder in ("source", "solutions", ".hub"):
        (home / folder).mkdir()
    (home / ".hub" / "hub.toml").write_text("[hub]\nport = 1\n")
    with open_gradebook(f"sqlite:///{home / 'gradebook.db'}", "dlmath"):
        pass
    (home / "class.csv").write_text(CLASS)
    return home


def call(home: Path, *words: str, answer: str = "") -> Result:
    """A command of the group, or one of the operators' commands."""
    command = OPERATIONS[words[1]] if words[0] == "hub" else cli
    state = State(course=home, json="--json" in words)
    arguments = list(words[2:]) if words[0] == "hub" else ["--course", str(home), *words]
    return CliRunner().invoke(command, arguments, obj=state, input=answer)


def test_a_class_is_entered_with_passwords_in_a_private_file(home: Path, tmp_path: Path) -> None:
    """Each new person gets one password, which is right; the second run makes none and says so."""
    list_file, passwords = str(home / "class.csv"), tmp_path / "passwords.csv"
    planned = call(home, "roster", "import", list_file, "--dry-run")
    assert planned.exit_code == 0 and "8 changes would be made" in planned.output, planned.output
    assert Passwords(home / ".hub").names() == set()
    done = call(home, "roster", "import", list_file, "--passwords", str(passwords))
    assert done.exit_code == 0 and "8 changes made for 2 students, 0 unchanged" in done.output, done.output
    assert re.search(r"^line 2: ana: hub user added; .*; password made$", done.output, re.M)
    assert "column not used: Group" in done.output
    made = dict(line.split(",") for line in passwords.read_text().split())
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    assert all(Passwords(home / ".hub").check(name, password) for name, password in made.items())
    assert not any(password in done.output for password in made.values())
    again = call(home, "roster", "import", list_file, "--json")
    document = json.loads(again.stdout)
    assert (document["changes"], document["unchanged"], document["passwords"]) == ([], 2, {})
    listed = call(home, "roster", "list").output.splitlines()
    assert listed[0].split() == ["user", "name", "enrolled", "submissions"], "columns that hold nothing are left out"
    assert listed[-1] == "2 students, 2 enrolled"
    assert [one["user"] for one in json.loads(call(home, "roster", "list", "--json").stdout)["students"]] == [
        "ana",
        "bob",
    ]
    assert not any(password in call(home, "hub", "log").output for password in made.values())


def test_passwords_are_shown_once_without_a_file(home: Path) -> None:
    """And those who left cannot log in; deleting asks first, and No changes nothing."""
    other = home / "other.csv"
    other.write_text(CLASS.rsplit("bob", 1)[0] + "carl,Carl,C,1\n")
    shown = json.loads(call(home, "roster", "import", str(other), "--remove", "--json").stdout)
    assert list(shown["passwords"]) == ["carl"]
    assert Passwords(home / ".hub").check("carl", shown["passwords"]["carl"])
    assert "bob" not in Passwords(home / ".hub").names()
    other.write_text(CLASS.rsplit("bob", 1)[0])
    refused = call(home, "roster", "import", str(other), "--delete", answer="n\n")
    assert refused.exit_code == 1
    assert "carl" in call(home, "roster", "list").output


def test_faults_change_nothing(home: Path) -> None:
    """Exit by an error that names every line."""
    wrong = home / "wrong.csv"
    wrong.write_text("username\n../x\nlecturer\ngrader-dlmath\n")
    failed = call(home, "roster", "import", str(wrong))
    assert failed.exit_code == 1 and str(failed.exception).count("wrong.csv, line") == 3


def test_backup_restore_health_and_log(home: Path) -> None:
    """What an operator does in a term; health is at fault while no hub runs, and says how to start it."""
    assert "would back up: course/gradebook" in call(home, "hub", "backup", "--dry-run").output
    assert call(home, "hub", "health").output.splitlines()[-1] == "4 of 7 checks found something wrong"
    archive = json.loads(call(home, "hub", "backup", "--json").stdout)["archive"]
    done = call(home, "hub", "restore", archive)
    assert done.exit_code == 0 and "restored: hub/people.json" in done.output, done.output
    health = call(home, "hub", "health", "--json")
    document = json.loads(health.stdout)
    assert health.exit_code == 1 and not document["sound"]
    assert {c["name"] for c in document["checks"] if c["ok"]} >= {"disk", "gradebook", "backup", "grading"}
    entries = json.loads(call(home, "hub", "log", "--since", "1h", "--json").stdout)["entries"]
    assert [e["what"] for e in entries][-2:] == ["backup written", "backup restored"]
    assert call(home, "hub", "log", "--since", "yesterday").exit_code == 2


def test_health_looks_at_leases_only_where_devices_are_leased(home: Path) -> None:
    """With Kubernetes pods get their GPUs from the cluster: there is no folder of leases to look at."""
    file = home / ".hub" / "hub.toml"
    before = file.read_text()
    found = {}
    for kind in ("simple", "kubernetes"):
        image = 'image = "course:1"\n' if kind == "kubernetes" else ""
        file.write_text(f'{before}[spawner]\nkind = "{kind}"\n{image}[gpus]\ndevices = ["0"]\n[exchange]\nroot = "."\n')
        document = json.loads(call(home, "hub", "health", "--json").stdout)
        found[kind] = {check["name"] for check in document["checks"]}
    file.write_text(before)
    assert found["simple"] - found["kubernetes"] == {"gpus"}


def test_looking_makes_no_noise(tmp_path: Path) -> None:
    """A course without a hub's database is listed from an empty one: what is logged while that is made is not shown."""
    for folder in ("source", "solutions"):
        (tmp_path / folder).mkdir()
    command = [sys.executable, "-m", "autograder", "--course", str(tmp_path), "roster", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("nobody yet: autograder roster import class.csv\n", "")
