"""A verification as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.verify.report import REQUIRED_SCORE, ExerciseReport, UnitReport, Verification

__all__ = ["as_text"]


def as_text(verification: Verification) -> str:
    """One line an exercise, what is wrong below it, a summary for each unit."""
    return "\n".join(line for unit in verification.units for line in _unit(unit))


def _unit(unit: UnitReport) -> Iterator[str]:
    width = max((len(e.exercise) for e in unit.exercises), default=0)
    for exercise in unit.exercises:
        yield f"{exercise.exercise:{width}}  {_counts(exercise)}"
        yield from (f"    {problem}" for problem in exercise.problems)
    word = "sound" if unit.sound else "NOT SOUND"
    made, killed = (sum(getattr(e, n) for e in unit.exercises) for n in ("mutants", "killed"))
    explained = sum(len(e.equivalent) for e in unit.exercises)
    yield (
        f"{unit.unit}: {word}. {killed} of {made} mutants killed, {explained} explained as equivalent: "
        f"mutation score {unit.mutation_score:.1%} (at least {REQUIRED_SCORE:.0%} is required)."
    )


def _counts(exercise: ExerciseReport) -> str:
    def good(kind: str) -> str:
        answers = [a for a in exercise.answers if a.kind == kind]
        return f"{sum(not a.problem for a in answers)}/{len(answers)}"

    return (
        f"accepted {good('accepted')}  rejected {good('rejected')}  "
        f"mutants {exercise.killed}/{exercise.mutants - len(exercise.equivalent)}  {exercise.seconds:5.1f} s"
    )
