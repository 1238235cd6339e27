"""Notebooks can be shown as HTML: the formgrader's pages and stock feedback need it."""

from __future__ import annotations

from pathlib import Path

import bs4
import nbformat
from nbconvert import HTMLExporter
from packaging.requirements import Requirement

CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints.txt"


def test_a_notebook_becomes_html() -> None:
    """The exporter looks for elements by CSS selectors, with whatever reads selectors in this environment."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Softmax\n\n| a | b |\n|---|---|\n| 1 | 2 |")]
    )
    html, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    assert [e.get_text() for e in bs4.BeautifulSoup(html, "html.parser").select("td")] == ["1", "2"]


def test_the_reader_of_selectors_works_with_debians_python() -> None:
    """soupsieve 2.10 and later read no selector under Python 3.11.2: `make setup` installs an earlier one."""
    lines = [line.split("#")[0].strip() for line in CONSTRAINTS.read_text().splitlines()]
    pinned = [Requirement(line) for line in lines if line.startswith("soupsieve")]
    assert [str(one.specifier) for one in pinned] == ["==2.9.2"]
