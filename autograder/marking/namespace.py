"""The names of a test cell that runs in the marker.

Looked up in this order: what locked and test cells define, modules (the marker's own), builtins, then the student's
sandbox. So a student who rebinds `np` or `abs` changes no test.
"""

from __future__ import annotations

import ast
import builtins
import importlib
from collections.abc import Iterable
from typing import Any

from autograder.marking.cellcode import binds, blank_magics, defines_only, parse
from autograder.marking.tested import Tested

__all__ = ["MODULES", "Namespace"]

# Modules that tests may find under a student's name without importing them themselves.
MODULES = frozenset(
    "bisect collections copy decimal fractions functools gymnasium heapq inspect itertools math matplotlib numbers "
    "numpy operator pandas pytest random re scipy sklearn statistics string sympy time torch types typing "
    "unittest".split()
)
USUAL = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "sp": "sympy", "nn": "torch.nn"}


class Namespace(dict[str, Any]):
    """Globals of the test cells of one notebook.

    Args:
        answers: gives the student's object of a name from the branch that is open now.
    """

    def __init__(self, answers: Any) -> None:
        super().__init__(__name__="__main__", __builtins__=builtins)
        self.answers = answers
        self.locked: dict[str, str] = {}  # name -> text of the locked cell that defines it
        self.imported: dict[str, str] = {}  # name -> "numpy" or "numpy.testing:assert_allclose", from student's cells

    def add_locked(self, source: str) -> None:
        """A locked cell was passed: its definitions are run here when a test needs them."""
        body = parse(source)
        if defines_only(body):
            for node in body:
                for name in binds(node):
                    self.pop(name, None)
                    self.locked[name] = source

    def add_own(self, source: str) -> None:
        """A student's cell was passed: its imports of known modules under known names are the marker's own."""
        for node in parse(source):
            for name, target in _imports(node):
                self.imported[name] = target

    def __missing__(self, name: str) -> Any:
        if name in self.locked:
            source = self.locked[name]
            self._forget(source)
            exec(compile(blank_magics(source), "<locked cell>", "exec"), self)
            return self[name]
        module = self._module(name)
        if module is not None:
            return module
        if hasattr(builtins, name):
            raise KeyError(name)
        return self.answers.get(name)

    def __delitem__(self, name: str) -> None:
        """`del name` in a test cell: of its own name, or of the student's in the branch that is open."""
        if name in self:
            super().__delitem__(name)
        else:
            self.answers.forget(name)

    def drop_standins(self) -> None:
        """Forget what a test cell kept of the student's objects: their branch is gone with the cell."""
        for name in [name for name, value in self.items() if isinstance(value, Tested)]:
            super().__delitem__(name)

    def used_answer(self) -> bool:
        """Has the test cell that runs now looked at anything of the student's?"""
        return bool(self.answers.used)

    def _forget(self, source: str) -> None:
        self.locked = {name: s for name, s in self.locked.items() if s is not source}

    def _module(self, name: str) -> Any:
        target = USUAL.get(name) or self.imported.get(name) or (name if name in ("math", "torch", "scipy") else "")
        if not target:
            return None
        module, _, attribute = target.partition(":")
        try:
            found = importlib.import_module(module)
            return getattr(found, attribute) if attribute else found
        except (ImportError, AttributeError):
            return None


def _imports(node: ast.stmt) -> Iterable[tuple[str, str]]:
    """Imports that name what they import: `import numpy.testing as npt`, `from math import isclose`, never renamed."""
    if isinstance(node, ast.Import):
        for a in node.names:
            if a.name.split(".")[0] in MODULES:
                yield (a.asname, a.name) if a.asname else (a.name.split(".")[0],) * 2
    elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        for a in node.names:
            if node.module.split(".")[0] in MODULES and a.name != "*" and a.asname in (None, a.name):
                yield a.name, f"{node.module}:{a.name}"
