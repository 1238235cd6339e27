"""What a student's cell printed and drew: plain text and PNG pictures, bounded."""

from __future__ import annotations

import base64
import binascii
import html
import re
from typing import Any

__all__ = ["Pictures", "outputs"]

MAX_LINES = 60
MAX_CHARACTERS = 6_000
MAX_OUTPUTS = 12
MAX_PICTURE = 500_000  # bytes of base64
MAX_PICTURES = 4_000_000  # bytes of base64 on a page
PNG = b"\x89PNG\r\n\x1a\n"

_ANSI = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Pictures:
    """How many bytes of pictures a page may still hold."""

    def __init__(self) -> None:
        self.left = MAX_PICTURES


def outputs(cell: dict[str, Any], pictures: Pictures) -> str:
    """The outputs of a code cell as a safe HTML fragment."""
    found = cell.get("outputs") or []
    shown = [_output(o, pictures) for o in found[:MAX_OUTPUTS]]
    if len(found) > MAX_OUTPUTS:
        shown.append(f'<p class="cut">... and {len(found) - MAX_OUTPUTS} more outputs</p>')
    return "".join(shown)


def _output(output: dict[str, Any], pictures: Pictures) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        style = "stderr" if output.get("name") == "stderr" else "stdout"
        return _pre(_joined(output.get("text")), style)
    if kind == "error":
        return _pre(f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}", "error")
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(data, dict):
        return ""
    picture = _picture(_joined(data.get("image/png")), pictures) if "image/png" in data else ""
    return picture or _pre(_joined(data.get("text/plain")), "result")


def _picture(encoded: str, pictures: Pictures) -> str:
    encoded = "".join(encoded.split())
    if not encoded or len(encoded) > min(MAX_PICTURE, pictures.left):
        return '<p class="cut">(a picture that is too large to be shown here)</p>' if encoded else ""
    try:
        if not base64.b64decode(encoded, validate=True).startswith(PNG):
            return ""
    except (ValueError, binascii.Error):
        return ""
    pictures.left -= len(encoded)
    return f'<img src="data:image/png;base64,{encoded}" alt="Picture drawn by your code">'


def _pre(text: str, style: str) -> str:
    text = _CONTROL.sub("", _ANSI.sub("", text[: 4 * MAX_CHARACTERS])).rstrip()
    if not text:
        return ""
    lines = text[:MAX_CHARACTERS].split("\n")
    cut = len(text) > MAX_CHARACTERS or len(lines) > MAX_LINES
    shown = "\n".join(lines[:MAX_LINES]) + ("\n... (cut)" if cut else "")
    return f'<pre class="output {style}">{html.escape(shown)}</pre>'


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")
