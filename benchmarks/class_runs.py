"""What is measured of a class: grading it, its pages, the bare compute of its answers, what a worker remembers."""

from __future__ import annotations

import json
import math
import os
import statistics
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bare import Bare
from courses import Class
from measure import Cost, Sample, one_core, progress, run
from rhythm import curve
from simulated import ATTACKS, Simulated
from worker import Worker

from autograder.record import results
from autograder.results import SubmissionResult
from autograder.sandbox import Limits
from autograder.watch.state import read_state

__all__ = ["BareClass", "Memory", "Pages", "Run", "bare_class", "feedback", "grade", "remembered"]

PYTHON = sys.executable
FAULTS = 3  # exit status: everything was graded, and something of ours failed
STOPPED = "took too long and was stopped"  # a note of grading: the cell used its limit


@dataclass(frozen=True)
class Run:
    """One `autograder grade` over a class.

    Args:
        commits: transactions of the gradebook; None where the file does not count them.
        broken: submissions in which something of ours failed.
        phases: seconds of all workers together, and of the batch, as the run itself recorded them.
        sizes: bytes that the run left, by place.
    """

    submissions: int
    workers: int
    cost: Cost
    commits: int | None
    sizes: dict[str, int]
    broken: tuple[str, ...] = ()
    phases: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Submissions a second, start-up included."""
        return self.submissions / self.cost.seconds

    @property
    def curve(self) -> list[tuple[float, int]]:
        """Seconds and submissions done, from the start to the end."""
        return [(0.0, 0), *curve(self.cost)]

    def done_at(self, seconds: float) -> float:
        """How many were done then."""
        points = [*self.curve, (max(self.cost.seconds, self.curve[-1][0] + 1e-9), self.submissions)]
        for (t1, n1), (t2, n2) in pairwise(points):
            if seconds <= t2:
                return n1 + (n2 - n1) * (seconds - t1) / (t2 - t1)
        return self.submissions

    def seconds_for(self, count: int) -> float:
        """When so many were done."""
        return next(t for t, n in self.curve if n >= count)

    def between(self, first: float, last: float) -> list[Sample]:
        """Samples of memory while these shares of the class were being graded."""
        low, high = first * self.submissions, last * self.submissions
        return [s for s in self.cost.samples if low <= self.done_at(s.at) <= high]


def grade(made: Class, workers: int, what: str) -> Run:
    """Grade everything that was handed in, by the real command, on all cores."""
    submissions = sum(1 for _ in made.course.submitted.iterdir())
    database = made.folder / "gradebook.db"
    before = _commits(database)
    command = _autograder(made, "grade", "--workers", str(workers), made.unit)
    cost = run(command, made.folder, cores=None, every=1.0, told=lambda line: _tell(what, line), accepted=(0, FAULTS))
    done = curve(cost)[-1][1]
    if done < submissions:
        raise RuntimeError(f"{what}: got {done} submissions graded, expected {submissions}:\n{cost.lines[-1][1]}")
    broken = tuple(line.split()[1] for _, line in cost.lines if line.startswith("BROKEN "))
    after = _commits(database)
    places = {"gradebook.db": database, "autograded/": made.course.autograded, ".autograder/": made.course.private}
    sizes = {name: _bytes(path) for name, path in places.items()}
    commits = None if after is None else after - (before or 0)
    state = read_state(made.course)
    phases = {name: phase.seconds for name, phase in state.counts.phases.items()} if state else {}
    return Run(submissions, workers, cost, commits, sizes, broken, phases)


def _autograder(made: Class, *words: str) -> list[str]:
    return [PYTHON, "-m", "autograder", "--course", str(made.folder), "--progress", "json", *words]


def _tell(what: str, line: str) -> None:
    if line.startswith('{"progress"'):
        said = json.loads(line)
        progress(f"{what}: {said['done']}/{said['total']}")


def _commits(database: Path) -> int | None:
    """The file change counter of SQLite's header: one more with each transaction that writes, but not with a WAL."""
    if not database.exists():
        return 0
    with open(database, "rb") as f:
        header = f.read(100)
    return int(struct.unpack(">I", header[24:28])[0]) if header[18] == 1 else None


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(p.stat().st_size for p in files if p.is_file())


@dataclass(frozen=True)
class Pages:
    """One `autograder feedback` over a class."""

    workers: int
    pages: int
    seconds: float


def feedback(made: Class, workers: int) -> Pages:
    """Write every page anew."""
    progress(f"feedback pages, {workers} workers")
    cost = run(_autograder(made, "feedback", "--force", "--workers", str(workers), made.unit), made.folder, cores=None)
    return Pages(workers, sum(1 for _ in made.course.feedback.rglob("*.html")), cost.seconds)


@dataclass(frozen=True)
class BareClass:
    """Seconds that a class's answers take without any grading, on one core.

    Args:
        sample: seconds of some ordinary students.
        ordinary: how many ordinary students there are.
        attackers: seconds of each attacker: what the limits let the attack use, and the other cells and calls.
        graded: seconds that a worker spent on each attacker.
    """

    sample: tuple[float, ...]
    ordinary: int
    attackers: tuple[float, ...]
    graded: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        return self.ordinary * statistics.mean(self.sample) + sum(self.attackers)

    @property
    def error(self) -> float:
        """Standard error of the whole, by the sample."""
        if len(self.sample) in (1, self.ordinary):
            return 0.0
        return self.ordinary * statistics.stdev(self.sample) / math.sqrt(len(self.sample))


def bare_class(whole: Simulated, sample: Sequence[str], graded: Class) -> BareClass:
    """Compute the answers of a sample and of all attackers, in one warm process on one core.

    Args:
        graded: where the attackers were graded: what was stopped at a limit is told there.
    """
    known = {e.result.student: e.result for e in results(graded.course, graded.unit)}
    allowed = os.sched_getaffinity(0)
    one_core()
    bare = Bare(whole.made.course, whole.made.unit, ATTACKS)
    bare.compute(sample[0])  # imports, fonts, caches
    found = {}
    for number, student in enumerate([*sample, *whole.attackers], start=1):
        found[student] = bare.compute(student).seconds
        progress(f"bare compute: {number}/{len(sample) + len(whole.attackers)}")
    os.sched_setaffinity(0, allowed)
    return BareClass(
        sample=tuple(found[s] for s in sample),
        ordinary=len(whole.ordinary),
        attackers=tuple(found[s] + _stopped(known[s]) for s in whole.attackers),
        graded=tuple(known[s].seconds for s in whole.attackers),
    )


def _stopped(result: SubmissionResult) -> float:
    """Seconds of cells that were stopped at their limit."""
    notes = [note for notebook in result.notebooks for note in notebook.notes]
    return sum(STOPPED in note for note in notes) * Limits().cell_seconds


@dataclass(frozen=True)
class Memory:
    """How many exercises a worker marked, and how many of them by what it remembered of the class."""

    submissions: int
    begun: int
    recalled: int


def remembered(whole: Simulated, sample: Sequence[str]) -> Memory:
    """Let one worker grade a sample, and ask what it remembered."""
    with Worker(whole.made.course, whole.made.unit) as worker:
        for number, student in enumerate(sample, start=1):
            worker.grade(student)
            progress(f"what a worker remembers: {number}/{len(sample)}")
        return Memory(len(sample), worker.memory.begun, worker.memory.recalled)
