"""Markdown on stock pages: what is kept and what is taken out."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from autograder.nbgrader import configure

TEMPLATES = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"
FLAGS = {"grade": True, "solution": True, "locked": False, "task": False, "points": 1, "grade_id": "why"}
PIXEL = "iVBORw0KGgo="


@cache
def exporter() -> HTMLExporter:
    """As the formgrader makes it, with our configuration."""
    config = Config()
    configure(config)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    return HTMLExporter(config=config)


def shown(text: str) -> str:
    """A written answer as the formgrader shows it to a marker."""
    cell = nbformat.v4.new_markdown_cell(text, metadata={"nbgrader": FLAGS | {"schema_version": 3}})
    cell["attachments"] = {"drawn.png": {"image/png": PIXEL}}
    page, _ = exporter().from_notebook_node(
        nbformat.v4.new_notebook(cells=[cell]),
        {"submission_id": "s", "notebook_id": "n", "assignment_id": "a", "base_url": "/", "index": 0, "total": 1},
    )
    return str(page)


def test_formatting_formulas_and_pictures_are_kept() -> None:
    """Emphasis, tables, code, formulas, links and attached pictures look as they did."""
    page = shown(
        "**bold** $a < b$ [book](https://example.org) ![mine](attachment:drawn.png)\n\n"
        "|x|\n|-|\n|1|\n\n```python\nx = 1\n```"
    )
    for part in (
        "<strong>bold</strong>",
        "$a &lt; b$",
        'href="https://example.org"',
        f"data:image/png;base64,{PIXEL}",
        "<td>1</td>",
        '<span class="mi">1</span>',
    ):
        assert part in page, part


@pytest.mark.parametrize(
    ("attack", "trace"),
    [
        ("<script>attack()</script>", "<script>attack"),
        ('<img src="x" onerror="attack()">', "onerror="),
        ('<a href="javascript:attack()">a</a>', "javascript:attack"),
        ('<a href="da&#116;a:text/html,attack()">a</a>', "text/html,attack"),
        ('<iframe src="https://example.org/attack"></iframe>', "<iframe"),
        ('<form action="/attack"><button>ok</button></form>', "<form action"),
        ('<svg onload="attack()"></svg>', "<svg onload"),
        ('<div style="position:fixed;top:0">attack</div>', "position:fixed"),
        ('<img src="data:image/svg+xml;base64,PHN2Zy8+">', "svg+xml"),
    ],
)
def test_nothing_that_could_run_is_kept(attack: str, trace: str) -> None:
    """HTML that acts in the reader's browser is shown as text or dropped."""
    assert trace not in shown(attack)
