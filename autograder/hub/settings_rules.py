"""What settings must agree on: ranges of text, folders that exist, combinations that are impossible or dangerous."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["faults", "is_loopback", "without_password"]

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
# A user's name is a folder's name, part of nbgrader's `user+unit+time`, and lower case in the hub.
USER = re.compile(r"[a-z0-9_][a-z0-9_.@-]{0,99}")
MEMORY = re.compile(r"\d+(\.\d+)?[KMGT]")
URL = re.compile(r"[a-z][a-z0-9]*(\+[a-z0-9]+)?://.*")
IMAGES = ("docker", "kubernetes")
OAUTH_OPTIONS = ("client_id", "client_secret", "oauth_callback_url")
LTI_OPTIONS = ("issuer", "client_id", "authorize_url", "jwks_endpoint")


def faults(settings: Settings) -> list[str]:
    """One line for each fault."""
    checks: tuple[Callable[[Settings], Iterator[str]], ...]
    checks = (_course, _people, _hub, _authenticator, _spawner, _limits, _gpus, _exchange, _culling)
    return [fault for check in checks for fault in check(settings)]


def is_loopback(address: str) -> bool:
    """Whether only this machine can connect to the address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _course(s: Settings) -> Iterator[str]:
    if not ID.fullmatch(s.course.id):
        yield f"[course] id: got {s.course.id!r}, expected letters, digits, '_', '-' and '.', at most 64."
    if s.course.timezone and (words := _zone_fault(s.course.timezone)):
        yield words
    units = sorted(p.name for p in s.home.joinpath("source").glob("unit*") if p.is_dir())
    for unit in s.course.due:
        if units and unit not in units:
            yield f"[course.due] {unit}: got an unknown unit, expected one of {', '.join(units)}.{_near(unit, units)}"


def _zone_fault(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = _near(name, sorted(available_timezones()))
        return f"[course] timezone: got {name!r}, expected an IANA name such as 'Europe/Brussels'.{near}"
    return ""


def _people(s: Settings) -> Iterator[str]:
    for key, names in (("lecturers", s.people.lecturers), ("students", s.people.students)):
        for name in names:
            if not USER.fullmatch(name):
                yield f"[people] {key}: got {name!r}, expected lower-case letters, digits, '_', '.', '@' and '-'."
        for name, count in Counter(names).items():
            if count > 1:
                yield f"[people] {key}: got {name!r} {count} times, expected each name once."
        if s.grader in names:
            yield f"[people] {key}: got {s.grader!r}, expected another name: the formgrader acts under this one."
    if s.authenticator.kind != "file" and s.people == type(s.people)():
        # Somebody else may own these names where people log in.
        yield "[people]: got nothing, expected the lecturers' names as they log in, and students = [] or names."
    if not s.people.lecturers:
        yield "[people] lecturers: got none, expected at least one: nobody could grade."
    for name in sorted({*s.people.lecturers} & {*s.people.students}):
        yield f"[people] students: got {name!r}, who is a lecturer, expected one of the two."


def _hub(s: Settings) -> Iterator[str]:
    if s.hub.domain and not re.fullmatch(r"https?://[^/\s]+/?", s.hub.domain):
        yield f"[hub] domain: got {s.hub.domain!r}, expected 'https://hub.example.org'."
    for table, url in (("hub", s.hub.database), ("gradebook", s.gradebook.database)):
        if url and not URL.fullmatch(url):
            yield f"[{table}] database: got {without_password(url)!r}, expected a URL such as 'postgresql://…'."
    if bool(s.hub.certificate) != bool(s.hub.key):
        yield "[hub] certificate, key: got one of the two, expected both or none."
    for key in ("certificate", "key"):
        if (text := getattr(s.hub, key)) and not s.path(text).is_file():
            yield f"[hub] {key}: got {text!r}, expected a file that exists."
    if s.hub.proxy and not os.access(s.path(s.hub.proxy), os.X_OK):
        yield f"[hub] proxy: got {s.hub.proxy!r}, expected the program configurable-http-proxy."
    if not s.state.parent.is_dir():
        yield f"[hub] state: got {s.hub.state!r}, expected a folder below one that exists."


def _authenticator(s: Settings) -> Iterator[str]:
    kind, options = s.authenticator.kind, s.authenticator.options
    needed = {"oauth": OAUTH_OPTIONS, "lti": LTI_OPTIONS}.get(kind, ())
    for name in needed:
        given_elsewhere = kind == "oauth" and os.environ.get(f"OAUTH_{name.removeprefix('oauth_').upper()}")
        if not options.get(name) and not given_elsewhere:
            yield f"[authenticator.options] {name}: got nothing, expected a value: {kind} needs it."
    if kind == "oauth" and not s.authenticator.class_:
        yield "[authenticator] class: got nothing, expected one such as 'oauthenticator.github.GitHubOAuthenticator'."
    if kind in ("file", "pam") and s.authenticator.class_:
        yield f"[authenticator] class: got {s.authenticator.class_!r}, expected nothing: it is for oauth and lti."
    for name in ("allow_existing_users", "allow_all", "admin_users"):
        if options.get(name) and not (name == "allow_all" and kind == "lti"):
            why = "the roster says who may log in"
            yield f"[authenticator.options] {name}: got {options[name]!r}, expected nothing: {why}."


def _spawner(s: Settings) -> Iterator[str]:
    kind = s.spawner.kind
    if kind == "simple" and s.authenticator.kind != "file":
        yield (
            f"[authenticator] kind: got {s.authenticator.kind!r} with spawner 'simple', expected 'file': "
            "all servers would run under the hub's own account, next to the answer keys."
        )
    if kind == "simple" and not is_loopback(s.hub.address):
        yield (
            f"[hub] address: got {s.hub.address!r} with spawner 'simple', expected '127.0.0.1': "
            "whoever logs in acts as the account that runs the hub."
        )
    if kind in IMAGES and not s.spawner.image:
        yield f"[spawner] image: got nothing, expected the image of students' servers: {kind} needs it."
    if kind not in IMAGES and s.spawner.image:
        yield f"[spawner] image: got {s.spawner.image!r}, expected nothing: {kind} starts no containers."
    if kind in ("system", "slurm") and not s.spawner.environment:
        yield f"[spawner] environment: got nothing, expected the students' virtual environment: {kind} needs it."
    if kind in IMAGES and s.spawner.environment:
        yield f"[spawner] environment: got {s.spawner.environment!r}, expected nothing: the image brings its own."
    if s.spawner.environment and not s.path(s.spawner.environment).is_dir():
        yield f"[spawner] environment: got {s.spawner.environment!r}, expected a virtual environment."


def _limits(s: Settings) -> Iterator[str]:
    if not MEMORY.fullmatch(s.limits.memory):
        yield f"[limits] memory: got {s.limits.memory!r}, expected a number and one of K, M, G, T, such as '2G'."


def _gpus(s: Settings) -> Iterator[str]:
    for device, count in Counter(s.gpus.devices).items():
        if count > 1 and s.spawner.kind in ("simple", "system", "docker"):
            yield f"[gpus] devices: got {device!r} {count} times, expected each once. Use shares to share it."
        if not device.strip() or "," in device:
            yield f"[gpus] devices: got {device!r}, expected an index or a UUID, one in each text."
    if s.gpus.memory_fraction * s.gpus.shares > 1 + 1e-9:
        yield (
            f"[gpus] memory_fraction: got {s.gpus.memory_fraction} for each of {s.gpus.shares} shares, "
            f"expected at most {1 / s.gpus.shares:.3g}."
        )


def _exchange(s: Settings) -> Iterator[str]:
    # Not made here: where a network disk is not mounted, submissions would silently go to the machine's own.
    if s.exchange.root and not s.exchange_root.is_dir():
        yield f"[exchange] root: got {s.exchange.root!r}, expected a folder that exists."


def _culling(s: Settings) -> Iterator[str]:
    if 0 < s.culling.idle_minutes <= s.culling.warn_minutes:
        yield (
            f"[culling] warn_minutes: got {s.culling.warn_minutes:g}, expected less than idle_minutes, "
            f"{s.culling.idle_minutes:g}."
        )


def _near(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def without_password(url: str) -> str:
    return re.sub(r"(//[^:/@]*):[^@/]*@", r"\1:…@", url)
