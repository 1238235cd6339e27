"""The executed notebook as it is kept in `autograded/`."""

from __future__ import annotations

from typing import Any

import msgspec

from autograder.marking.kept import keep
from autograder.results import NotebookResult

__all__ = ["encoded"]


def encoded(notebook: dict[str, Any], result: NotebookResult) -> bytes:
    """The notebook as a file, with harmless outputs, results and notes."""
    cells = [{**cell, "metadata": dict(cell["metadata"])} for cell in notebook["cells"]]
    kept = {**notebook, "metadata": dict(notebook["metadata"]), "cells": cells}
    keep(kept, result)
    return msgspec.json.format(msgspec.json.encode(kept, order="sorted"), indent=1) + b"\n"
