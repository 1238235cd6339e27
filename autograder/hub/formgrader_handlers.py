"""Routes that take the place of nbgrader's: what takes long runs aside, and other requests are answered meanwhile."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbgrader.server_extensions.formgrader.base import BaseApiHandler, check_notebook_dir, check_xsrf
from tornado import web

from autograder.hub.audit import record
from autograder.hub.grading import Board, outside_environment
from autograder.hub.grading_runs import Run

__all__ = ["HANDLERS"]


class Handler(BaseApiHandler):
    """What our routes share."""

    @property
    def board(self) -> Board:
        board: Board = self.settings["dlmath_board"]
        return board

    @property
    def home(self) -> Path:
        return self.board.home

    @property
    def who(self) -> str:
        """The lecturer: the hub's user, or without a hub whose process this is."""
        if "JUPYTERHUB_SERVICE_PREFIX" not in os.environ:
            return getpass.getuser()
        return str(getattr(self.current_user, "username", None) or "lecturer")

    def audit(self, what: str, **details: Any) -> None:
        record(self.settings["dlmath_state"], self.who, what, **details)

    async def autograder(self, *words: str) -> tuple[int, dict[str, Any], str]:
        """Exit code, document and other words of one command of ours."""
        return await run_aside(self.home, "autograder", "--course", str(self.home), *self.board.options, "-q", *words)

    async def exchange(self, what: str, unit: str, student: str = "") -> dict[str, Any]:
        """One act on the exchange."""
        words = [what, unit, *([student] if student else [])]
        _, document, said = await run_aside(self.home, "autograder.hub.formgrader_exchange", *words)
        return document or {"success": False, "log": "", "error": said}


async def run_aside(home: Path, module: str, *words: str) -> tuple[int, dict[str, Any], str]:
    """Run `python -m module words` in the course's folder; exit code, the JSON document it printed, other words."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *words,
        cwd=home,
        # nbgrader's plugin asks the hub who belongs to the course, so the exchange keeps the service's variables
        env=None if module != "autograder" else outside_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, said = await process.communicate()
    try:
        document = json.loads(printed)
    except ValueError:
        document = {}
    return process.returncode or 0, document, said.decode("utf-8", "replace")


class GradingView(Handler):
    """What is being graded, and how far it is."""

    @web.authenticated
    @check_xsrf
    def get(self) -> None:
        self.write(self.board.view())


class GradingStart(Handler):
    """Grade a unit or some of its students; answers at once."""

    @web.authenticated
    @check_xsrf
    @check_notebook_dir
    def post(self, unit: str) -> None:
        body = self.get_json_body() or {}
        students = body.get("students", [])
        if not isinstance(students, list) or not all(isinstance(s, str) for s in students):
            raise web.HTTPError(400, "students: expected a list of names")
        run = self.board.press(unit, students, force=bool(body.get("force")), who=self.who)
        self.audit("grading asked for", unit=unit, students=students, joined=run.who != self.who or run.done > 0)
        self.write(run.shown())


class GradingCancel(Handler):
    """Stop what runs and drop what waits."""

    @web.authenticated
    @check_xsrf
    def post(self) -> None:
        self.board.cancel(self.who)
        self.audit("grading cancelled")
        self.write(self.board.view())


class Autograde(Handler):
    """The address of nbgrader's own button, with nbgrader's own answer, given when the batch has ended."""

    @web.authenticated
    @check_xsrf
    @check_notebook_dir
    async def post(self, unit: str, student: str) -> None:
        run = await self.board.end_of(self.board.press(unit, [student], force=True, who=self.who))
        self.write(json.dumps({"success": run.state == "done", "log": sentence(run), "error": run.message}))


def sentence(run: Run) -> str:
    """How a batch ended."""
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in run.verdicts.items()) or "nothing to mark"
    lines = [f"{run.graded} graded, {run.unchanged} unchanged: {verdicts}"]
    lines += [f"BROKEN {b.student}: {' '.join(b.why) or 'see its result'}" for b in run.broken]
    return "\n".join([*lines, *run.log])


class Assign(Handler):
    """Check and build a unit and write what students get."""

    @web.authenticated
    @check_xsrf
    @check_notebook_dir
    async def post(self, unit: str) -> None:
        code, document, said = await self.autograder("release", "--json", "--", unit)
        self.audit("unit built for release", unit=unit, success=not code)
        self.write(json.dumps({"success": not code, "log": document.get("message", "") or said, "error": ""}))


class Collect(Handler):
    """Collect what was handed in; forged submissions stay where they are and are named."""

    @web.authenticated
    @check_xsrf
    @check_notebook_dir
    async def post(self, unit: str) -> None:
        done = await self.exchange("collect", unit)
        outcome = done.get("outcome") or {}
        for refused in outcome.get("refused", []):
            self.audit("submission refused", unit=unit, **refused)
        self.audit("submissions collected", unit=unit, new=outcome.get("new"), updated=outcome.get("updated"))
        self.write(json.dumps(done))


class WriteFeedback(Handler):
    """Write the feedback pages of a unit or of one student."""

    @web.authenticated
    @check_xsrf
    @check_notebook_dir
    async def post(self, unit: str, student: str = "") -> None:
        code, log = await self.pages(unit, student)
        self.write(json.dumps({"success": not code, "log": log, "error": ""}))

    async def pages(self, unit: str, student: str) -> tuple[int, str]:
        words: Sequence[str] = [f"--student={student}"] if student else []
        code, document, said = await self.autograder("feedback", "--json", *words, "--", unit)
        if code:
            return code, document.get("message", "") or said
        return 0, f"{len(document['written'])} pages written, {document['unchanged']} were up to date"


class ReturnFeedback(WriteFeedback):
    """Write the pages that are out of date, then put all into the exchange; names whom a person must still mark."""

    @web.authenticated
    @check_xsrf
    @check_notebook_dir
    async def post(self, unit: str, student: str = "") -> None:
        code, log = await self.pages(unit, student)
        if code:
            self.write(json.dumps({"success": False, "log": log, "error": ""}))
            return
        done = await self.exchange("return", unit, student)
        outcome = done.get("outcome") or {}
        self.audit("feedback returned", unit=unit, students=outcome.get("students"))
        done["log"] = "\n".join([log, done.get("log", "")])
        self.write(json.dumps(done))


HANDLERS = [
    (r"/formgrader/api/grading", GradingView),
    (r"/formgrader/api/grading/cancel", GradingCancel),
    (r"/formgrader/api/grading/start/([^/]+)", GradingStart),
    (r"/formgrader/api/assignment/([^/]+)/assign", Assign),
    (r"/formgrader/api/assignment/([^/]+)/collect", Collect),
    (r"/formgrader/api/assignment/([^/]+)/generate_feedback", WriteFeedback),
    (r"/formgrader/api/assignment/([^/]+)/release_feedback", ReturnFeedback),
    (r"/formgrader/api/assignment/([^/]+)/([^/]+)/generate_feedback", WriteFeedback),
    (r"/formgrader/api/assignment/([^/]+)/([^/]+)/release_feedback", ReturnFeedback),
    (r"/formgrader/api/submission/([^/]+)/([^/]+)/autograde", Autograde),
]
