"""The executed notebook as it is kept: formgrader shows it, so that outputs that could run are left out."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["encoded"]

HARMLESS = ("text/plain", "image/png", "image/jpeg")


def encoded(notebook: dict[str, Any]) -> bytes:
    """The notebook as a file, with text and pictures as its only outputs."""
    cells = [_plain(cell) if cell.get("outputs") else cell for cell in notebook["cells"]]
    text = json.dumps({**notebook, "cells": cells}, indent=1, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "replace")


def _plain(cell: dict[str, Any]) -> dict[str, Any]:
    outputs = []
    for output in cell["outputs"]:
        if "data" in output:
            output = {**output, "data": {k: v for k, v in output["data"].items() if k in HARMLESS}, "metadata": {}}
        outputs.append(output)
    return {**cell, "outputs": outputs}
