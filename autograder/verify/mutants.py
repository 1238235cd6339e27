"""Small, machine-made mistakes in a solution: does the key notice each of them?

A mutant is the solution with one place changed in a way that students' mistakes resemble: an operator, a
constant, an axis, a missing term or factor, a bound off by one, swapped arguments, a forgotten copy. It is named by the
expression before and after, so that its name survives reformatting and can be quoted in a key's `equivalent`.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator

import msgspec

__all__ = ["Mutant", "mutants"]

_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
}
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
_NAMES = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
    "maximum": "minimum",
    "minimum": "maximum",
    "exp": "expm1",
    "log": "log1p",
    "log1p": "log",
    "floor": "ceil",
    "ceil": "floor",
    "zeros": "ones",
    "ones": "zeros",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
}
_FORGETTABLE = {"copy", "astype", "reshape", "ravel"}  # x.copy() -> x


class Mutant(msgspec.Struct, frozen=True):
    """A solution with one change.

    Args:
        name: "before -> after", with " [2]" for the second place of the same change.
        source: text of the whole changed cell.
    """

    name: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a solution cell, in the order of its text.

    Args:
        source: Python text that defines the solution; docstrings and annotations are left alone.

    Returns:
        Mutants with distinct names, none equal to the original.
    """
    tree = ast.parse(source)
    original = ast.unparse(tree)
    seen: Counter[str] = Counter()
    found: list[Mutant] = []
    places = list(_places(tree))
    for index, place in enumerate(places):
        for changed in _changes(place):
            mutated = _replace(tree, index, changed)
            text = ast.unparse(ast.fix_missing_locations(mutated))
            if text == original:
                continue
            name = f"{ast.unparse(place)} -> {ast.unparse(changed)}"
            seen[name] += 1
            found.append(Mutant(name if seen[name] == 1 else f"{name} [{seen[name]}]", text))
    return found


def _places(tree: ast.Module) -> Iterator[ast.AST]:
    """Nodes that can be changed, in the order of the text; the same for a deep copy of the tree."""
    skipped = {id(part) for node in ast.walk(tree) for part in _left_alone(node)}
    for node in _walk(tree, skipped):
        if isinstance(node, ast.expr | ast.AugAssign):
            yield node


def _left_alone(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, annotations, decorators, raised errors: changing them changes no answer."""
    if isinstance(node, ast.FunctionDef):
        yield from node.decorator_list
        yield from (a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg) and a.annotation)
        if node.returns:
            yield node.returns
    if isinstance(node, ast.AnnAssign):
        yield node.annotation
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.Raise | ast.Assert):
        yield node


def _walk(node: ast.AST, skipped: set[int]) -> Iterator[ast.AST]:
    if id(node) in skipped:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, skipped)


def _replace(tree: ast.Module, index: int, changed: ast.AST) -> ast.Module:
    """A copy of the tree in which the place of this index is `changed`."""
    clone = copy.deepcopy(tree)
    target = list(_places(clone))[index]

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return changed if node is target else self.generic_visit(node)

    mutated = Swap().visit(clone)
    assert isinstance(mutated, ast.Module)
    return mutated


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp):
        yield from _binary(node)
    elif isinstance(node, ast.AugAssign):
        for op in _OPERATORS.get(type(node.op), ()):
            yield ast.AugAssign(node.target, op(), node.value)
        yield ast.Pass()
    elif isinstance(node, ast.Compare):
        for comparison in _COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [comparison(), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Constant):
        yield from _constant(node)
    elif isinstance(node, ast.Attribute):
        yield from _attribute(node)
    elif isinstance(node, ast.Call):
        yield from _call(node)


def _binary(node: ast.BinOp) -> Iterator[ast.expr]:
    for op in _OPERATORS.get(type(node.op), ()):
        yield ast.BinOp(node.left, op(), node.right)
    if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        yield node.left  # the term or factor on the right is missing
    if isinstance(node.op, ast.Add | ast.Mult):
        yield node.right


def _constant(node: ast.Constant) -> Iterator[ast.expr]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(2 * value if value else 1.0)


def _attribute(node: ast.Attribute) -> Iterator[ast.expr]:
    if node.attr == "T":
        yield node.value
    elif node.attr in _NAMES:
        yield ast.Attribute(node.value, _NAMES[node.attr], node.ctx)


def _call(node: ast.Call) -> Iterator[ast.expr]:
    if isinstance(node.func, ast.Attribute) and node.func.attr in _FORGETTABLE:
        yield node.func.value
    if isinstance(node.func, ast.Name) and node.func.id in _NAMES:
        yield ast.Call(ast.Name(_NAMES[node.func.id]), node.args, node.keywords)
    if len(node.args) >= 2 and not isinstance(node.args[0], ast.Starred) and not isinstance(node.args[1], ast.Starred):
        yield ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
    for i in range(len(node.keywords)):
        if node.keywords[i].arg is not None:  # f(x, axis=1) -> f(x)
            yield ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])
