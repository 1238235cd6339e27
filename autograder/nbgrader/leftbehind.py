"""Files that a student's cells wrote, fetched from the sandbox as data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from autograder.errors import AutograderError
from autograder.intake import IntakeError
from autograder.intake.reading import check_name

__all__ = ["collect", "keep_new"]

MAX_FILES = 200
MAX_BYTES = 64 * 2**20
NAME = "autograder_files"
LIST = f"""
def {NAME}():
    import os
    found = {{}}
    for place, folders, names in os.walk("."):
        folders[:] = [f for f in folders if not f.startswith(".")]
        for name in names:
            path = os.path.relpath(os.path.join(place, name), ".")
            if len(found) < {MAX_FILES} and os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    found[path] = file.read({MAX_BYTES})
    return found
"""


def collect(session: Any) -> dict[str, bytes]:
    """Names and contents of the files in the sandbox's working folder; what is malformed is left out."""
    if session.run_cell(LIST, NAME).status != "ok":
        return {}
    try:
        with session.fork() as branch:
            found = branch.get(NAME)()
    except (AutograderError, RuntimeError, LookupError, OSError):
        return {}
    if type(found) is not dict:
        return {}
    files = {name: data for name, data in found.items() if type(name) is str and type(data) is bytes and _safe(name)}
    return files if sum(map(len, files.values())) <= MAX_BYTES else {}


def _safe(name: str) -> bool:
    try:
        check_name(name)
    except IntakeError:
        return False
    return not name.endswith(".ipynb") and not any(part.startswith(".") for part in name.split("/"))


def keep_new(files: dict[str, bytes], folder: Path) -> None:
    """Write the files that the folder does not have yet; none that it has is changed."""
    for name, data in sorted(files.items()):
        path = folder / name
        if any(p.is_symlink() for p in (path, *path.relative_to(folder).parents) if p != Path(".")):
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        except OSError:  # it is there already, or a file stands where a folder should be
            continue
        with os.fdopen(fd, "wb") as file:
            file.write(data)
