"""Graded test cells: the mark line, the comment that says what counts, the value a cell ends with."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from autograder.build.markers import HIDDEN, regions

__all__ = ["marked_exercises", "parse_cell", "points_comment", "tail_problem", "with_points_comment"]

ARRAY_LIBRARIES = frozenset({"np", "numpy", "torch", "jnp", "scipy", "pd", "pandas"})


def parse_cell(source: str) -> ast.Module:
    """The syntax tree of a cell; IPython's magics are read as IPython reads them."""
    return ast.parse(TransformerManager().transform_cell(source))


def marked_exercises(source: str) -> list[str]:
    """The exercises named by calls of `mark` in a test cell, in order; "" for a name that is not a string."""
    found = []
    for node in ast.walk(parse_cell(source)):
        if isinstance(node, ast.Call) and last_name(node.func) == "mark":
            first = node.args[0] if node.args else None
            found.append(first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else "")
    return found


def last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def first_name(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def tail_problem(source: str) -> str:
    """What a cell's last line shows that stock nbgrader would take for full marks; "" when nothing.

    nbgrader reads the value that a test cell shows as its points. True, a NumPy number, a tensor and
    NaN are no `float` to it, and then it gives all points whatever the value was.
    """
    body = parse_cell(source).body
    if not body or not isinstance(body[-1], ast.Expr):
        return ""
    tail = body[-1].value
    text = ast.unparse(tail)
    if isinstance(tail, ast.Compare | ast.BoolOp) or (isinstance(tail, ast.UnaryOp) and isinstance(tail.op, ast.Not)):
        return f"the truth value of `{text}` as last line"
    if isinstance(tail, ast.Constant) and isinstance(tail.value, bool):
        return f"`{text}` as last line"
    if any(isinstance(n, ast.expr) and first_name(n) in ARRAY_LIBRARIES for n in ast.walk(tail)):
        return f"the array value of `{text}` as last line"
    if isinstance(tail, ast.Call) and last_name(tail.func) in ("bool", "all", "any", "isinstance", "allclose"):
        return f"the truth value of `{text}` as last line"
    return ""


def points_comment(points: float, parts: Iterable[Any], width: int = 100) -> str:
    """`# 8 points: worked example 1, agrees with the reference 5, ...`, folded at `width`."""
    named = ", ".join(f"{part.name.replace('_', ' ')} {part.weight:g}" for part in parts)
    text = f"{points:g} point{'' if points == 1 else 's'}: {named}"
    return "\n".join(textwrap.wrap(text, width, initial_indent="# ", subsequent_indent="#   "))


def with_points_comment(source: str, comment: str) -> str:
    """The test cell with the comment in front of its hidden region, where students can read it."""
    lines = source.split("\n")
    at = next(r.first for r in regions(source) if r.kind == HIDDEN)
    return "\n".join([*lines[:at], *comment.split("\n"), *lines[at:]])
