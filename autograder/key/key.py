"""The answer key of an exercise: its parts, and the answers that prove them.

key = Key("unit02_logistic/softmax", reference=softmax, bans=N0)

@key.part("core", weight=5, feedback="Try logits of size 1000.")
def agrees_with_the_reference(answer, rng): ...

@key.accept
def by_log_sum_exp(z): ...

@key.reject("Subtract each row's maximum first.", fails=["agrees_with_the_reference"])
def without_shift(z): ...
"""

from __future__ import annotations

import hashlib
import inspect
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from autograder.errors import KeyFault
from autograder.key.bans import Bans

__all__ = ["Key", "Part", "Variant"]

KINDS = ("worked", "core", "edge")
T = TypeVar("T", bound=Callable[..., Any])


@dataclass(frozen=True)
class Part:
    """One named, weighted check: `check(answer, rng)` raises Mismatch when the answer is wrong."""

    name: str
    kind: str
    weight: float
    check: Callable[..., None]
    show: bool = False  # the inputs are public: values may be shown
    feedback: str = ""  # a hint, added to the message on FAIL; of an edge only where no other kind of part fails


@dataclass(frozen=True)
class Variant:
    """An accepted or rejected answer: what replaces which of the exercise's functions."""

    name: str
    targets: Mapping[str, Any]  # function name -> its replacement
    source: Any  # the decorated function or class
    sentence: str = ""  # the diagnosis; empty for an accepted answer
    fails: frozenset[str] = field(default_factory=frozenset)  # exactly the parts that it fails


class Key:
    """What `autograder.mark(exercise_id, ...)` checks.

    Args:
        exercise_id: "unit/exercise"; the key lies in `solutions/unit/exercise.py`.
        reference: the reference function or class, or several by the names that students define.
            A single one is asked for under its own name.
        bans: modules and calls that the exercise forbids.
        given: functions of earlier exercises that an answer may call, by the names that students gave them. A part
            that fails is run once more with these in their place: a mistake in an earlier exercise costs that one only.
    """

    def __init__(
        self,
        exercise_id: str,
        *,
        reference: Any,
        bans: Bans | None = None,
        given: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.file = Path(sys._getframe(1).f_code.co_filename)
        self.id = exercise_id
        self.bans = bans if bans is not None else Bans()
        self.given = dict(given or {})
        self.parts: list[Part] = []
        self.accepted: list[Variant] = []
        self.rejected: list[Variant] = []
        self.equivalents: dict[str, str] = {}
        if exercise_id.count("/") != 1 or not all(s.isidentifier() for s in exercise_id.split("/")):
            raise self._fault(exercise_id, "as id", '"unit/exercise"')
        self.references = self._references(reference)
        self.version = ""  # digest of the key's file and of the reference's files that it uses; set when loaded

    def _references(self, reference: Any) -> dict[str, Any]:
        named = dict(reference) if isinstance(reference, Mapping) else {getattr(reference, "__name__", ""): reference}
        for name, function in named.items():
            if not callable(function) or not str(name).isidentifier():
                raise self._fault(f"{name}={function!r}", "as reference", "a function or class with a name")
        if not named:
            raise self._fault("none", "as reference", "at least one function")
        return named

    @property
    def functions(self) -> tuple[str, ...]:
        """The names that the student defines."""
        return tuple(self.references)

    @property
    def points(self) -> float:
        return math.fsum(p.weight for p in self.parts)

    def part(
        self, kind: str = "core", *, weight: float, show: bool | None = None, feedback: str = ""
    ) -> Callable[[T], T]:
        """Declare a check. `show` (default: for worked parts) says that inputs are public and values may be shown."""

        def add(check: T) -> T:
            name = check.__name__
            self._refuse_part(name, kind, weight, check)
            public = kind == "worked" if show is None else show
            self.parts.append(Part(name, kind, float(weight), check, public, feedback))
            return check

        return add

    def _refuse_part(self, name: str, kind: str, weight: Any, check: Callable[..., Any]) -> None:
        if kind not in KINDS:
            raise self._fault(f'kind "{kind}"', f"in part {name}", "one of " + ", ".join(KINDS))
        if type(weight) not in (int, float) or not 0 < weight < math.inf:
            raise self._fault(f"weight {weight!r}", f"in part {name}", "a number above 0")
        if name in (p.name for p in self.parts):
            raise self._fault(f"part {name} twice", "", "each name once")
        if list(inspect.signature(check).parameters)[:2] != ["answer", "rng"]:
            raise self._fault(f"other arguments of part {name}", "", f"def {name}(answer, rng)")

    def accept(self, target: Any) -> Any:
        """Declare a right answer: `@key.accept`, or `@key.accept("softmax")` for one of several functions."""
        if not isinstance(target, str):
            self._add(self.accepted, target, "", (), None)
            return target
        return lambda source: self._add(self.accepted, source, "", (), target)

    def reject(self, sentence: str, *, fails: Iterable[str], function: str | None = None) -> Callable[[T], T]:
        """Declare a wrong answer, the sentence that names its mistake, and exactly the parts that it fails."""
        if isinstance(fails, str) or not isinstance(sentence, str) or not sentence.strip():
            raise self._fault("an answer", "without sentence or list", '@key.reject("sentence", fails=["part"])')
        return lambda source: self._add(self.rejected, source, sentence, fails, function)

    def equivalent(self, mutant: str, reason: str) -> None:
        """Declare that a surviving mutant of the solution, as verify prints it, changes nothing observable."""
        if not reason.strip() or mutant in self.equivalents:
            raise self._fault(f"mutant {mutant!r}", "twice or without reason", "each once, with a reason")
        self.equivalents[mutant] = reason

    def _add(self, where: list[Variant], source: Any, sentence: str, fails: Iterable[str], function: str | None) -> Any:
        name = getattr(source, "__name__", repr(source))
        if name in (v.name for v in (*self.accepted, *self.rejected)):
            raise self._fault(f"answer {name} twice", "", "each name once")
        where.append(Variant(name, self._targets(name, source, function), source, sentence, frozenset(fails)))
        return source

    def _targets(self, name: str, source: Any, function: str | None) -> dict[str, Any]:
        if isinstance(source, type) and function is None:
            members = {n: getattr(source, n) for n in vars(source) if not n.startswith("__")}
            if members and members.keys() <= self.references.keys():
                return members
        target = function or (self.functions[0] if len(self.functions) == 1 else None)
        if target not in self.references:
            names = ", ".join(self.functions)
            raise self._fault(f"answer {name} for {target}", "", f'function="..." with one of {names}')
        return {target: source}

    def finish(self) -> None:
        """The file was read to its end: refuse declarations that do not fit together, fix the version."""
        names = {p.name for p in self.parts}
        if not names:
            raise self._fault("no part", "", "at least one @key.part")
        for variant in self.rejected:
            unknown = variant.fails - names
            if unknown or not variant.fails:
                got = f"fails={sorted(variant.fails)}"
                raise self._fault(got, f"in answer {variant.name}", f"some of {', '.join(sorted(names))}")
        self.version = self._digest()

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for path in [self.file, *sorted(self._reference_files())]:
            digest.update(path.read_bytes() + b"\0")
        return digest.hexdigest()

    def _reference_files(self) -> set[Path]:
        packages = {_top(f) for f in self.references.values()} - {"autograder", "builtins", "numpy", "torch"}
        names = [v for p in self.parts for v in p.check.__globals__.values()]
        files = (_file(v) for v in (*names, *self.references.values()) if _top(v) in packages)
        return {f for f in files if f is not None and f != self.file}

    def _fault(self, got: str, place: str, expected: str) -> KeyFault:
        return KeyFault(f"{self.file}, key {self.id}: got {got}{' ' + place if place else ''}, expected {expected}.")


def _module(value: Any) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    name = getattr(value, "__module__", "") if callable(value) else ""
    return name if isinstance(name, str) else ""


def _top(value: Any) -> str:
    return _module(value).split(".")[0]


def _file(value: Any) -> Path | None:
    path = getattr(sys.modules.get(_module(value)), "__file__", None)
    return Path(path) if path else None
