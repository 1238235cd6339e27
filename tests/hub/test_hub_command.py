"""`autograder hub check` and `password`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from autograder.cli.main import cli
from autograder.cli.state import State
from autograder.errors import AutograderError, ConfigurationError, UsageError
from autograder.hub.people import Passwords
from autograder.hub.settings import TABLES, read_settings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
SECRET = """[hub]
database = "postgresql://hub:hunter2@db/hub"
[course.due]
unit02_logistic = 2026-12-01T23:59:00
"""


def hub(home: Path, *words: str, text: str = "") -> Result:
    (home / "source" / "unit02_logistic").mkdir(parents=True, exist_ok=True)
    (home / "solutions").mkdir(exist_ok=True)
    (home / ".hub").mkdir(mode=0o700, exist_ok=True)
    (home / ".hub" / "hub.toml").write_text(text)
    state = State(json="--json" in words)
    return CliRunner().invoke(cli, ["--course", str(home), "hub", *words], obj=state, catch_exceptions=True)


def test_check_prints_a_file_that_says_the_same(tmp_path: Path) -> None:
    """What `hub check` prints can be written into hub.toml."""
    text = '[course]\ntimezone = "Europe/Brussels"\n[course.due]\nunit02_logistic = 2026-12-01T23:59:00\n'
    done = hub(tmp_path, "check", text=text)
    assert done.exit_code == 0 and "# The hub can be started." in done.output, done.output
    (tmp_path / "again.toml").write_text(done.output)
    first, again = read_settings(tmp_path), read_settings(tmp_path, tmp_path / "again.toml")
    assert msgspec.structs.replace(again, file=first.file) == first


def test_check_prints_one_document(tmp_path: Path) -> None:
    """Its keys are those that docs/settings.md describes; secrets are not in it."""
    done = hub(tmp_path, "check", "--json", text=SECRET)
    document = json.loads(done.output)
    described = DOCS.read_text().split("hub check --json`")[-1]
    assert all(f"`{key}`" in described for key in document), document.keys()
    assert document["schema"] == 1 and document["settings"]["course"]["id"] == "dlmath"
    assert "hunter2" not in done.output


def test_check_changes_nothing(tmp_path: Path) -> None:
    """No folder, no database, no password is made."""
    hub(tmp_path, "check")
    before = sorted(str(p) for p in tmp_path.rglob("*"))
    hub(tmp_path, "check")
    assert sorted(str(p) for p in tmp_path.rglob("*")) == before
    assert [p.name for p in (tmp_path / ".hub").iterdir()] == ["hub.toml"]


def test_check_refuses_what_start_would_refuse(tmp_path: Path) -> None:
    done = hub(tmp_path, "check", text='[hub]\naddress = "0.0.0.0"\n')
    assert isinstance(done.exception, ConfigurationError) and "simple" in str(done.exception)


def test_every_key_is_described() -> None:
    """docs/settings.md has a row for each key of hub.toml, and none for another."""
    text = DOCS.read_text()
    described = set(re.findall(r"`\[(\w+)(?:\.(\w+))?\] ?(\w*)`((?:, `\w+`)*)", text.split("## Passwords")[0]))
    found = set()
    for table, inner, key, more in described:
        found |= {(table, inner or key), *((table, k) for k in re.findall(r"\w+", more))}
    known = {(name, f.encode_name) for name, kind in TABLES.items() for f in msgspec.structs.fields(kind)}
    assert found == known


def test_a_new_password_replaces_the_old_one(tmp_path: Path) -> None:
    """It is printed alone, so that it can be passed on by a script."""
    passwords, old = Passwords(tmp_path / ".hub"), {}
    passwords.add(["student1"], old.update)
    done = hub(tmp_path, "password", "student1")
    assert re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}\n", done.output), done.output
    assert passwords.check("student1", done.output.strip())
    assert not passwords.check("student1", old["student1"])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("nobody", "", "got 'nobody', expected one of lecturer, student1"),
        ("ada", '[authenticator]\nkind = "pam"\n[people]\nlecturers = ["ada"]\n', "kind: got 'pam'"),
    ],
)
def test_passwords_are_for_people_of_the_course(tmp_path: Path, name: str, text: str, words: str) -> None:
    done = hub(tmp_path, "password", name, text=text)
    assert isinstance(done.exception, AutograderError | UsageError) and words in str(done.exception)
