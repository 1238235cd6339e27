"""What verification says of each answer key."""

from __future__ import annotations

import msgspec

__all__ = ["AnswerReport", "ExerciseReport", "UnitReport", "Verification"]

REQUIRED_SCORE = 0.95


class AnswerReport(msgspec.Struct, frozen=True, kw_only=True):
    """How one known answer was marked."""

    name: str
    kind: str  # "solution", "accepted", "rejected" or "stub"
    points: float
    failed: tuple[str, ...] = ()  # names of the parts that failed
    told: str = ""  # the diagnosis that a student would read
    problem: str = ""  # why this is not as it must be; empty when it is


class ExerciseReport(msgspec.Struct, frozen=True, kw_only=True):
    """One key against its own answers and the mutants of the solution."""

    exercise: str
    max_points: float
    answers: tuple[AnswerReport, ...]
    mutants: int = 0
    killed: int = 0
    equivalent: tuple[str, ...] = ()  # survivors that the key explains
    survivors: tuple[str, ...] = ()  # survivors that nobody explains
    stale: tuple[str, ...] = ()  # explained mutants that do not survive or do not exist
    seconds: float = 0.0

    @property
    def problems(self) -> tuple[str, ...]:
        found = [f"{a.kind} {a.name}: {a.problem}" for a in self.answers if a.problem]
        found += [f"mutant survives: {name}" for name in self.survivors]
        found += [f"explained as equivalent but killed or gone: {name}" for name in self.stale]
        return tuple(found)


class UnitReport(msgspec.Struct, frozen=True, kw_only=True):
    """All keys of a unit."""

    unit: str
    exercises: tuple[ExerciseReport, ...]

    @property
    def mutation_score(self) -> float:
        """Killed share of the mutants that are not equivalent; 1 when none were made."""
        made = sum(e.mutants - len(e.equivalent) for e in self.exercises)
        return sum(e.killed for e in self.exercises) / made if made else 1.0

    @property
    def sound(self) -> bool:
        return self.mutation_score >= REQUIRED_SCORE and not any(e.problems for e in self.exercises)


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The whole verification."""

    units: tuple[UnitReport, ...]
    isolation: str
    schema: int = 1

    @property
    def sound(self) -> bool:
        return all(u.sound for u in self.units)
