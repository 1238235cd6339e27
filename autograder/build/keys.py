"""The answer keys of a unit, as far as building needs them."""

from __future__ import annotations

from autograder.course import Course
from autograder.errors import KeyFault
from autograder.key import Key, load_key

__all__ = ["key_names", "unit_keys"]


def key_names(course: Course, unit: str) -> list[str]:
    """Exercises of the unit that have an answer key, in order."""
    return sorted(p.stem for p in (course.solutions / unit).glob("*.py") if not p.stem.startswith("_"))


def unit_keys(course: Course, unit: str) -> tuple[dict[str, Key], list[str]]:
    """The answer keys of the unit by exercise, and a sentence for each that cannot be read."""
    keys, faults = {}, []
    for name in key_names(course, unit):
        try:
            keys[name] = load_key(course.solutions, f"{unit}/{name}")
        except KeyFault as fault:
            faults.append(str(fault))
    return keys, faults
