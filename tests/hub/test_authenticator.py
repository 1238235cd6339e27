"""Who may log in, and how passwords are kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm
from traitlets.config import Config, Configurable

from autograder.errors import ConfigurationError
from autograder.hub import audit
from autograder.hub.authenticator import FileAuthenticator, authenticator_class, configure_authenticator
from autograder.hub.people import Passwords
from autograder.hub.readiness import faults
from autograder.hub.settings import Settings, read_settings
from tests.hub.oauth import OAUTH, oauth_with


class Hub(Configurable):
    """As much of the hub as authenticators see."""

    db: Any = None


def settings_of(home: Path, text: str = "") -> Settings:
    (home / ".hub").mkdir(mode=0o700, exist_ok=True)
    (home / ".hub" / "hub.toml").write_text(text)
    return read_settings(home)


def authenticator(settings: Settings, groups: dict[str, list[str]] | None = None) -> Any:
    """As the hub makes it, over a database of its own."""
    c = Config()
    configure_authenticator(c, settings)
    db = orm.new_session_factory("sqlite:///:memory:")()
    for group, names in (groups or {}).items():
        db.add(orm.Group(name=group, users=[orm.User(name=name) for name in names]))
    db.commit()
    hub = Hub(config=c)
    hub.db = db
    return authenticator_class(settings)(parent=hub)


def login(made: Any, name: str, password: str = "", address: str = "127.0.0.1") -> str | None:
    handler = SimpleNamespace(request=SimpleNamespace(remote_ip=address))
    data = {"username": name, "password": password}
    found = asyncio.run(made.get_authenticated_user(handler, data))
    return found["name"] if found else None


def give(settings: Settings, *names: str) -> dict[str, str]:
    made: dict[str, str] = {}
    Passwords(settings.state).add(names, made.update)
    return made


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float | str]:
    """The pauses that are over, in seconds; nobody waits for them."""
    over: list[float | str] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        await sleep(0)
        over.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return over


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, dict[str, Any]]]:
    """The hashes that are made: how long the text is, and what they cost."""
    made: list[tuple[int, dict[str, Any]]] = []
    scrypt = hashlib.scrypt

    def told(text: bytes, *, salt: bytes, **cost: Any) -> bytes:
        made.append((len(text), cost))
        return scrypt(text, salt=salt, **cost)

    monkeypatch.setattr(hashlib, "scrypt", told)
    return made


def test_a_password_lets_its_owner_in(tmp_path: Path) -> None:
    """The right password does, for its owner alone, however the name is written."""
    settings = settings_of(tmp_path)
    made, words = authenticator(settings), give(settings, "student1", "student2")
    assert login(made, "student1", words["student1"]) == "student1"
    assert login(made, "Student1", words["student1"]) == "student1"
    assert login(made, "student2", words["student1"]) is None


@pytest.mark.parametrize("password", ["", " ", "wrong", "x" * 10**6, "\udcff", "\0"])
def test_odd_passwords_are_wrong_passwords(
    tmp_path: Path, password: str, hashes: list[tuple[int, dict[str, Any]]]
) -> None:
    """None of them is an error, and of a long one no more than 1000 characters are hashed."""
    settings = settings_of(tmp_path)
    give(settings, "student1")
    hashes.clear()
    assert login(authenticator(settings), "student1", password) is None
    assert len(hashes) == 1 and hashes[0][0] <= 1000


def test_the_formgraders_user_cannot_log_in(tmp_path: Path) -> None:
    """It is in the lecturers' group, and somebody might give it a password."""
    settings = settings_of(tmp_path)
    made = authenticator(settings, {"formgrade-dlmath": ["grader-dlmath"]})
    assert login(made, "grader-dlmath", give(settings, "grader-dlmath")["grader-dlmath"]) is None
    assert made.allow_existing_users is False and made.allow_all is False


def test_who_is_imported_may_log_in_at_once(tmp_path: Path) -> None:
    """Membership is looked up in the hub's groups; a hub user in no group of the course stays outside."""
    settings = settings_of(tmp_path)
    made = authenticator(settings, {"nbgrader-dlmath": ["bo"], "nbgrader-other": ["cy"]})
    words = give(settings, "bo", "cy", "student1")
    assert login(made, "bo", words["bo"]) == "bo"
    assert login(made, "cy", words["cy"]) is None
    assert login(made, "student1", words["student1"]) == "student1"


def test_failed_logins_are_slowed_for_who_fails(tmp_path: Path, pauses: list[float | str]) -> None:
    """Each failure doubles the pause; the owner elsewhere has none, and ends nothing for who fails."""
    settings = settings_of(tmp_path)
    made, words = authenticator(settings), give(settings, "student1")
    for _ in range(2):
        assert login(made, "student1", "wrong", "10.0.0.1") is None
    assert login(made, "student1", words["student1"], "10.0.0.2") == "student1"
    assert login(made, "student1", "wrong", "10.0.0.1") is None
    assert pauses == [0.5, 1.0, 2.0]


def test_parallel_guesses_wait_for_one_another(
    tmp_path: Path, pauses: list[float | str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three guesses at once the next one begins when the pause after the last one is over."""
    settings = settings_of(tmp_path)
    made = authenticator(settings)
    give(settings, "student1")
    handler = SimpleNamespace(request=SimpleNamespace(remote_ip="10.0.0.1"))

    def looked_up(state: Path) -> Passwords:
        pauses.append("guess")
        return Passwords(state)

    monkeypatch.setattr("autograder.hub.authenticator.Passwords", looked_up)

    async def guess() -> None:
        data = {"username": "student1", "password": "wrong"}
        await asyncio.gather(*(made.get_authenticated_user(handler, data) for _ in range(3)))

    asyncio.run(guess())
    assert pauses == ["guess", 0.5, "guess", 1.0, "guess", 2.0]


def test_names_are_not_told_apart_by_time(tmp_path: Path, hashes: list[tuple[int, dict[str, Any]]]) -> None:
    """A name that does not exist costs the same hash."""
    passwords = Passwords(settings_of(tmp_path).state)
    give(settings_of(tmp_path), "student1")
    hashes.clear()
    for name in ("student1", "nobody"):
        assert not passwords.check(name, "wrong")
    assert len(hashes) == 2 and hashes[0] == hashes[1]


def test_what_is_stored_gives_no_password_away(tmp_path: Path) -> None:
    """Salted hashes, a file for its owner alone, passwords of more than 50 bits, no two alike."""
    settings = settings_of(tmp_path)
    words = give(settings, "student1", "student2")
    path = settings.state / "people.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(word in path.read_text() for word in words.values())
    assert len(set(words.values())) == 2 and all(len(word) == 14 for word in words.values())
    assert len({entry["salt"] for entry in json.loads(path.read_text())["people"].values()}) == 2


def test_a_password_that_could_not_be_shown_does_not_hold(tmp_path: Path) -> None:
    """Where the terminal or the disk is gone, the old password still works."""
    settings = settings_of(tmp_path)
    old = give(settings, "student1")["student1"]

    def broken(_: dict[str, str]) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Passwords(settings.state).add(["student1"], broken)
    assert Passwords(settings.state).check("student1", old)


def test_who_is_removed_cannot_log_in(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    word = give(settings, "student1")["student1"]
    Passwords(settings.state).remove(["student1", "nobody"])
    assert login(authenticator(settings), "student1", word) is None


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    """Nobody is let in, and the operator is told what to put back."""
    settings = settings_of(tmp_path)
    (settings.state / "people.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"people.json: cannot be read"):
        Passwords(settings.state).names()


def test_logins_are_recorded(tmp_path: Path) -> None:
    """The audit log has who came in, who was refused and from where, and no password."""
    settings = settings_of(tmp_path)
    made, words = authenticator(settings), give(settings, "student1")
    login(made, "student1", words["student1"])
    login(made, "student1", "a wrong one")
    told = [(entry["who"], entry["what"], entry["address"]) for entry in audit.read(settings.state)]
    assert told == [("student1", "login", "127.0.0.1"), ("student1", "login refused", "127.0.0.1")]
    log = (settings.state / "log" / "audit.jsonl").read_text()
    assert "a wrong one" not in log and words["student1"] not in log


def test_logins_from_outside_let_in_the_course_alone(tmp_path: Path) -> None:
    """Whoever has an account on GitHub has no account here: the roster decides."""
    settings = settings_of(tmp_path, OAUTH)
    made = authenticator(settings, {"nbgrader-dlmath": ["bo"]})
    assert made.client_id == "i" and made.oauth_callback_url.endswith("/oauth_callback")
    assert [made.check_allowed(name, {"name": name}) for name in ("ada", "bo", "eve")] == [True, True, False]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('client_idd = "x"', r"client_idd: got an unknown name, expected a trait of .*Did you mean 'client_id'\?"),
        ("scope = 3", r"scope: got 3, expected a value that CourseGitHubOAuthenticator takes"),
    ],
)
def test_options_are_traits_of_the_class(tmp_path: Path, more: str, words: str) -> None:
    """A misspelt option is refused, where traitlets would warn in a log and go on."""
    found = list(faults(settings_of(tmp_path, oauth_with(more))))
    assert len(found) == 1 and re.search(words, found[0]), found


def test_a_class_that_is_none_is_refused(tmp_path: Path) -> None:
    """Both a name that cannot be imported and one that is no authenticator."""
    for name, words in (("oauthenticator.github.Nothing", "cannot be imported"), ("json.JSONDecoder", "Authenticator")):
        text = OAUTH.replace("oauthenticator.github.GitHubOAuthenticator", name)
        found = list(faults(settings_of(tmp_path, text)))
        assert len(found) == 1 and words in found[0], found


def test_the_other_logins_are_of_the_course_too(tmp_path: Path) -> None:
    """PAM and LTI check membership before anything else that their classes would allow."""
    lti = (
        '[people]\nlecturers = ["ada"]\n[authenticator]\nkind = "lti"\n[authenticator.options]\nissuer = "https://i"\n'
    )
    lti += 'client_id = ["c"]\nauthorize_url = "https://a"\njwks_endpoint = "https://j"\n'
    pam = '[people]\nlecturers = ["ada"]\nstudents = []\n[authenticator]\nkind = "pam"\n'
    for text in (lti, pam):
        settings = settings_of(tmp_path, text + '[spawner]\nkind = "docker"\nimage = "i"\n')
        made = authenticator(settings, {"nbgrader-dlmath": ["bo"]})
        assert [made.check_allowed(name, {"name": name}) for name in ("ada", "bo", "eve")] == [True, True, False]


def test_file_is_the_default(tmp_path: Path) -> None:
    assert authenticator_class(settings_of(tmp_path)) is FileAuthenticator
