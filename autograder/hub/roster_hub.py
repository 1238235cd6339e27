"""The hub's users and groups: asked of the hub while it runs, else read and written in its database."""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import quote

from autograder.errors import AutograderError
from autograder.hub.presence import ask

__all__ = ["Members", "open_hub"]

AT_ONCE = 100  # names in one request


class Members(Protocol):
    """Who is known, and who is in a group."""

    running: bool

    def users(self) -> set[str]: ...
    def members(self, group: str) -> set[str]: ...
    def add_users(self, names: Collection[str]) -> None: ...
    def enrol(self, group: str, names: Collection[str]) -> None: ...
    def remove(self, group: str, names: Collection[str]) -> None: ...
    def delete_users(self, names: Collection[str]) -> None: ...


@contextmanager
def open_hub(url: str, token: str, database: str) -> Iterator[Members]:
    """The running hub, if one answers at `url`; else its database, which nobody else has open then."""
    answer = ask(f"{url}/hub/api/")
    if answer.status:
        hub = RunningHub(f"{url}/hub/api", token)
        hub.check()
        yield hub
        return
    from jupyterhub import orm

    logging.disable(logging.INFO)  # a new database is stamped by alembic, which tells each of its steps
    try:
        db = orm.new_session_factory(database)()
    finally:
        logging.disable(logging.NOTSET)
    try:
        yield HubAtRest(db)
        db.commit()
    finally:
        db.close()
        db.get_bind().dispose()


class RunningHub:
    """By JupyterHub's REST API."""

    running = True

    def __init__(self, api: str, token: str) -> None:
        self.api, self.token = api, token

    def check(self) -> None:
        answer = ask(f"{self.api}/user", self.token)
        if answer.status != 200:
            raise AutograderError(
                f"hub: got {answer.status} to our token at {self.api}, expected 200. The hub that runs there was "
                "started with other settings, or before this course had a token: restart it by autograder hub start."
            )

    def users(self) -> set[str]:
        found: set[str] = set()
        while True:  # a page at a time: the hub cuts a longer answer off
            page = self._send("GET", f"/users?limit={AT_ONCE}&offset={len(found)}")
            found |= {user["name"] for user in page}
            if len(page) < AT_ONCE:
                return found

    def members(self, group: str) -> set[str]:
        answer = ask(f"{self.api}/groups/{quote(group)}", self.token)
        return set(json.loads(answer.text)["users"]) if answer.status == 200 else set()

    def add_users(self, names: Collection[str]) -> None:
        for some in _pages(names):
            self._send("POST", "/users", {"usernames": some})

    def enrol(self, group: str, names: Collection[str]) -> None:
        if ask(f"{self.api}/groups/{quote(group)}", self.token).status == 404:
            self._send("POST", f"/groups/{quote(group)}")
        for some in _pages(names):
            self._send("POST", f"/groups/{quote(group)}/users", {"users": some})

    def remove(self, group: str, names: Collection[str]) -> None:
        for some in _pages(names):
            self._send("DELETE", f"/groups/{quote(group)}/users", {"users": some})

    def delete_users(self, names: Collection[str]) -> None:
        for name in names:
            self._send("DELETE", f"/users/{quote(name)}")

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, content, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as reply:
                text = reply.read()
        except urllib.error.HTTPError as error:
            said = error.read(500).decode("utf-8", "replace")
            raise AutograderError(f"hub: got {error.code} for {method} {path}: {said}") from None
        except OSError as error:
            raise AutograderError(
                f"hub: {method} {path}: {error}. Look at its log, then repeat this command."
            ) from None
        return json.loads(text) if text else None


class HubAtRest:
    """By JupyterHub's own tables."""

    running = False

    def __init__(self, db: Any) -> None:
        self.db = db

    def users(self) -> set[str]:
        from jupyterhub import orm

        return {name for (name,) in self.db.query(orm.User.name)}

    def members(self, group: str) -> set[str]:
        from jupyterhub import orm

        found = orm.Group.find(self.db, group)
        return {user.name for user in found.users} if found else set()

    def add_users(self, names: Collection[str]) -> None:
        from jupyterhub import orm

        self.db.add_all([orm.User(name=name) for name in names])
        self.db.flush()

    def enrol(self, group: str, names: Collection[str]) -> None:
        from jupyterhub import orm

        found = orm.Group.find(self.db, group) or orm.Group(name=group)
        self.db.add(found)
        found.users.extend(orm.User.find(self.db, name) for name in names)
        self.db.flush()

    def remove(self, group: str, names: Collection[str]) -> None:
        from jupyterhub import orm

        found = orm.Group.find(self.db, group)
        for name in names:
            found.users.remove(orm.User.find(self.db, name))
        self.db.flush()

    def delete_users(self, names: Collection[str]) -> None:
        from jupyterhub import orm

        for name in names:
            self.db.delete(orm.User.find(self.db, name))
        self.db.flush()


def _pages(names: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(names)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]
