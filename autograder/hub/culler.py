"""Stops servers that nobody uses, and leaves word for the student why.

The decision to look is jupyterhub-idle-culler's. Ours are three things around it: a server in which a cell still
runs is in use, however long it is silent; each stop is written to the audit log; and the student's next server is
told about it, so that the page of the units can say what happened to the last one.

JupyterLab asks its server now and then while it is visible, which counts as use. The page of the units asks in a way
that does not (dlmath_kit.hub.idling), and warns before the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import urllib.parse
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autograder.files import write_whole
from autograder.hub import audit
from autograder.hub.presence import ask

__all__ = ["Stopper", "main", "notices", "take_notice"]

log = logging.getLogger("autograder.hub.culler")


def notices(state: Path) -> Path:
    """Where word is left: one file a user, below the hub's private folder."""
    return state / "stopped"


def take_notice(state: Path, user: str) -> str:
    """Why this user's last server was stopped, as JSON; "" when it was not stopped for idling. Told once.

    The hub's pre-spawn hook passes it to the next server as DLMATH_STOPPED.
    """
    path = _notice(state, user)
    try:
        text = path.read_text(encoding="utf-8")
        path.unlink()
    except OSError:
        return ""
    return text


def _notice(state: Path, user: str) -> Path:
    return notices(state) / f"{urllib.parse.quote(user, safe='')}.json"


class Stopper:
    """Decides about one server after the other.

    Args:
        idle, max_age: seconds; 0: never for that reason.
        proxy: where servers are reached, to ask whether a cell runs.
    """

    def __init__(self, state: Path, idle: float, max_age: float, proxy: str, token: str) -> None:
        self.state, self.idle, self.max_age, self.proxy, self.token = state, idle, max_age, proxy, token

    async def __call__(self, *, inactive: timedelta | None, server: dict[str, Any], **_: Any) -> bool:
        """Whether to stop it; asked by jupyterhub-idle-culler."""
        reason, minutes = self.reason(inactive, server)
        if not reason:
            return False
        if reason == "idle" and await asyncio.to_thread(self.works, server):
            return False
        self.leave_word(user_of(server), reason, minutes)
        return True

    def reason(self, inactive: timedelta | None, server: dict[str, Any]) -> tuple[str, float]:
        """`idle`, `age` or "", and the limit in minutes."""
        if self.max_age and server.get("started"):
            started = datetime.fromisoformat(server["started"].replace("Z", "+00:00"))
            if (datetime.now(UTC) - started).total_seconds() >= self.max_age:
                return "age", self.max_age / 60
        if self.idle and inactive is not None and inactive.total_seconds() >= self.idle:
            return "idle", self.idle / 60
        return "", 0.0

    def works(self, server: dict[str, Any]) -> bool:
        """Is a cell running? Only a server that is about to be stopped is asked: asking counts as use."""
        reply = ask(f"{self.proxy}{server['url']}api/kernels", self.token, seconds=10)
        if reply.status != 200:
            log.warning("%s: got %d for its kernels; taken as not at work", server["url"], reply.status)
            return False
        return any(kernel.get("execution_state") == "busy" for kernel in json.loads(reply.text))

    def leave_word(self, user: str, reason: str, minutes: float) -> None:
        """First the word, then the stop: the student may start the next server at once."""
        notices(self.state).mkdir(mode=0o700, parents=True, exist_ok=True)
        word = {"schema": 1, "time": datetime.now(UTC).isoformat(timespec="seconds"), "reason": reason}
        text = json.dumps({**word, "minutes": round(minutes, 1)})
        write_whole(_notice(self.state, user), text.encode())
        audit.record(self.state, "culler", "server stopped", user=user, reason=reason, minutes=round(minutes, 1))


def user_of(server: dict[str, Any]) -> str:
    """The name is in the server's address, `/base/user/<name>/`."""
    return urllib.parse.unquote(server["url"].rstrip("/").rsplit("/", 1)[1])


async def serve(look: Callable[[], Awaitable[None]], every: float) -> None:
    """Look now and then, whatever happened the last time."""
    while True:
        try:
            await look()
        except Exception:
            log.exception("looking for idle servers failed; tried again in %.0f s", every)
        await asyncio.sleep(every)


def main(arguments: list[str] | None = None) -> None:
    """The hub's service; address and token come from the hub."""
    from jupyterhub_idle_culler import cull_idle

    parser = argparse.ArgumentParser(
        prog="autograder.hub.culler", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--idle", type=float, required=True, help="seconds without use; 0: never")
    parser.add_argument("--max-age", type=float, default=0.0, help="seconds since the start; 0: never")
    parser.add_argument("--every", type=float, default=0.0, help="seconds between looks; default: a tenth of --idle")
    parser.add_argument("--state", type=Path, required=True, help="the hub's private folder")
    parser.add_argument("--proxy", required=True, help="where the proxy answers on this machine")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="[%(levelname).1s %(asctime)s culler] %(message)s")
    token = os.environ["JUPYTERHUB_API_TOKEN"]
    stopper = Stopper(given.state, given.idle, given.max_age, given.proxy.rstrip("/"), token)

    async def look() -> None:
        await cull_idle(os.environ["JUPYTERHUB_API_URL"], token, given.idle, log, cull_arbiter=stopper)

    asyncio.run(serve(look, given.every or min(60.0, max(10.0, (given.idle or given.max_age) / 10))))


if __name__ == "__main__":
    main()
