"""Markdown cells as HTML: statements and written answers.

Raw HTML in a cell is shown as text, links lead only to web pages and pictures must be part of the cell.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.feedback.mathematics import mathml

__all__ = ["markdown", "plain", "title"]

MAX_MARKDOWN = 20_000  # characters


@lru_cache(maxsize=4096)
def markdown(text: str) -> str:
    """A markdown cell as a safe HTML fragment; cached, since a statement is the same for a whole class."""
    if len(text) > MAX_MARKDOWN:
        return plain(text)
    try:
        return str(_parser().render(text))
    except (RecursionError, ValueError):
        return plain(text)


def plain(text: str) -> str:
    """A text as it was typed, cut at a length that nobody reads."""
    return f"<pre>{html.escape(text[:MAX_MARKDOWN])}{'' if len(text) <= MAX_MARKDOWN else ' ... (cut)'}</pre>"


def title(text: str) -> str:
    """The last heading of a markdown cell, as plain text; "" when it has none."""
    headings = [line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#")]
    return headings[-1].rstrip("#").strip() if headings else ""


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 30}).enable("table").enable("strikethrough")
    parser.use(dollarmath_plugin, renderer=_formula, allow_labels=False, double_inline=True)
    parser.use(amsmath_plugin, renderer=lambda text: mathml(text, True))
    parser.add_render_rule("image", _image)
    parser.add_render_rule("link_open", _link)
    return parser


def _formula(text: str, options: dict[str, Any]) -> str:
    return mathml(text.strip(), bool(options.get("display_mode")))


def _image(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    alt = html.escape(tokens[index].content)
    source = str(tokens[index].attrGet("src") or "")
    if source.startswith("data:image/"):
        return f'<img src="{html.escape(source)}" alt="{alt}">'
    return f"[picture: {alt}]"


def _link(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    target = str(tokens[index].attrGet("href") or "")
    if not target.startswith(("https://", "http://")):
        return "<a>"
    return f'<a href="{html.escape(target)}" rel="noopener noreferrer">'
