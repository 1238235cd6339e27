"""Which names a cell defines, read from its text without running it."""

from __future__ import annotations

import ast
import re
import warnings

__all__ = ["defined_names", "without_definitions"]

MAX_READ = 200_000  # characters: longer cells are not searched for definitions
CELL_MAGIC = re.compile(r"%%(\w+)")
RUNS_ITS_CELL = frozenset({"capture", "prun", "time"})
MAGIC = re.compile(r"^\s*[%!?]")


def defined_names(source: str) -> frozenset[str]:
    """Names of the functions and classes that a cell defines at its top level, and of what it assigns there.

    Lines with magics and shell commands are read as blank; a cell that does not parse defines nothing.
    """
    tree = _parse(source)
    return frozenset(name for node in tree.body for name in _bound(node)) if tree else frozenset()


def without_definitions(source: str, names: frozenset[str]) -> str:
    """The cell's text less the top-level statements that bind only names among `names`."""
    tree = _parse(source)
    if tree is None:
        return source
    dropped: set[int] = set()
    for node in tree.body:
        bound = _bound(node)
        if bound and bound <= names:
            dropped.update(_lines(node))
    return "\n".join(line for number, line in enumerate(source.split("\n"), 1) if number not in dropped)


def _parse(source: str) -> ast.Module | None:
    lines = source.split("\n")
    cell_magic = CELL_MAGIC.match(source.lstrip())
    if len(source) > MAX_READ or (cell_magic and cell_magic.group(1) not in RUNS_ITS_CELL):
        return None
    for text in (source, "\n".join("" if MAGIC.match(line) else line for line in lines)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "\d" in a student's string is not our concern
                return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _lines(node: ast.stmt) -> range:
    """Numbers of the lines that a statement fills, with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)])
    return range(first, (node.end_lineno or first) + 1)


def _bound(node: ast.stmt) -> frozenset[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return frozenset({node.name})
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    stored = (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return frozenset(n.id for n in stored)
