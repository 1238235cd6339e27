"""Small notebooks for the tests of intake."""

from __future__ import annotations

import copy
import json
from typing import Any

STUB = 'def f(x):\n    """Twice x."""\n    raise NotImplementedError'
RIGHT = 'def f(x):\n    """Twice x."""\n    return 2 * x'
HIDDEN = "### BEGIN HIDDEN TESTS\nassert f(3) == 6\n### END HIDDEN TESTS"


def flags(name: str, **given: Any) -> dict[str, Any]:
    base = {"grade": False, "grade_id": name, "locked": False, "schema_version": 3, "solution": False, "task": False}
    return {"nbgrader": base | given}


def cell(kind: str, source: str, metadata: dict[str, Any] | None = None, cell_id: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": kind, "metadata": metadata or {}, "source": source}
    if kind == "code":
        made |= {"execution_count": None, "outputs": []}
    if cell_id:
        made["id"] = cell_id
    return made


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": list(cells)}


def source() -> dict[str, Any]:
    """Imports, a solved exercise with its test, a written answer, a second exercise."""
    return notebook(
        cell("code", "import math", flags("imports", locked=True), "imports"),
        cell("markdown", "Write f.", {}, "statement"),
        cell("code", RIGHT, flags("f", solution=True), "f"),
        cell("code", "assert f(1) == 2\n" + HIDDEN, flags("test_f", grade=True, locked=True, points=5), "test_f"),
        cell("markdown", "The key: because.", flags("why", grade=True, solution=True, points=3), "why"),
        cell("code", "y = 7", flags("g", solution=True), "g"),
        cell("code", "assert y == 7", flags("test_g", grade=True, locked=True, points=2), "test_g"),
    )


def released() -> dict[str, Any]:
    made = copy.deepcopy(source())
    texts = {"f": STUB, "test_f": "assert f(1) == 2", "why": "YOUR ANSWER HERE", "g": "y = ...", "test_g": "# 2 points"}
    for c in made["cells"]:
        c["source"] = texts.get(c["id"], c["source"])
    for c in made["cells"]:
        if "nbgrader" in c["metadata"]:
            c["metadata"]["nbgrader"]["checksum"] = "sum of " + c["id"]
    return made


def handed_in(**answers: str) -> dict[str, Any]:
    """The released notebook with the named cells' text replaced."""
    made = released()
    for c in made["cells"]:
        c["source"] = answers.get(c["id"], c["source"])
    return made


def packed(document: Any) -> bytes:
    return json.dumps(document).encode()
