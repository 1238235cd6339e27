"""What hub.toml may say: each refusal, and what holds without a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.errors import ConfigurationError
from autograder.hub.settings import Settings, read_settings
from tests.hub.oauth import OAUTH


def read(home: Path, text: str) -> Settings:
    file = home / "hub.toml"
    file.write_text(text)
    return read_settings(home, file)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    """A laptop needs no settings: loopback, port 8000, passwords, one lecturer, three students."""
    settings = read_settings(tmp_path)
    assert settings.url == "http://127.0.0.1:8000"
    assert (settings.authenticator.kind, settings.spawner.kind) == ("file", "simple")
    assert settings.people.lecturers == ("lecturer",) and len(settings.people.students) == 3
    assert settings.state == tmp_path / ".hub" and settings.exchange_root == tmp_path / ".hub" / "exchange"
    assert settings.hub_database == f"sqlite:///{tmp_path}/.hub/jupyterhub.sqlite"


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    """A typing error in --settings does not start a hub with the defaults."""
    with pytest.raises(ConfigurationError, match=r"nowhere.toml: got no such file"):
        read_settings(tmp_path, tmp_path / "nowhere.toml")


def test_what_is_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"hub.toml: cannot be read: .*line 1"):
        read(tmp_path, "[hub\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[huub]\n", r"table \[huub\]: got an unknown name.*Did you mean 'hub'\?"),
        ("hub = 3\n", r"hub: got 3, expected a table: \[hub\]"),
        ("[hub]\nprot = 9\n", r"\[hub\] prot: got an unknown name.*Did you mean 'port'\?"),
        ('[hub]\nport = "x"\n', r"\[hub\] port: got 'x', expected a whole number"),
        ("[hub]\nport = 65533\n", r"\[hub\] port: got 65533, expected a whole number <= 65532"),
        ("[hub]\nport = 0\n", r"\[hub\] port: got 0, expected a whole number >= 1"),
        ('[hub]\naddress = "0.0.0.0"\n', r"\[hub\] address: got '0.0.0.0' with spawner 'simple', expected '127.0.0.1'"),
        ('[hub]\ndomain = "hub.example.org"\n', r"\[hub\] domain: got .*, expected 'https://hub.example.org'"),
        ('[hub]\ndatabase = "hub.db"\n', r"\[hub\] database: got 'hub.db', expected a URL"),
        ('[hub]\ncertificate = "c.pem"\n', r"\[hub\] certificate, key: got one of the two"),
        ('[hub]\ncertificate = "c"\nkey = "k"\n', r"\[hub\] certificate: got 'c', expected a file that exists"),
        ('[hub]\nproxy = "chp"\n', r"\[hub\] proxy: got 'chp', expected the program"),
        ('[hub]\nstate = "a/b"\n', r"\[hub\] state: got 'a/b', expected a folder below one that exists"),
        ('[course]\nid = "../x"\n', r"\[course\] id: got '../x', expected letters"),
        ('[course]\ntimezone = "Europe/Brusels"\n', r"timezone: got .* IANA name.*Did you mean 'Europe/Brussels'\?"),
        ('[course]\ntimezone = "../etc/passwd"\n', r"\[course\] timezone: got"),
        ("[course.due]\nunit02_logistic = 2026-12-01\n", r"\[course\] due: got .*, expected a date with a time"),
        ('[people]\nlecturers = ["Ada"]\n', r"\[people\] lecturers: got 'Ada', expected lower-case"),
        ('[people]\nstudents = ["a+b"]\n', r"\[people\] students: got 'a\+b'"),
        ('[people]\nstudents = ["a/b"]\n', r"\[people\] students: got 'a/b'"),
        ('[people]\nstudents = ["a", "a"]\n', r"\[people\] students: got 'a' 2 times"),
        ('[people]\nstudents = ["lecturer"]\n', r"got 'lecturer', who is a lecturer, expected one of the two"),
        ('[people]\nstudents = ["grader-dlmath"]\n', r"got 'grader-dlmath', expected another name"),
        ("[people]\nlecturers = []\n", r"\[people\] lecturers: got none"),
        ('[authenticator]\nkind = "dummy"\n', r"\[authenticator\] kind: got 'dummy', expected one of 'file', 'pam'"),
        ('[authenticator]\nclass = "x.Y"\n', r"\[authenticator\] class: got 'x.Y', expected nothing"),
        ("[authenticator.options]\nallow_existing_users = true\n", r"allow_existing_users: got True, expected nothing"),
        ("[authenticator.options]\nallow_all = true\n", r"allow_all: got True, expected nothing"),
        ('[spawner]\nkind = "sudo"\n', r"\[spawner\] kind: got 'sudo', expected one of 'simple'"),
        ('[spawner]\nkind = "docker"\n', r"\[spawner\] image: got nothing, expected the image"),
        ('[spawner]\nimage = "i"\n', r"\[spawner\] image: got 'i', expected nothing: simple starts no containers"),
        ('[spawner]\nkind = "system"\n', r"\[spawner\] environment: got nothing, expected the students' virtual env"),
        ('[spawner]\nkind = "slurm"\n', r"\[spawner\] environment: got nothing"),
        ('[spawner]\nenvironment = "nowhere"\n', r"\[spawner\] environment: got 'nowhere', expected a virtual env"),
        ("[spawner]\nstart_seconds = 0\n", r"\[spawner\] start_seconds: got 0, expected a whole number >= 1"),
        ('[limits]\nmemory = "2"\n', r"\[limits\] memory: got '2', expected a number and one of K, M, G, T"),
        ("[limits]\ncpus = 0\n", r"\[limits\] cpus: got 0, expected a number > 0"),
        ("[limits]\nservers = -1\n", r"\[limits\] servers: got -1"),
        ("[gpus]\ndevices = [0, 0]\n", r"\[gpus\] devices: got '0' 2 times, expected each once"),
        ('[gpus]\ndevices = ["0,1"]\n', r"\[gpus\] devices: got '0,1', expected an index or a UUID"),
        ("[gpus]\nshares = 0\n", r"\[gpus\] shares: got 0"),
        ("[gpus]\nshares = 2\nmemory_fraction = 0.8\n", r"\[gpus\] memory_fraction: got 0.8 for each of 2.* 0.5"),
        ('[exchange]\nroot = "nowhere"\n', r"\[exchange\] root: got 'nowhere', expected a folder that exists"),
        ("[culling]\nidle_minutes = 5\n", r"\[culling\] warn_minutes: got 10, expected less than idle_minutes, 5"),
        ('[gradebook]\ndatabase = "x"\n', r"\[gradebook\] database: got 'x', expected a URL"),
    ],
)
def test_refusals(tmp_path: Path, text: str, words: str) -> None:
    """Each fault is told with file, table, key, what was got and what was expected."""
    with pytest.raises(ConfigurationError, match=r"^hub\.toml, .*" + words):
        read(tmp_path, text)


def test_every_login_but_passwords_needs_isolation(tmp_path: Path) -> None:
    """With the simple spawner people from outside would act as the account that runs the hub."""
    with pytest.raises(ConfigurationError, match="next to the answer keys"):
        read(tmp_path, OAUTH.split("[spawner]")[0])
    assert read(tmp_path, OAUTH).authenticator.kind == "oauth"


@pytest.mark.parametrize("option", ["client_id", "client_secret", "oauth_callback_url"])
def test_oauth_needs_its_options(tmp_path: Path, option: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"\[authenticator.options\] {option}: got nothing"):
        read(tmp_path, OAUTH.replace(f"{option} =", f"# {option} ="))


def test_secrets_of_oauth_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OAUTH_CLIENT_SECRET is what oauthenticator reads; the file need not hold it."""
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", "s")
    settings = read(tmp_path, OAUTH.replace("client_secret", "# client_secret"))
    assert set(settings.authenticator.options) == {"client_id", "oauth_callback_url"}


def test_the_default_names_are_not_let_in_by_a_login_from_outside(tmp_path: Path) -> None:
    """Somebody may be called student1 on GitHub."""
    with pytest.raises(ConfigurationError, match=r"\[people\]: got nothing, expected the lecturers' names"):
        read(tmp_path, OAUTH[OAUTH.index("[authenticator]") :])


def test_lti_needs_what_the_platform_says(tmp_path: Path) -> None:
    text = '[people]\nlecturers = ["ada"]\n[authenticator]\nkind = "lti"\n[spawner]\nkind = "docker"\nimage = "i"\n'
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, text)
    for option in ("issuer", "client_id", "authorize_url", "jwks_endpoint"):
        assert f"{option}: got nothing" in str(refused.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Who mends one fault does not find the next one by another try."""
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, '[hub]\nport = "x"\nprot = 1\n[limits]\nmemory = "2"\n[course]\nid = ""\n')
    assert len(str(refused.value).splitlines()) == 4


def test_due_dates_have_the_zone_of_the_course(tmp_path: Path) -> None:
    """23:59 in Brussels in winter is 22:59 UTC; a time that names its zone keeps it."""
    text = '[course]\ntimezone = "Europe/Brussels"\n[course.due]\na = 2026-12-01T23:59:00\nb = 2026-12-01T23:59:00Z\n'
    due = read(tmp_path, text).due
    assert due["a"].astimezone(UTC) == datetime(2026, 12, 1, 22, 59, tzinfo=UTC)
    assert due["b"] == datetime(2026, 12, 1, 23, 59, tzinfo=UTC)


def test_due_dates_are_for_units_that_exist(tmp_path: Path) -> None:
    (tmp_path / "source" / "unit02_logistic").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"\[course.due\] unit2_logistic: .*Did you mean 'unit02_logistic'\?"):
        read(tmp_path, "[course.due]\nunit2_logistic = 2026-12-01T23:59:00\n")


def test_passwords_of_databases_are_not_repeated(tmp_path: Path) -> None:
    """An error message may end in a log or a ticket."""
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, '[hub]\ndatabase = "Postgres//hub:hunter2@db/hub"\n')
    assert "hunter2" not in str(refused.value)


def test_devices_may_be_numbers(tmp_path: Path) -> None:
    assert read(tmp_path, "[gpus]\ndevices = [0, 1]\n").gpus.devices == ("0", "1")
