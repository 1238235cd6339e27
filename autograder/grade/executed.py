"""The executed notebook as it is kept in `autograded/`."""

from __future__ import annotations

import copy
import json
from typing import Any

from autograder.marking.kept import keep
from autograder.results import NotebookResult

__all__ = ["encoded"]


def encoded(notebook: dict[str, Any], result: NotebookResult) -> bytes:
    """The notebook as a file, with harmless outputs, results and notes."""
    kept = copy.deepcopy(notebook)
    keep(kept, result)
    text = json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "replace")
