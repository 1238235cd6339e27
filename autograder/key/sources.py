"""An accepted or rejected answer as the text of a student's cell."""

from __future__ import annotations

import ast
import builtins
from typing import Any

from autograder.errors import KeyFault
from autograder.key.key import Key, Variant

__all__ = ["as_cell"]

ASSUMED = {"import numpy as np"}  # every notebook imports it
STAFF = ("autograder", "dlmath_ref", "solutions")

Definition = ast.FunctionDef | ast.ClassDef


def as_cell(key: Key, answer: Variant) -> str:
    """The source of a cell that defines what the answer replaces, with the key file's own helpers that it uses.

    Raises:
        KeyFault: the answer uses a name that students do not have.
    """
    top = ast.parse(key.file.read_text(encoding="utf-8")).body
    module = {name: node for node in top for name in _binds(node)}
    node = module.get(answer.name)
    if not isinstance(node, Definition):
        raise KeyFault(f"{key.file}: answer {answer.name}: got no definition, expected one in the file.")
    wanted = _renamed(node, answer)
    helpers = _helpers(key, answer, wanted, module)
    ordered = [n for n in top if n in helpers]
    imports = [n for n in ordered if isinstance(n, (ast.Import, ast.ImportFrom))]
    rest = [n for n in ordered if n not in imports]
    lines = [ast.unparse(n) for n in imports]
    lines = [line for line in lines if line not in ASSUMED]
    return "\n\n".join(["\n".join(lines)] * bool(lines) + [ast.unparse(n) for n in (*rest, *wanted)]) + "\n"


def _binds(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Import):
        return [a.asname or a.name.split(".")[0] for a in node.names]
    if isinstance(node, ast.ImportFrom):
        return [a.asname or a.name for a in node.names]
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return []


def _renamed(node: Definition, answer: Variant) -> list[Definition]:
    """The definitions under the names of the exercise."""
    if set(answer.targets) == {n for m in node.body for n in _binds(m)} and isinstance(node, ast.ClassDef):
        inner = [m for m in node.body if isinstance(m, Definition)]
        return [_undecorated(m, {"staticmethod"}) for m in inner]
    (target,) = answer.targets
    return [_Rename(answer.name, target).visit(_undecorated(node, None))]


def _undecorated(node: Definition, drop: set[str] | None) -> Definition:
    """Without the key's decorators: all that mention the key, or those named."""
    keep = []
    for d in node.decorator_list:
        names = {n.id for n in ast.walk(d) if isinstance(n, ast.Name)}
        called = d.func if isinstance(d, ast.Call) else d
        declares = isinstance(called, ast.Attribute) and called.attr in ("accept", "reject")
        if not (declares if drop is None else names & drop):
            keep.append(d)
    node.decorator_list = keep
    return node


class _Rename(ast.NodeTransformer):
    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id == self.old:
            node.id = self.new
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        return self._definition(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        return self._definition(node)

    def _definition(self, node: Definition) -> Any:
        if node.name == self.old:
            node.name = self.new
        return self.generic_visit(node)


def _helpers(key: Key, answer: Variant, wanted: list[Definition], module: dict[str, ast.stmt]) -> set[ast.stmt]:
    """Statements of the key file that the definitions use, directly or through another."""
    found: set[ast.stmt] = set()
    todo: list[ast.AST] = list(wanted)
    while todo:
        for name in _free(todo.pop()):
            node = module.get(name)
            if node is None or node in found or name in answer.targets:
                continue
            _refuse_staff(key, answer, name, node)
            if isinstance(node, Definition):
                _undecorated(node, None)
            found.add(node)
            todo.append(node)
    return found


def _free(node: ast.AST) -> set[str]:
    """Names read in a definition that it does not bind itself."""
    bound: set[str] = set()
    read: set[str] = set()
    for n in ast.walk(node):
        if isinstance(n, ast.Name):
            (bound if isinstance(n.ctx, ast.Store) else read).add(n.id)
        elif isinstance(n, ast.arg):
            bound.add(n.arg)
        elif isinstance(n, (ast.FunctionDef, ast.ClassDef)):
            bound.add(n.name)
        elif isinstance(n, (ast.Import, ast.ImportFrom)):
            bound.update(_binds(n))
    return read - bound - set(dir(builtins))


def _refuse_staff(key: Key, answer: Variant, name: str, node: ast.stmt) -> None:
    modules: list[str] = []
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    elif isinstance(node, ast.Import):
        modules = [a.name for a in node.names]
    uses_key = isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and name == "key"
    if uses_key or any(m.split(".")[0] in STAFF for m in modules):
        raise KeyFault(
            f"{key.file}: answer {answer.name}: got the name {name}, expected only numpy, plain imports and "
            "functions of this file. Students do not have it."
        )
