"""The outcome of the demonstration for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.demo.account import Special
from autograder.demo.run import Demo

__all__ = ["as_text"]


def as_text(demo: Demo) -> str:
    """How the class was graded, whether that was just, how long it took, where to look."""
    return "\n".join(line for block in (_units(demo), _specials(demo), _times(demo), _paths(demo)) for line in block)


def _units(demo: Demo) -> Iterator[str]:
    for unit, account in demo.accounts.items():
        yield f"{unit}: {account.students} students, {account.exercises} exercises marked"
        yield from _rows(
            [
                ("right answers with full marks", account.right_full, account.right),
                ("wrong answers that lost what their mistake costs", account.wrong_caught, account.wrong),
                ("  ... and were told that mistake", account.wrong_told, account.wrong),
                ("untouched exercises with 0 points", account.untouched_zero, account.untouched),
            ]
        )
        yield ""


def _rows(rows: list[tuple[str, int, int]]) -> Iterator[str]:
    for label, got, of in rows:
        yield f"  {label:<52}{got:>5} of {of}"


def _specials(demo: Demo) -> Iterator[str]:
    yield "attacks and accidents, beside what the answers alone deserve"
    yield from _kind("attack", [special for account in demo.accounts.values() for special in account.attacks])
    yield from _kind("accident", [special for account in demo.accounts.values() for special in account.accidents])
    yield ""


def _kind(kind: str, specials: list[Special]) -> Iterator[str]:
    for special in sorted(specials, key=lambda s: s.what):
        gained = "" if special.points <= special.deserved else "   GAINED"
        label = f"{kind}: {special.what}"
        yield f"  {label:<52}{special.points:>5g} of {special.deserved:g}{gained}"


def _times(demo: Demo) -> Iterator[str]:
    steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in demo.seconds.items())
    yield f"Time: {steps}."
    if demo.unchanged:
        yield (
            f"{demo.unchanged} of {demo.students} submissions were left alone: graded by an earlier demonstration, and "
            "unchanged. --force grades them again."
        )
    yield f"Isolation of students' code: {demo.isolation}."
    yield ""


def _paths(demo: Demo) -> Iterator[str]:
    yield "Look at"
    for what, path in demo.look_at.items():
        yield f"  {what:<30}{path}"
