"""The page and the JSON API behind it. Every one asks who is there; every answer to bad input is a sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from jupyter_server.auth.decorator import allow_unauthenticated, authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.escape import xhtml_escape

from dlmath_kit.hub import actions
from dlmath_kit.hub.desk import Api, Desk
from dlmath_kit.hub.errors import Refusal
from dlmath_kit.hub.idling import Idle
from dlmath_kit.hub.names import check_unit
from dlmath_kit.hub.overview import overview

__all__ = ["FILES", "routes"]

FILES = Path(__file__).parent / "page"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# A page made from what students and lecturers wrote: it has no origin, runs nothing, loads nothing, sends nothing.
FEEDBACK_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class Units(Api):
    """GET: all units."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(overview, await self.sessions())


class Action(Api):
    """POST: fetch, submit, feedback. GET: what submitting would mean."""

    @web.authenticated
    @authorized
    async def post(self, unit: str, action: str) -> None:
        try:
            body = self.body(restore=bool) if action == "fetch" else self.body()
        except Refusal as refusal:
            return self.refuse(refusal)
        if action == "fetch":
            return await self.answer(actions.fetch, unit, body.get("restore", False))
        return await self.answer(actions.submit if action == "submit" else actions.fetch_feedback, unit)

    @web.authenticated
    @authorized
    async def get(self, unit: str, action: str) -> None:
        if action != "submit":
            raise web.HTTPError(405)
        await self.answer(actions.preview, unit, await self.sessions())


class Validate(Api):
    """POST: start checking. GET: how far it is. DELETE: stop."""

    @web.authenticated
    @authorized
    async def post(self, unit: str) -> None:
        try:
            self.body()
            folder, notebooks = await self.desk.do(actions.checkable, unit)
            run = self.desk.validations.start(unit, folder, notebooks)
        except Exception as error:
            return self.refuse(error)
        self.set_status(202)
        self.finish(json.dumps(run.document()))

    @web.authenticated
    @authorized
    async def get(self, unit: str) -> None:
        self.tell(unit)

    def tell(self, unit: str) -> None:
        """How far the last run is; the state "none" where there was none since the server started."""
        try:
            run = self.desk.validations.get(check_unit(unit))
        except Refusal as refusal:
            return self.refuse(refusal)
        self.finish(json.dumps(run.document() if run else {"unit": unit, "state": "none", "notebooks": []}))

    @web.authenticated
    @authorized
    async def delete(self, unit: str) -> None:
        await self.desk.validations.stop(unit)
        self.tell(unit)


class Receipt(Api):
    """GET: the receipt of a submission, as a text file."""

    @web.authenticated
    @authorized
    async def get(self, unit: str) -> None:
        stamp = self.get_query_argument("at", "")
        try:
            text = await self.desk.do(actions.receipt, unit, stamp)
        except Exception as error:
            return self.refuse(error)
        self.set_header("Content-Disposition", f'attachment; filename="receipt-{unit}.txt"')
        self.finish(text, set_content_type="text/plain; charset=utf-8")


class Feedback(Api):
    """GET: a feedback page, in a sandbox."""

    @property
    def content_security_policy(self) -> str:
        return FEEDBACK_POLICY

    @web.authenticated
    @authorized
    async def get(self, unit: str) -> None:
        at, notebook = self.get_query_argument("at", ""), self.get_query_argument("notebook", "")
        try:
            page = await self.desk.do(actions.feedback_page, unit, at, notebook)
        except Exception as error:
            return self.refuse(error)
        self.set_header("Referrer-Policy", "no-referrer")
        self.finish(page, set_content_type="text/html; charset=utf-8")


class Page(JupyterHandler):
    """GET: the page itself."""

    auth_resource = "dlmath"

    def initialize(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def content_security_policy(self) -> str:
        return PAGE_POLICY

    @web.authenticated
    @authorized
    def get(self) -> None:
        text = (FILES / "index.html").read_text(encoding="utf-8")
        text = text.replace("{{base}}", xhtml_escape(url_path_join(self.base_url, "/")))
        text = text.replace("{{xsrf}}", xhtml_escape(self.xsrf_token.decode()))
        text = text.replace("{{logout}}", logout_link(os.environ))
        text = text.replace("{{course}}", xhtml_escape(os.environ.get("DLMATH_COURSE") or "Units"))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")  # it holds a token
        self.finish(text)


class File(Page):
    """GET: scripts and style of the page. They are the same for all and hold nothing of anybody.

    Shown without login, like Jupyter's own: a browser asks for a module script in a way that the hub
    takes for a request of another site, and would send to the login for ever.
    """

    @allow_unauthenticated
    def get(self, name: str = "") -> None:
        """`name` is one of the files that lie beside index.html; the route's pattern lets no path through."""
        path = FILES / name
        if path.suffix not in TYPES or not path.is_file():
            raise web.HTTPError(404)
        self.set_header("Content-Type", f"{TYPES[path.suffix]}; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish(path.read_text(encoding="utf-8"))


class Nothing(Api):
    """Any other address of the API."""

    @web.authenticated
    def get(self) -> None:
        raise web.HTTPError(404)

    post = put = delete = get


def logout_link(environment: Mapping[str, str]) -> str:
    """A link to where the hub logs people out; "" on a server that belongs to no hub."""
    prefix = environment.get("JUPYTERHUB_BASE_URL", "")
    if not prefix:
        return ""
    address = environment.get("JUPYTERHUB_HOST", "") + url_path_join(prefix, "hub/logout")
    return f'<a href="{xhtml_escape(address)}">Log out</a>'


def routes(base_url: str, desk: Desk) -> list[tuple[str, type, dict[str, Desk]]]:
    """Where each handler answers, below the user's base URL."""
    unit = r"/dlmath/api/units/([^/]+)"
    table: list[tuple[str, type]] = [
        (r"/dlmath/?", Page),
        (r"/dlmath/static/([a-z]+\.[a-z]+)", File),
        (r"/dlmath/api/units", Units),
        (r"/dlmath/api/idle", Idle),
        (unit + r"/(fetch|submit|feedback)", Action),
        (unit + r"/validate", Validate),
        (unit + r"/receipt", Receipt),
        (unit + r"/page", Feedback),
        (r"/dlmath/api/.*", Nothing),
    ]
    return [(url_path_join(base_url, pattern), handler, {"desk": desk}) for pattern, handler in table]
