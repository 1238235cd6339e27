"""Names that come from a browser or a shared folder, checked before they become paths."""

from __future__ import annotations

import re
from pathlib import Path

from dlmath_kit.hub.errors import Refusal

__all__ = ["check_notebook", "check_stamp", "check_unit", "is_unit", "require_folder"]

UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
NOTEBOOK = re.compile(r"[^\x00-\x1f/\\]{1,200}")
STAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})? [A-Za-z0-9+:-]{1,10}")


def is_unit(name: str) -> bool:
    """Can this be the name of a unit? No path, nothing hidden, none of nbgrader's own signs."""
    return UNIT.fullmatch(name) is not None and ".." not in name


def check_unit(name: str) -> str:
    """The name of a unit, or a refusal."""
    if not is_unit(name):
        raise Refusal(f"unit: got {name[:100]!r}, expected letters, digits, hyphens, underscores and single dots.", 400)
    return name


def check_notebook(name: str) -> str:
    """The name of a notebook without its suffix, or a refusal."""
    if NOTEBOOK.fullmatch(name) is None or name.startswith("."):
        raise Refusal(f"notebook: got {name[:100]!r}, expected the name of a notebook.", 400)
    return name


def check_stamp(text: str) -> str:
    """The time in nbgrader's form that names a submission, or a refusal."""
    if STAMP.fullmatch(text) is None:
        raise Refusal(f"time: got {text[:100]!r}, expected the time of a submission.", 400)
    return text


def require_folder(root: Path, *parts: str) -> Path:
    """The folder below `root`; what is there must be folders, no links: a link could lead anywhere."""
    path = root
    for part in parts:
        path = path / part
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            kind = "a link" if path.is_symlink() else "a file"
            shown = "/".join(path.relative_to(root).parts)
            raise Refusal(f"{shown}: got {kind}, expected a folder. Rename it, then try again.")
    return path
