"""The figures of a large class as text that is true whatever they are."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from class_runs import BareClass, Memory, Pages, Run
from courses import Size
from memory import ROLES
from simulated import Simulated

__all__ = ["Scale", "text"]

COMPUTE = 1.15  # what may be added to the answers' own compute, beside what each submission may cost
EARLY, LATE = (0.1, 0.3), (0.8, 1.0)  # shares of the class between which memory is compared
FLAT = 1.10


@dataclass(frozen=True)
class Scale:
    """Everything that was measured of a class.

    Args:
        size: of a submission.
        run: over the whole class.
        by_workers: over a part of its ordinary students.
        by_size: over smaller parts, with as many workers as `run`.
    """

    whole: Simulated
    size: Size
    cores: int
    run: Run
    by_workers: list[Run]
    by_size: list[Run]
    pages: list[Pages]
    bare: BareClass
    memory: Memory

    @property
    def allowance(self) -> float:
        """Seconds that grading may add to the whole class, on one core."""
        return self.run.submissions * self.size.allowance

    @property
    def used_cores(self) -> int:
        return min(self.cores, self.run.workers)

    @property
    def target(self) -> float:
        """Seconds on the wall."""
        return (COMPUTE * self.bare.seconds + self.allowance) / self.used_cores


def text(found: Scale) -> Iterator[str]:
    """All tables, each with what it says."""
    for part in (_class, _target, _phases, _memory, _sizes, _workers, _gradebook, _pages, _remembered):
        yield from part(found)
        yield ""


def _class(found: Scale) -> Iterator[str]:
    whole, size = found.whole, found.size
    count = whole.answers.total()
    kinds = ", ".join(f"{kind} {n / count:.0%}" for kind, n in sorted(whole.answers.items(), key=lambda x: -x[1]))
    yield (
        f"The class: {found.run.submissions:,} submissions of {whole.made.unit} ({size.notebooks} notebooks, "
        f"{size.exercises} exercises each), {len(whole.attackers)} of them attacks. {count:,} answers ({kinds}) "
        f"with {whole.texts:,} different texts. {_broken(found.run.broken)}"
    )


def _broken(names: tuple[str, ...]) -> str:
    if not names:
        return "Nothing of ours failed: no submission is BROKEN."
    return f"**{len(names)} submissions are BROKEN**, a fault of ours: {', '.join(names[:10])}."


def _target(found: Scale) -> Iterator[str]:
    run, bare = found.run, found.bare
    share = run.cost.processor / (run.cost.seconds * found.cores)
    reached = run.cost.seconds / found.target
    yield "| the whole class in one go |  |"
    yield "|---|---:|"
    yield f"| workers, cores | {run.workers}, {found.cores} |"
    yield f"| wall time | {run.cost.seconds:,.0f} s |"
    yield f"| throughput | {60 * run.rate:.0f} submissions a minute |"
    yield f"| processors busy | {share:.0%} of {found.cores} |"
    yield f"| bare compute of the class, one core | {bare.seconds:,.0f} s ± {bare.error:.0f} s |"
    yield f"| allowance of the design, one core | {found.allowance:,.0f} s |"
    yield f"| target: (1.15 x bare compute + allowance) / {found.used_cores} | {found.target:,.0f} s |"
    yield f"| wall time / target | {reached:.2f}: {'**met**' if reached <= 1 else '**not met**'} |"
    yield ""
    spent = 1e3 * (run.cost.seconds * found.used_cores - bare.seconds) / run.submissions
    yield (
        f"Bare compute is that of {len(bare.sample)} students drawn by chance (± one standard error of the whole) and "
        f"of all attackers, with what the limits let attacks use ({sum(bare.attackers):,.0f} s). Grading took "
        f"{spent:.0f} ms of a core for a submission besides; {1e3 * found.allowance / run.submissions:.0f} ms are "
        f"allowed. Of the workers' time {sum(bare.graded):,.0f} s went into attacks."
    )


def _phases(found: Scale) -> Iterator[str]:
    run = found.run
    yield "| phase, see [observability.md](observability.md) | ms of a submission |"
    yield "|---|---:|"
    for name, seconds in sorted(run.phases.items(), key=lambda item: -item[1]):
        yield f"| {name} | {1e3 * seconds / run.submissions:.1f} |"


def _memory(found: Scale) -> Iterator[str]:
    early, late = (found.run.between(*share) for share in (EARLY, LATE))
    if not early or not late:
        yield "The run was too short to compare memory at its beginning and its end."
        return
    yield f"| memory, MiB: median while | {EARLY[0]:.0%} to {EARLY[1]:.0%} were done | {LATE[0]:.0%} to {LATE[1]:.0%} |"
    yield "|---|---:|---:|"
    for role in (*ROLES, "together"):
        sizes = [[s.total if role == "together" else s.bytes.get(role, 0) for s in span] for span in (early, late)]
        before, after = (statistics.median(size) / 2**20 for size in sizes)
        yield f"| {role} | {before:.0f} | {after:.0f} |"
    grown = after / before
    word = "flat" if grown <= FLAT else "not flat"
    yield ""
    yield (
        f"Memory is {word}: the last fifth takes {grown:.2f} times what the beginning took. The most at any moment was "
        f"{found.run.cost.peak_bytes / 2**20:,.0f} MiB (a submission may hold 2048 MiB while it runs, and attacks do)."
    )


def _sizes(found: Scale) -> Iterator[str]:
    run = found.run
    yield f"| submissions, {run.workers} workers | seconds | seconds of one | run |"
    yield "|---:|---:|---:|---|"
    for small in sorted(found.by_size, key=lambda r: r.submissions):
        each = small.cost.seconds / small.submissions
        yield f"| {small.submissions:,} | {small.cost.seconds:,.1f} | {each:.2f} | of its own |"
    for share in (0.25, 0.5, 0.75, 1.0):
        count = round(share * run.submissions)
        seconds = run.seconds_for(count) if share < 1 else run.cost.seconds
        yield f"| {count:,} | {seconds:,.1f} | {seconds / count:.2f} | the class's |"


def _workers(found: Scale) -> Iterator[str]:
    first = found.by_workers[0]
    yield f"| workers, on {found.cores} cores | submissions | seconds | a minute | times one worker | peak memory |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for run in found.by_workers:
        yield (
            f"| {run.workers} | {run.submissions} | {run.cost.seconds:,.1f} | {60 * run.rate:.0f} "
            f"| {run.rate / first.rate:.2f} | {run.cost.peak_bytes / 2**20:,.0f} MiB |"
        )


def _gradebook(found: Scale) -> Iterator[str]:
    run = found.run
    sizes = ", ".join(f"{name} {size / 2**20:,.1f} MiB" for name, size in run.sizes.items())
    if run.commits:
        yield (
            f"Gradebook: {run.commits} transactions, one for {run.submissions / run.commits:.0f} submissions, by "
            f"SQLite's own counter. Left on disk: {sizes}."
        )
    else:
        yield f"Gradebook: its transactions are not counted in its file. Left on disk: {sizes}."


def _pages(found: Scale) -> Iterator[str]:
    each = [f"{p.workers}: {1e3 * p.seconds / p.pages:.0f} ms" for p in found.pages]
    yield (
        f"Feedback: {found.pages[0].pages} pages, start-up included, with so many workers: {', '.join(each)} a page "
        "on the wall; 40 ms of a core are allowed."
    )


def _remembered(found: Scale) -> Iterator[str]:
    m = found.memory
    yield (
        f"What a worker remembers: of the {m.begun:,} exercises of {m.submissions} students, graded by one worker one "
        f"after the other, {m.recalled:,} ({m.recalled / m.begun:.0%}) were answered to the last bit as others' "
        f"before, and needed no reference; for {m.begun - m.recalled:,} the key's own code ran."
    )
