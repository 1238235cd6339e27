"""What the handlers of the API share: the student's place, one action at a time, answers that are sentences."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler

from dlmath_kit.hub.errors import Refusal, explain
from dlmath_kit.hub.overview import Sessions
from dlmath_kit.hub.place import Place, read_place
from dlmath_kit.hub.validation import Validations

__all__ = ["Api", "Desk"]

LARGEST_BODY = 10_000


class Desk:
    """What the handlers of one server share: the place, read at first use, and what is under way."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.validations = Validations()
        self._lock = asyncio.Lock()
        self._place: Place | None = None

    async def do(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Run an action in a thread, one at a time: two clicks do not race for the same folder."""
        async with self._lock:
            return await asyncio.to_thread(self._run, action, arguments)

    def _run(self, action: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if self._place is None:
            self._place = read_place(self.home, os.environ)
        return action(self._place, *arguments)


class Api(APIHandler):
    """A request of the page."""

    auth_resource = "dlmath"

    def initialize(self, desk: Desk) -> None:
        self.desk = desk

    async def answer(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Do it, and answer with its document or with the sentence that says why not."""
        try:
            self.finish(json.dumps(await self.desk.do(action, *arguments)))
        except Exception as error:
            self.refuse(error)

    def refuse(self, error: BaseException) -> None:
        """The sentence for an exception."""
        refusal = explain(error)
        if refusal is not error:
            self.log.error("%s %s", self.request.method, self.request.path, exc_info=error)
        self.set_status(refusal.status)
        self.finish(json.dumps({"error": refusal.sentence}))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        sentences = {
            403: "You are not logged in any more, or this page is out of date. Reload it and try again.",
            404: "This page knows no such action. Reload it and try again.",
            405: "This page knows no such action. Reload it and try again.",
        }
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"error": sentences.get(status_code, explain(Exception()).sentence)}))

    def body(self, **expected: type) -> dict[str, Any]:
        """The request's JSON object with no other keys than `expected`, each of its type."""
        allowed = ", ".join(expected) or "no keys"
        if len(self.request.body) > LARGEST_BODY:
            raise Refusal(f"body: got {len(self.request.body)} bytes, expected at most {LARGEST_BODY}.", 413)
        try:
            document = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError):
            raise Refusal("body: got no JSON, expected a JSON object.", 400) from None
        if not isinstance(document, dict):
            raise Refusal(f"body: got a JSON {type(document).__name__}, expected an object.", 400)
        for key, value in document.items():
            if key not in expected:
                raise Refusal(f"body: got the key {key[:50]!r}, expected {allowed}.", 400)
            if type(value) is not expected[key]:
                got = type(value).__name__
                raise Refusal(f"{key}: got {got}, expected {expected[key].__name__}.", 400)
        return document

    async def sessions(self) -> Sessions:
        """When the kernel of each open notebook last ran something."""
        found: dict[str, datetime] = {}
        for session in await self.session_manager.list_sessions():
            ran = (session.get("kernel") or {}).get("last_activity")
            if session.get("path") and ran:
                found[session["path"]] = datetime.fromisoformat(ran.replace("Z", "+00:00")).astimezone(UTC)
        return found
