"""How long each submission took, read from when a grader said what while it worked through many of them."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from measure import Cost

__all__ = ["CHUNK", "Rhythm", "by_name", "by_progress", "curve", "whole"]

STUDENT = re.compile(r"student\d{4,}")
CHUNK = 32  # submissions that are recorded together: a span holds at least so many


@dataclass(frozen=True)
class Rhythm:
    """Seconds of one submission in several spans of a run, and the seconds before the first."""

    each: tuple[float, ...]
    before: float

    @property
    def median(self) -> float:
        return statistics.median(self.each)


def by_name(cost: Cost) -> Rhythm:
    """Of a program that names a student when it begins with one; the last one's end is not known and not counted."""
    firsts: dict[str, float] = {}
    for at, line in cost.lines:
        for name in STUDENT.findall(line):
            firsts.setdefault(name, at)
    times = list(firsts.values())
    if len(times) < 2:
        raise ValueError(f"got {len(times)} students in the log, expected two or more.")
    return Rhythm(tuple(b - a for a, b in pairwise(times)), times[0])


def by_progress(cost: Cost, least: int = CHUNK) -> Rhythm:
    """Of `autograder --progress json`: spans of at least so many submissions; a short run whole, start-up too."""
    points = curve(cost)
    if len(points) == 1:
        return Rhythm((cost.seconds / points[0][1],), 0.0)
    spans, start = [], points[0]
    for point in points[1:]:
        if point[1] - start[1] >= least or (point is points[-1] and not spans):
            spans.append((point[0] - start[0]) / (point[1] - start[1]))
            start = point
    first = points[0]
    before = first[0] - first[1] * statistics.median(spans)
    return Rhythm(tuple(spans), max(0.0, before))


def curve(cost: Cost) -> list[tuple[float, int]]:
    """Seconds and submissions done, whenever something was said."""
    points = []
    for at, line in cost.lines:
        if line.startswith('{"progress"'):
            points.append((at, int(json.loads(line)["done"])))
    if not points:
        raise ValueError("got no line of progress, expected some: nothing was done.")
    return points


def whole(costs: Sequence[Cost]) -> Rhythm:
    """Of programs that grade one submission in a run."""
    return Rhythm(tuple(cost.seconds for cost in costs), 0.0)
