"""Server extension: nbgrader's formgrader with our routes, pages and formulas in place of some of its own."""

from __future__ import annotations

import html
import mimetypes
import os
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, pass_context
from jinja2.runtime import Context
from jupyter_server.utils import url_path_join
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import apihandlers, base, handlers
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado import web
from traitlets import import_item

from autograder.hub.audit import record
from autograder.hub.formgrader_handlers import HANDLERS
from autograder.hub.grading import Board
from autograder.hub.grading_runs import Run
from autograder.hub.settings import Settings, read_settings

__all__ = ["HubFormgrader"]

PAGES = Path(__file__).parent / "formgrader_pages"
NAMES = ("student", "last_name", "first_name", "notebook_path")  # among a page's resources: they come from people
MARKDOWN = "autograder.feedback.statements.markdown"  # by name, as nbconvert's own filters are: safe HTML with MathML


class SubmissionPage(HTMLExporter):
    """A submission as HTML. nbgrader's template writes people's names as they are: here they cannot be markup."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        told = {k: html.escape(v) if k in NAMES and isinstance(v, str) else v for k, v in (resources or {}).items()}
        return super().from_filename(filename, told, **kw)


class HubFormgrader(FormgradeExtension):
    """nbgrader's extension; `dlmath` are the hub's settings."""

    dlmath: Settings

    def init_tornado_settings(self, webapp: web.Application) -> None:
        super().init_tornado_settings(webapp)
        stock = FileSystemLoader([handlers.template_path])
        pages = Environment(loader=ChoiceLoader([FileSystemLoader(PAGES), stock, PrefixLoader({"stock": stock})]))
        hub = os.environ.get("JUPYTERHUB_BASE_URL", "")
        pages.globals.update(course_name=self.coursedir.course_id, hub_home=f"{hub}hub/home" if hub else "")
        webapp.settings.update(
            nbgrader_jinja2_env=pages,
            nbgrader_exporter=self._exporter(),
            dlmath_state=self.dlmath.state,
            dlmath_board=self._board(),
        )

    def _exporter(self) -> SubmissionPage:
        """Submissions as HTML, for the page on which a person marks."""
        exporter = SubmissionPage(
            config=self.config,
            template_name="formgrade_offline",
            extra_template_basedirs=[str(PAGES), handlers.template_path],
        )
        exporter.register_filter("markdown2html", markdown_of_cell)
        return exporter

    def _board(self) -> Board:
        database = self.dlmath.gradebook.database
        return Board(
            self.dlmath.home,
            self.dlmath.state / "progress" / "grading.json",
            options=["--database", database] if database else [],
            workers=self.dlmath.limits.grading_workers,
            ended=self._ended,
        )

    def _ended(self, run: Run) -> None:
        broken = [b.student for b in run.broken]
        record(
            self.dlmath.state, run.who, f"grading {run.state}", unit=run.unit, graded=run.graded, broken=broken
        )  # fmt: skip

    def init_handlers(self, webapp: web.Application) -> None:
        """Ours first: the first route that fits answers."""
        routes = [
            *HANDLERS,
            (r"/formgrader/dlmath/(.*)", web.StaticFileHandler, {"path": str(PAGES / "static")}),
            *handlers.default_handlers,
            *apihandlers.default_handlers,
            (r"/formgrader/static/(.*)", web.StaticFileHandler, {"path": handlers.static_path}),
            (r"/formgrader/.*", handlers.Template404),
        ]
        prefix = webapp.settings["base_url"]
        webapp.add_handlers(".*$", [(url_path_join(prefix, r[0]), *r[1:]) for r in routes])


@pass_context
def markdown_of_cell(context: Context, source: str) -> str:
    """A markdown cell as HTML; pictures that are attached to it are shown."""
    attachments = (context.get("cell") or {}).get("attachments") or {}
    for name, bundle in attachments.items():
        kind = mimetypes.guess_type(name)[0] or ""
        data = bundle.get(kind) if isinstance(bundle, dict) else None
        if kind.startswith("image/") and isinstance(data, str):
            source = source.replace(f"attachment:{name}", f"data:{kind};base64,{html.escape(''.join(data.split()))}")
    return str(import_item(MARKDOWN)(source))


def end_transaction(self: base.BaseHandler) -> None:
    """After each request: nbgrader keeps one session for all, which would go on showing marks from before a batch."""
    gradebook = self.settings.get("nbgrader_gradebook")
    if gradebook is not None:
        gradebook.db.rollback()


def _load_jupyter_server_extension(app: Any) -> None:
    """Called by Jupyter's server."""
    formgrader = HubFormgrader(parent=app)
    formgrader.dlmath = read_settings(Path(app.root_dir), named_file())
    formgrader.root_dir = app.root_dir
    formgrader.log = app.log
    formgrader.initialize([])
    formgrader.init_tornado_settings(app.web_app)
    formgrader.init_handlers(app.web_app)
    base.BaseHandler.on_finish = end_transaction
    app.log.info("Formgrader of the course %s in %s", formgrader.coursedir.course_id, app.root_dir)


def named_file() -> Path | None:
    """The settings' file, where the hub's operator named another one than the usual."""
    return Path(os.environ["DLMATH_SETTINGS"]) if os.environ.get("DLMATH_SETTINGS") else None


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "autograder.hub.formgrader_extension"}]
