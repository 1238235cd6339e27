"""Solution and hidden lines that students would be able to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.build.markers import HIDDEN, regions
from autograder.build.text import SourceNotebook
from autograder.cells import Role, grade_id, role

__all__ = ["PrivateLine", "leaks", "private_lines", "released_texts"]

# A solution line with fewer words and signs (`n = len(x)`, `W1, b1, W2, b2 = params`) gives nothing away and
# stands in checks and statements by rights; a hidden line is never public.
TELLING = {"solution": 10, "hidden": 3}


@dataclass(frozen=True)
class PrivateLine:
    """A line that must not be published."""

    place: str
    text: str
    kind: str  # "solution" or "hidden"


def squeeze(text: str) -> str:
    """The line without the spaces that do not change it."""
    return re.sub(r"\s+", "", text)


def private_lines(notebook: SourceNotebook) -> list[PrivateLine]:
    """The telling lines of a notebook's regions, and of written model answers."""
    found = []
    for position, cell in enumerate(notebook.cells):
        marked = regions(cell.source)
        blocks = [("hidden" if r.kind == HIDDEN else "solution", r.lines(cell.source)) for r in marked]
        if not marked and role(cell) == Role.MANUAL:
            blocks = [("solution", cell.source.split("\n"))]
        found += [
            PrivateLine(notebook.place(position), line.strip(), kind)
            for kind, lines in blocks
            for line in lines
            if len(re.findall(r"\w+|[^\w\s]", line)) >= TELLING[kind]
        ]
    return found


def leaks(private: list[PrivateLine], texts: Iterator[tuple[str, str]]) -> Iterator[str]:
    """A sentence for each private line found in one of `texts`, which are pairs of place and text."""
    wanted = [(line, squeeze(line.text)) for line in private]
    for place, text in texts:
        squeezed = "\n".join(squeeze(line) for line in text.split("\n"))
        for line, needle in wanted:
            if needle in squeezed:
                got = f'the {line.kind} line "{line.text}" of {line.place}'
                yield f"{place}: got {got}, expected it nowhere in release/."


def released_texts(folder: Path, home: Path) -> Iterator[tuple[str, str]]:
    """Everything readable under `folder`: cells with their outputs, and the text of other files."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(home).as_posix()
        text = path.read_bytes().decode("utf-8", errors="ignore")
        if path.suffix == ".ipynb":
            yield from notebook_texts(json.loads(text), name)
        else:
            yield name, text


def notebook_texts(node: dict[str, Any], name: str) -> Iterator[tuple[str, str]]:
    for number, cell in enumerate(node["cells"], 1):
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        rest = json.dumps({k: v for k, v in cell.items() if k != "source"}, ensure_ascii=False)
        yield f"{name}, cell {grade_id(cell) or number}", f"{source}\n{rest}"
    yield name, json.dumps(node["metadata"], ensure_ascii=False)
