"""Attempts on those who read: markup and scripts (row 23), names that a spreadsheet or a log takes for more (row 26)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.redteam.attack import Attack

__all__ = ["NAMES", "NOT_GRADED", "PAGES"]

MARKUP = {
    "a script": "<script>alert(1)</script>",
    "a picture that fails": '<img src=x onerror="alert(1)">',
    "a drawing": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
    "a link": '<a href="javascript:alert(1)">x</a> [x](javascript:alert(1)) [y](JaVaScRiPt&#58;alert(1)) <javascript:alert(1)>',
    "links to data": "[x](data:text/html,<script>alert(1)</script>) ![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "an end of what is around": "</code></pre></div></body><script>alert(1)</script><!-- ]]> --> ``` $$ ```",
    "a frame": '<iframe srcdoc="<script>alert(1)</script>"></iframe><object data="x"></object><embed src="x">',
    "a form": '<form action="http://x"><input autofocus onfocus="alert(1)"><button formaction="javascript:alert(1)">x</button></form>',
    "a style": '<style>@import "http://x";</style><div style="background:url(http://x)" onmouseover="alert(1)">x</div>',
    "a base and a refresh": '<base href="http://x"><meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
    "an odd case": '<ScRiPt>alert(1)</sCrIpT><IMG """><SCRIPT>alert(1)</SCRIPT>"><img src=x:x onerror\x0b=alert(1)>',
    "markup in a formula": r"$\href{javascript:alert(1)}{x}$ $$\text{<img src=x onerror=alert(1)>}$$ \begin{align}<script>alert(1)</script>\end{align}",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;alert(1)&#60;/script&#62;",
    "a template": "{{ 7 * 7 }} {% include '/etc/passwd' %} ${alert(1)} <%= 7 %>",
    "code with a language": '```html"><script>alert(1)</script>\nx\n```\n\n~~~ {.x onload=alert(1)}\nx\n~~~',
    "a reference": '[x]: javascript:alert(1) "<script>alert(1)</script>"\n[x] ![x][x] <http://x" onclick="alert(1)>',
}
SLOW = {
    "brackets": "[" * 20_000,
    "links in links": "[x](" * 6_000,
    "stars": "*a" * 10_000,
    "quotes": ">" * 5_000 + "x",
    "lists": "".join(" " * n + "- x\n" for n in range(200)),
    "backticks": "".join("`" * n + " " for n in range(190)),
    "dollars": "$" * 19_999,
    "a deep formula": "$" + r"\frac{1}{" * 900 + "x" + "}" * 900 + "$",
    "open braces": "$$" + "{" * 15_000 + "$$",
    "many formulas": r"$\sqrt{x}$ " * 1_800,
    "left without right": "$$" + r"\left(" * 3_000 + "$$",
    "tables": "|a" * 3_000 + "\n" + "|-" * 3_000 + "\n" + "|b" * 3_000,
    "references": "".join(f"[{n}]: x\n[{n}]\n" for n in range(1_000)),
    "entities": "&amp;" * 4_000,
    "deep emphasis": "**" * 5_000 + "x" + "**" * 5_000,
    "footnotes": "[^1]" * 4_000,
}
DISPLAYS = {
    "HTML": "from IPython.display import HTML, display\ndisplay(HTML({markup}))",
    "Markdown": "from IPython.display import Markdown, display\ndisplay(Markdown({markup}))",
    "LaTeX": "from IPython.display import Latex, display\ndisplay(Latex({markup}))",
    "print": "import sys\nprint({markup})\nprint({markup}, file=sys.stderr)",
    "an error": "raise type({markup}, (Exception,), {{}})({markup})",
    "a repr": "class R:\n    def __repr__(self): return {markup}\n    _repr_html_ = _repr_markdown_ = _repr_latex_ = _repr_svg_ = __repr__\nR()",
    "raw data": "from IPython.display import display\nm = {markup}\ndisplay({{k: m for k in ('text/html', 'image/svg+xml', "
    "'application/javascript', 'text/latex', 'text/markdown', 'image/png', 'image/jpeg', 'application/pdf', "
    "'application/vnd.jupyter.widget-view+json', 'application/vnd.plotly.v1+json', 'text/plain')}}, raw=True)",
}
OTHERS = {
    "JavaScript": "from IPython.display import Javascript, display\ndisplay(Javascript('alert(1)', lib='http://x/x.js'))",
    "an inner frame": "from IPython.display import IFrame, display\ndisplay(IFrame('javascript:alert(1)', 9, 9))",
    "a drawing": 'from IPython.display import SVG, display\ndisplay(SVG(\'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>\'))',
    "widgets": "from IPython.display import display\ndisplay({'application/vnd.jupyter.widget-view+json': {'model_id': '</script>"
    "<script>alert(1)</script>', 'version_major': 2}}, raw=True)",
    "a picture's metadata": "from IPython.display import display\ndisplay({'image/png': '\" onerror=\"alert(1)', 'text/plain': ''}, "
    "metadata={'image/png': {'width': '1\" onload=\"alert(1)', 'height': '<script>alert(1)</script>'}}, raw=True)",
    "escapes": "print('\\x1b]8;;javascript:alert(1)\\x07x\\x1b]8;;\\x07\\x1b[31m<script>alert(1)</script>' + '\\x1b[' + '1;' * 10**5 + 'm')",
}
ALL = "\n".join(MARKUP.values())


def _in_metadata(cells: list[dict[str, Any]]) -> None:
    """Wherever a notebook keeps a text."""
    for n, cell in enumerate(cells):
        cell["metadata"].update(name=ALL, tags=[ALL], nbgrader_comment=ALL, slideshow={"slide_type": ALL})
        if not cell["metadata"].get("nbgrader"):
            cell["metadata"]["nbgrader"] = {"grade_id": f"{ALL}{n}", "comment": ALL}
    cells.append({"cell_type": "markdown", "metadata": {}, "source": f"![x](attachment:{ALL})",
                  "attachments": {ALL: {"image/png": "AAAA", "image/svg+xml": ALL}}})  # fmt: skip
    cells.append({"cell_type": "raw", "metadata": {"format": "text/html", "raw_mimetype": "text/html"}, "source": ALL})


def _kernel(notebook: dict[str, Any]) -> bytes:
    import json

    notebook["metadata"] = {"kernelspec": {"name": ALL, "language": ALL, "display_name": ALL}, "language_info": {"name": ALL}, "title": ALL,
                            "authors": [{"name": ALL}], "widgets": {"application/vnd.jupyter.widget-state+json": {"x": ALL}}}  # fmt: skip
    return json.dumps(notebook).encode()


def _own(kind: str) -> Callable[[list[dict[str, Any]]], None]:
    def change(cells: list[dict[str, Any]]) -> None:
        for text in SLOW.values():
            cells.append({"cell_type": kind, "metadata": {}, "source": text})

    return change


NAMES = {
    "a formula": "=SUM(1,2)",
    "a command": "=cmd|' calc'!A0",
    "a plus": "+1+2",
    "a minus": "-2+3",
    "an at": "@SUM(1)",
    "a percent": "%0A",
    "a full-width formula": "＝SUM(1)",
    "commas and quotes": 'a,"b",c;d',
    "a tag": "<b onclick=alert(1)>x",
    "an attribute": '" onmouseover="alert(1)',
    "a template": "{{7*7}}",
    "an option": "--force",
    "a space": "ana maria",
    "another alphabet": "анна",
    "a percent sign": "%s%n{0}",
    "two hundred letters": "x" * 200,
}
NOT_GRADED = {  # they cannot be shown as they are
    "a new line": "mallory\nINFO zz_honest 0",
    "a bell": "bell\x07",
    "a direction": "eve\u202edoog",
    "no text": "n\udcff\udcfe",
    "hidden": ".mallory",
}

PAGES = [
    *(Attack(23, f"writes {what} in an answer", written=text, cell=f'"""{text}"""\n# {text.splitlines()[0]}' if '"""' not in text else "")
      for what, text in MARKUP.items()),
    *(Attack(23, f"shows markup as {what}", cell=source.format(markup=repr(ALL))) for what, source in DISPLAYS.items()),
    *(Attack(23, f"shows {what}", cell=source) for what, source in OTHERS.items()),
    *(Attack(23, f"writes an answer that is slow to show, {what}", written=text) for what, text in SLOW.items()),
    Attack(23, "adds cells that are slow to show", change=_own("markdown")),
    Attack(23, "hides markup in metadata", change=_in_metadata),
    Attack(23, "hides markup in the notebook's metadata", document=_kernel),
    Attack(23, "raises markup", double=f"def double(x):\n    raise ValueError({ALL!r})"),
    Attack(23, "returns markup", double=f"def double(x):\n    return {ALL!r}"),
    Attack(23, "returns a class of markup", double=f"def double(x):\n    return type({ALL!r}, (), {{}})()"),
    *(Attack(26, f"is called {what}", student=name) for what, name in NAMES.items()),
]  # fmt: skip
