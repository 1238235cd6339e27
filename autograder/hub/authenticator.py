"""Who may log in: the course's people, however they prove who they are."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyterhub import orm
from jupyterhub.auth import Authenticator, PAMAuthenticator
from traitlets import Unicode, import_item

from autograder.errors import ConfigurationError
from autograder.hub.audit import record
from autograder.hub.people import Passwords

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["CourseMembers", "FileAuthenticator", "authenticator_class", "configure_authenticator"]

LTI = "ltiauthenticator.lti13.auth.LTI13Authenticator"


class CourseMembers(Authenticator):
    """Mixed into every authenticator: lecturers and students of the course log in, and nobody else.

    Membership is looked up in the hub's groups, so that a class list imported while the hub runs holds at once.
    """

    course = Unicode("", config=True, help="The course's id.")
    state = Unicode("", config=True, help="The hub's private folder.")

    def check_allowed(self, username: str, authentication: dict[str, Any] | None = None) -> bool:
        """In `allowed_users` (hub.toml), or in one of the course's groups (the roster)."""
        allowed = username != f"grader-{self.course}" and (username in self.allowed_users or self.is_member(username))
        if not allowed:
            record(Path(self.state), username, "login refused", reason="not in the course")
        return allowed

    def is_member(self, username: str) -> bool:
        user = orm.User.find(self.parent.db, username)
        groups = {group.name for group in user.groups} if user else set()
        return bool(groups & {f"nbgrader-{self.course}", f"formgrade-{self.course}"})

    async def run_post_auth_hook(self, handler: Any, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Only who is let in comes here."""
        record(Path(self.state), auth_model["name"], "login", address=handler.request.remote_ip if handler else "")
        return dict(await super().run_post_auth_hook(handler, auth_model))


class FileAuthenticator(CourseMembers):
    """One generated password a person, kept in the hub's private folder."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.brake = Brake()

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The user's name, or None; after a wrong password the next try of the same name from there has to wait."""
        name, password = self.normalize_username(data.get("username", "")), data.get("password", "")
        address = handler.request.remote_ip if handler else ""
        async with self.brake.of(f"{name[:100]} {address}") as tries:
            if await asyncio.to_thread(Passwords(Path(self.state)).check, name, password):
                tries.failed = 0
                return name
            tries.failed += 1
            record(Path(self.state), name[:100], "login refused", reason="wrong name or password", address=address)
            await asyncio.sleep(tries.pause)
        return None


class Tries:
    """Logins of one name from one address, one after the other."""

    def __init__(self) -> None:
        self.failed = 0
        self.last = time.monotonic()
        self.lock = asyncio.Lock()

    @property
    def pause(self) -> float:
        """Seconds after a failure: 0.5, 1, 2, 4, 8, and 8 from then on."""
        return float(0.5 * 2 ** min(self.failed - 1, 4))

    async def __aenter__(self) -> Tries:
        await self.lock.acquire()
        self.last = time.monotonic()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.lock.release()


class Brake:
    """Slows down who tries passwords. Other names and addresses are not slowed: nobody can lock somebody else out."""

    MOST, FORGET = 10_000, 900.0

    def __init__(self) -> None:
        self.known: OrderedDict[str, Tries] = OrderedDict()

    def of(self, key: str) -> Tries:
        tries = self.known.get(key)
        if tries is None or time.monotonic() - tries.last > self.FORGET:
            tries = self.known[key] = Tries()
        self.known.move_to_end(key)
        while len(self.known) > self.MOST:
            self.known.popitem(last=False)
        return tries


def authenticator_class(settings: Settings) -> type[Authenticator]:
    """The class that settings ask for, with the course's membership mixed in."""
    kind = settings.authenticator.kind
    if kind == "file":
        return FileAuthenticator
    base = PAMAuthenticator if kind == "pam" else named_class(settings.authenticator.class_ or LTI)
    return type(f"Course{base.__name__}", (CourseMembers, base), {})


def named_class(name: str) -> type[Authenticator]:
    try:
        found = import_item(name)
    except ImportError as error:
        raise ConfigurationError(f"[authenticator] class: got {name!r}, which cannot be imported: {error}.") from None
    if not (isinstance(found, type) and issubclass(found, Authenticator)):
        raise ConfigurationError(f"[authenticator] class: got {name!r}, expected an Authenticator of JupyterHub.")
    return found


def configure_authenticator(c: Any, settings: Settings) -> None:
    """Let the course's people log in.

    Args:
        c: JupyterHub's configuration.
    """
    kind = authenticator_class(settings)
    c.JupyterHub.authenticator_class = kind
    section = c[kind.__name__]
    for name, value in settings.authenticator.options.items():
        section[name] = value
    section.course, section.state = settings.course.id, str(settings.state)
    c.Authenticator.allowed_users = {*settings.people.lecturers, *settings.people.students}
    # Else everybody in the hub's database could log in, the formgrader's user among them.
    c.Authenticator.allow_existing_users = False
    c.Authenticator.allow_all = False
