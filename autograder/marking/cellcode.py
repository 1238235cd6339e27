"""The code of a cell as Python: magics set aside, names that it binds, whether it only defines."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

__all__ = ["binds", "blank_magics", "defines", "defines_only", "forget_trees", "of_trees", "parse", "rebinds", "text"]

TREES = 2**18  # characters of cells whose trees are kept from one notebook to the next
_characters = 0  # of those that are kept
_forget: list[Callable[[], None]] = []
PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DEFINING = (*DEFINITIONS, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Pass)


def text(cell: dict[str, Any]) -> str:
    """A cell's source; nbformat allows a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def blank_magics(source: str) -> str:
    """The source with magics and shell lines as `pass`; a cell in another language is empty."""
    lines = source.split("\n")
    if lines[0].strip().startswith("%%") and not lines[0].strip().startswith(PYTHON_MAGICS):
        return ""
    return "\n".join(_blank(line) if line.lstrip().startswith(("%", "!", "?")) else line for line in lines)


def _blank(line: str) -> str:
    return line[: len(line) - len(line.lstrip())] + "pass"


class _Cached(Protocol):
    def cache_clear(self) -> None: ...


Cached = TypeVar("Cached", bound=_Cached)


def of_trees(kept: Cached) -> Cached:
    """What is kept here goes with the trees that it was found in."""
    _forget.append(kept.cache_clear)
    return kept


def forget_trees() -> None:
    """Between two notebooks: let the trees go, should they be many. One takes 40 to 300 bytes a character."""
    global _characters
    if _characters > TREES:
        _characters = 0
        for clear in _forget:
            clear()


@of_trees
@lru_cache(maxsize=1024)  # the lecturer's cells come with every submission
def parse(source: str) -> tuple[ast.stmt, ...]:
    """The statements of a cell, none when it is not Python. They are shared: nobody changes them."""
    global _characters
    _characters += len(source)
    try:
        return tuple(ast.parse(blank_magics(source)).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


def defines_only(body: Sequence[ast.stmt]) -> bool:
    """Does the cell only import, define and assign? A docstring may stand in it."""
    return all(
        isinstance(node, DEFINING) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in body
    )


def binds(node: ast.stmt) -> set[str]:
    """Names that a defining statement gives a meaning."""
    if isinstance(node, DEFINITIONS):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {a.asname or a.name.split(".")[0] for a in node.names}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def defines(body: Sequence[ast.stmt]) -> set[str]:
    """Names of the functions and classes of a cell."""
    return {node.name for node in body if isinstance(node, DEFINITIONS)}


@of_trees
@lru_cache(maxsize=1024)  # of the lecturer's cells, as `parse`
def rebinds(body: tuple[ast.stmt, ...]) -> frozenset[str]:
    """Names that a cell gives another value as it happens, but for `f = vectorize(f)`, which means the old one."""
    plain = [node for node in body if not isinstance(node, (*DEFINITIONS, ast.Import, ast.ImportFrom))]
    found: set[str] = set().union(*map(binds, plain))
    for node in (n for statement in plain for n in ast.walk(statement)):
        if isinstance(node, ast.Assign):
            found -= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)} & binds(node)
    return frozenset(found)
