"""Which forbidden names do the tested functions reach?

Followed by name, from the tested functions through every definition, import and assignment that they use. Code
that they do not reach, such as a plot, may use what it likes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from autograder.key import Bans
from autograder.marking.cellcode import of_trees, parse

__all__ = ["CodeCell", "Violation", "violation_message", "violations"]

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NAMING = (*DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)  # bind names, too


@dataclass(frozen=True)
class CodeCell:
    """Code of the graded notebook; `own` when the student wrote it."""

    cell: str
    text: str
    own: bool = True


@dataclass(frozen=True)
class Violation:
    """A forbidden name, as the student wrote it, and its place."""

    name: str
    cell: str
    line: int


@dataclass(frozen=True)
class _Statement:
    index: int
    node: ast.stmt
    cell: CodeCell
    certain: bool  # not inside if, for, try: replaces what the name meant before


def violation_message(found: Violation) -> str:
    return f"`{found.name}` may not be used in this exercise (cell {found.cell}, line {found.line})."


def violations(cells: Sequence[CodeCell], functions: Iterable[str], bans: Bans) -> list[Violation]:
    """Forbidden names that the functions reach, in order of place."""
    if not bans.modules and not bans.calls:
        return []
    program = _Program(cells, bans)
    for name in functions:
        program.reach(name, None)
    return sorted(program.found, key=lambda v: ([c.cell for c in cells].index(v.cell), v.line, v.name))


class _Program:
    def __init__(self, cells: Sequence[CodeCell], bans: Bans) -> None:
        self.bans = bans
        self.found: set[Violation] = set()
        self.bindings: dict[str, list[_Statement]] = {}
        self.stars: list[str] = []
        self.seen: set[tuple[int, bool]] = set()
        self.todo: list[tuple[str, int | None]] = []
        index = 0
        for cell in cells:
            for node, certain, names in _statements(cell.text):
                self._bind(_Statement(index, node, cell, certain), names)
                index += 1

    def _bind(self, statement: _Statement, names: frozenset[str]) -> None:
        node = statement.node
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            self.stars.append(node.module or "")
        for name in names:
            self.bindings.setdefault(name, []).append(statement)

    def reach(self, name: str, before: int | None) -> None:
        self.todo.append((name, before))
        while self.todo:
            name, before = self.todo.pop()
            for statement in self.meanings(name, before):
                self._visit(statement)

    def meanings(self, name: str, before: int | None) -> list[_Statement]:
        """The statements that may have given a name its value at a place (None: after the last cell)."""
        found = []
        for statement in reversed(self.bindings.get(name, [])):
            if before is not None and statement.index >= before:
                continue
            found.append(statement)
            if statement.certain and _replaces(statement.node, name):
                break
        return found

    def _visit(self, statement: _Statement) -> None:
        for node, late in _pieces(statement.node):
            if (id(node), late) in self.seen:
                continue
            self.seen.add((id(node), late))
            before = None if late else statement.index
            self._scan(node, statement, before)

    def _scan(self, node: ast.AST, statement: _Statement, before: int | None) -> None:
        scope = _Scope(self, node, before)
        for chain, written, line in _chains(node):
            if chain[0] not in scope.own or scope.own[chain[0]]:
                for full in scope.expand(chain):
                    if statement.cell.own and self.bans.forbids(full):
                        self.found.add(Violation(written, statement.cell.cell, line))
            if chain[0] not in scope.own:
                self.todo.append((chain[0], before))
        if node is not statement.node or isinstance(node, DEFINITIONS):
            self._imports(node, statement)

    def _imports(self, node: ast.AST, statement: _Statement) -> None:
        """Imports inside a reached definition."""
        for full, line in _within(node).imported:
            if statement.cell.own and self.bans.forbids(full):
                self.found.add(Violation(full, statement.cell.cell, line))


class _Scope:
    """What names mean inside one piece of code: its own imports and aliases, then the notebook's."""

    def __init__(self, program: _Program, node: ast.AST, before: int | None) -> None:
        self.program, self.before = program, before
        self.own: dict[str, set[str]] = {}  # name bound here -> dotted names it may stand for
        if isinstance(node, (*DEFINITIONS, ast.Lambda)):
            self._collect(node)

    def _collect(self, node: ast.AST) -> None:
        within = _within(node)
        self.own.update((name, set()) for name in within.names)
        for alias, full in within.aliases:
            self.own.setdefault(alias, set()).add(full)
        for name, chain in within.assigned:
            self.own[name] |= self.expand(chain)
        for name in within.globals:
            self.own.pop(name, None)

    def expand(self, chain: tuple[str, ...], depth: int = 0) -> set[str]:
        """Full dotted names that a chain such as ("np", "linalg", "solve") may stand for."""
        head, rest = chain[0], chain[1:]
        if head in self.own:
            return {".".join((full, *rest)) for full in self.own[head]}
        heads: set[str] = set()
        for statement in self.program.meanings(head, self.before):
            heads |= self._head(head, statement, depth)
        if not heads and head not in self.program.bindings:
            heads = {head} | {f"{module}.{head}" for module in self.program.stars}
        return {".".join((full, *rest)) for full in heads}

    def _head(self, head: str, statement: _Statement, depth: int) -> set[str]:
        node = statement.node
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return {full for alias, full in _aliases(node) if alias == head}
        if isinstance(node, ast.Assign) and _replaces(node, head) and depth < 100 and (chain := _chain(node.value)):
            outer = _Scope(self.program, node, statement.index)
            return outer.expand(chain, depth + 1)
        return set()


@of_trees
@lru_cache(maxsize=1024)  # each exercise of a notebook looks at all cells before it
def _statements(text: str) -> tuple[tuple[ast.stmt, bool, frozenset[str]], ...]:
    """A cell's statements, whether they certainly run, and the names that they bind."""
    return tuple((node, certain, frozenset(_bound(node))) for node, certain in _flatten(parse(text), True))


def _flatten(body: Sequence[ast.stmt], certain: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Statements in order, those of if, for, while, with and try one by one."""
    for node in body:
        yield node, certain
        if isinstance(node, DEFINITIONS):
            continue
        inner = certain and isinstance(node, (ast.With, ast.AsyncWith))
        for field in ("body", "orelse", "finalbody"):
            yield from _flatten(getattr(node, field, []), inner)
        for block in (*getattr(node, "handlers", []), *getattr(node, "cases", [])):
            yield from _flatten(block.body, False)


def _bound(node: ast.stmt) -> set[str]:
    """Names that a statement at the top of a notebook gives a meaning."""
    if isinstance(node, DEFINITIONS):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias for alias, _ in _aliases(node)}
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Delete)):
        targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [node.target]
        return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and _is_root(t, n)}
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
    if isinstance(node, (ast.With, ast.AsyncWith)):
        targets = [i.optional_vars for i in node.items if i.optional_vars]
        return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr) and isinstance(n.target, ast.Name)}


def _is_root(target: ast.expr, name: ast.Name) -> bool:
    """Is the name what is assigned to, or the object whose attribute or item is, rather than an index?"""
    if isinstance(target, (ast.Tuple, ast.List)):
        return any(_is_root(t, name) for t in target.elts)
    while isinstance(target, (ast.Attribute, ast.Subscript, ast.Starred)):
        target = target.value
    return target is name


def _replaces(node: ast.stmt, name: str) -> bool:
    if isinstance(node, (*DEFINITIONS, ast.Import, ast.ImportFrom)):
        return not (isinstance(node, ast.Import) and any("." in a.name and not a.asname for a in node.names))
    if isinstance(node, ast.Assign):
        plain = [e for t in node.targets for e in (t.elts if isinstance(t, (ast.Tuple, ast.List)) else [t])]
        return any(isinstance(t, ast.Name) and t.id == name for t in plain)
    return False


def _pieces(node: ast.stmt) -> list[tuple[ast.AST, bool]]:
    """Parts of a reached statement, and whether they run late: when called, not when the cell ran."""
    if isinstance(node, ast.ClassDef):
        return [(node, False), (node, True)]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        eager = [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        return [(node, True), *((e, False) for e in eager)]
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return [(node.iter, False)]
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return [(i.context_expr, False) for i in node.items]
    lambdas = [n for n in ast.walk(node) if isinstance(n, ast.Lambda)]
    return [(node, False), *((n, True) for n in lambdas)]


def _aliases(node: ast.Import | ast.ImportFrom) -> list[tuple[str, str]]:
    if isinstance(node, ast.ImportFrom):
        return [(a.asname or a.name, f"{node.module or ''}.{a.name}") for a in node.names if a.name != "*"]
    return [(a.asname, a.name) if a.asname else (a.name.split(".")[0], a.name.split(".")[0]) for a in node.names]


def _imported(node: ast.AST) -> list[tuple[str, int]]:
    """Modules that an import statement, `__import__("x")` or `import_module("x")` names."""
    if isinstance(node, ast.Import):
        return [(a.name, node.lineno) for a in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(f"{node.module or ''}.{a.name}", node.lineno) for a in node.names]
    return []


def _chain(node: ast.AST) -> tuple[str, ...]:
    """("np", "linalg", "solve") of np.linalg.solve or getattr(np.linalg, "solve"); () of anything else."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute) and (inner := _chain(node.value)):
        return (*inner, node.attr)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
        match node.args:
            case [owner, ast.Constant(value=str(name)), *_] if inner := _chain(owner):
                return (*inner, name)
    return ()


@dataclass(frozen=True)
class _Within:
    """What a piece of code binds and imports, its inner definitions included."""

    names: frozenset[str]
    aliases: tuple[tuple[str, str], ...]  # of imports: name, dotted name
    assigned: tuple[tuple[str, tuple[str, ...]], ...]  # name, dotted name that it stands for
    globals: frozenset[str]
    imported: tuple[tuple[str, int], ...]  # module, line


@of_trees
@lru_cache(maxsize=4096)
def _within(node: ast.AST) -> _Within:
    names: set[str] = set()
    aliases: list[tuple[str, str]] = []
    assigned: list[tuple[str, tuple[str, ...]]] = []
    globals_: set[str] = set()
    imported: list[tuple[str, int]] = []
    methods = {n for c in ast.walk(node) if isinstance(c, ast.ClassDef) for n in c.body}  # not seen by what is inside
    for n in ast.walk(node):
        if isinstance(n, ast.arg):
            names.add(n.arg)
        elif isinstance(n, ast.Name):
            if isinstance(n.ctx, ast.Store):
                names.add(n.id)
        elif isinstance(n, NAMING):
            if n is not node and n not in methods and (name := n.rest if isinstance(n, ast.MatchMapping) else n.name):
                names.add(name)
        elif isinstance(n, (ast.Import, ast.ImportFrom)):
            aliases += _aliases(n)
            imported += _imported(n)
        elif isinstance(n, ast.Assign):
            chain = _chain(n.value)
            targets = [t.id for t in n.targets if isinstance(t, ast.Name)]
            assigned += [(name, chain) for name in targets if chain and chain[0] != name]
        elif isinstance(n, ast.Global):
            globals_.update(n.names)
    return _Within(frozenset(names), tuple(aliases), tuple(assigned), frozenset(globals_), tuple(imported))


@of_trees
@lru_cache(maxsize=4096)
def _chains(node: ast.AST) -> tuple[tuple[tuple[str, ...], str, int], ...]:
    """The longest dotted names read in a piece of code, as written, with their lines."""
    return tuple(_found_chains(node))


def _found_chains(node: ast.AST) -> Iterator[tuple[tuple[str, ...], str, int]]:
    todo: list[ast.AST] = [node]
    while todo:
        n = todo.pop()
        chain = _chain(n)
        if chain and not (isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)):
            yield chain, ".".join(chain), n.lineno  # type: ignore[attr-defined]
            if isinstance(n, ast.Call):
                todo.extend(n.args[2:])
            continue
        todo.extend(ast.iter_child_nodes(n))
