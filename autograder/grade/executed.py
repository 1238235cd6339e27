"""The executed notebook as it is kept in `autograded/`."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from autograder.marking.kept import keep
from autograder.results import NotebookResult

__all__ = ["encoded"]


def encoded(notebook: dict[str, Any], result: NotebookResult) -> bytes:
    """The notebook as a file, with harmless outputs, results and notes."""
    kept = copy.deepcopy(notebook)
    keep(kept, result)
    return msgspec.json.format(msgspec.json.encode(kept, order="sorted"), indent=1) + b"\n"
