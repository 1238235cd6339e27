"""Markdown in stock feedback and in the formgrader: HTML of a student's that could run is taken out."""

from __future__ import annotations

import html
import re
from functools import lru_cache

import bleach
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter

__all__ = ["safe_markdown"]

TAGS = (
    *("a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "figcaption"),
    *("figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "s", "small"),
    *("span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
)
ATTRIBUTES = frozenset(
    ["align", "alt", "class", "colspan", "height", "id", "rowspan", "start", "style", "title", "width"]
)
PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,")
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0]+")


@pass_context
def safe_markdown(context: Context, source: str) -> str:
    """nbconvert's filter `markdown2html`, whose result keeps formatting, formulas, links and pictures alone."""
    return bleach.clean(
        _exporter().markdown2html(context, source),
        tags=TAGS,
        attributes=_kept,
        protocols=("http", "https", "mailto", "data"),
        css_sanitizer=CSSSanitizer(),
    )


@lru_cache(maxsize=1)
def _exporter() -> HTMLExporter:
    return HTMLExporter()


def _kept(tag: str, name: str, value: str) -> bool:
    """Whether an attribute stays; only pictures may carry their data, and only as one of three formats."""
    address = _BLANK.sub("", html.unescape(value)).lower()
    if (tag, name) == ("img", "src"):
        return address.startswith(PICTURES) or not address.startswith("data:")
    if (tag, name) == ("a", "href"):
        return not address.startswith("data:")
    return name in ATTRIBUTES
