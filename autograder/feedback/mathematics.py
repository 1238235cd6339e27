r"""LaTeX formulas as MathML, which browsers draw without a script or a font from elsewhere.

A formula may be a student's. What the converter returns is rebuilt from an allow-list of elements and
attributes (`\href` would make a link), and a formula that it cannot read is shown as it was typed.
"""

from __future__ import annotations

import html
from functools import lru_cache
from xml.etree import ElementTree

from latex2mathml.converter import convert

__all__ = ["MAX_FORMULA", "mathml"]

MAX_FORMULA = 4000  # characters

ELEMENTS = frozenset(
    [
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "ms",
        "mtext",
        "mspace",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mfrac",
        "msqrt",
        "mroot",
        "mtable",
        "mtr",
        "mtd",
        "mstyle",
        "mpadded",
        "mphantom",
        "menclose",
        "mmultiscripts",
        "mprescripts",
        "none",
    ]
)
ATTRIBUTES = frozenset(
    [
        "display",
        "mathvariant",
        "stretchy",
        "fence",
        "form",
        "separator",
        "symmetric",
        "largeop",
        "movablelimits",
        "accent",
        "accentunder",
        "lspace",
        "rspace",
        "minsize",
        "maxsize",
        "linethickness",
        "width",
        "height",
        "depth",
        "voffset",
        "columnalign",
        "rowalign",
        "columnspacing",
        "rowspacing",
        "columnlines",
        "rowlines",
        "displaystyle",
        "scriptlevel",
        "notation",
    ]
)


@lru_cache(maxsize=8192)
def mathml(latex: str, block: bool) -> str:
    """The formula as an HTML fragment."""
    try:
        if len(latex) > MAX_FORMULA:
            raise ValueError("too long")
        tree = ElementTree.fromstring(convert(latex, display="block" if block else "inline"))
        return _element(tree)
    except Exception:
        shown = html.escape(latex if len(latex) <= MAX_FORMULA else latex[:MAX_FORMULA] + "...")
        return f'<code class="formula{" block" if block else ""}">{shown}</code>'


def _element(node: ElementTree.Element) -> str:
    name = node.tag.rpartition("}")[2]
    if name not in ELEMENTS:
        name = "mrow"
    attributes = "".join(f' {k}="{html.escape(v)}"' for k, v in node.attrib.items() if k in ATTRIBUTES)
    children = "".join(_element(child) + html.escape(child.tail or "") for child in node)
    return f"<{name}{attributes}>{html.escape(node.text or '')}{children}</{name}>"
