"""A notebook as py:percent text, read into cells with stable ids."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from autograder.cells import Role, grade_id, role
from autograder.errors import BuildError

__all__ = ["KERNELSPEC", "SourceNotebook", "notebook_bytes", "read_notebook"]

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CELL_HEADER = re.compile(r"^# %%(?P<title>.*)$")
CELL_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")  # nbformat 4.5


@dataclass(frozen=True)
class SourceNotebook:
    """One notebook of a unit, solutions and hidden tests included.

    Args:
        unit: id of the unit.
        name: file name without suffix.
        file: path of the text, relative to the course, for messages.
        node: the notebook in nbformat 4.5.
    """

    unit: str
    name: str
    file: str
    node: Any

    @property
    def cells(self) -> list[Any]:
        return list(self.node.cells)

    def of_role(self, *roles: Role) -> list[tuple[int, Any]]:
        """Positions and cells that play one of these parts."""
        return [(i, cell) for i, cell in enumerate(self.node.cells) if role(cell) in roles]

    def place(self, position: int) -> str:
        """`file, cell id`; the cell's number, from 1, when it has no id."""
        return f"{self.file}, cell {grade_id(self.node.cells[position]) or position + 1}"

    def fault(self, position: int, got: str, expected: str) -> str:
        return f"{self.place(position)}: got {got}, expected {expected}."


def read_notebook(path: Path, course_home: Path) -> SourceNotebook:
    """The notebook in `path`; BuildError when its text cannot be trusted to mean what it says."""
    file = path.relative_to(course_home).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BuildError(f"{file}: got bytes that are not UTF-8 at {error.start}, expected UTF-8 text.") from None
    faults = list(header_faults(text, file))
    if faults:
        raise BuildError("\n".join(faults))
    node = nbformat.from_dict(jupytext.reads(text, fmt={"extension": ".py", "format_name": "percent"}))
    if not node.cells:
        raise BuildError(f"{file}: got no cell, expected cells that begin with '# %%'.")
    node.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    node.nbformat, node.nbformat_minor = 4, 5
    for cell in node.cells:
        tidy(cell)
    stamp_ids(node.cells)
    return SourceNotebook(path.parent.name, path.stem, file, node)


def header_faults(text: str, file: str) -> list[str]:
    """Cell headers whose nbgrader metadata jupytext would drop or misread without a word."""
    faults = []
    for number, line in enumerate(text.splitlines(), 1):
        header = CELL_HEADER.match(line)
        if not header or "nbgrader" not in line:
            continue
        found = re.search(r"\bnbgrader=", header["title"])
        problem = json_problem(header["title"][found.end() :]) if found else "no 'nbgrader='"
        if problem:
            faults.append(f"{file}, line {number}: got {problem}, expected nbgrader={{...}} in JSON on one line.")
    return faults


def json_problem(text: str) -> str:
    """What is wrong with the JSON object at the start of `text`; "" when nothing is."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        return f"metadata that is not JSON ({error.msg} at column {error.colno})"
    return "" if isinstance(value, dict) else f"metadata of type {type(value).__name__}"


def tidy(cell: Any) -> None:
    """Keep the metadata that the course gives meaning to, drop outputs."""
    cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("nbgrader", "tags")})
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    if isinstance(cell.metadata.get("nbgrader"), dict):
        cell.metadata.nbgrader.pop("cell_type", None)
        cell.metadata.nbgrader.pop("checksum", None)


def stamp_ids(cells: list[Any]) -> None:
    """Give each cell its grade_id as id, or a digest of its text: two builds are byte-identical."""
    seen: Counter[str] = Counter()
    for cell in cells:
        seen[cell.source] += 1
        digest = hashlib.sha256(f"{seen[cell.source]}\n{cell.source}".encode()).hexdigest()
        name = grade_id(cell)
        cell.id = name if CELL_ID.match(name) else f"text-{digest[:12]}"


def notebook_bytes(node: Any) -> bytes:
    """The notebook as it is written to disk: validated, keys sorted, with a final newline."""
    return (nbformat.writes(node, version=4).rstrip("\n") + "\n").encode()
