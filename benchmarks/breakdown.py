"""Where a submission spends its time: one worker on one core, the source's own answers.

python benchmarks/breakdown.py                            # the light notebook and unit 2
python benchmarks/breakdown.py --unit unit03_optimization --submissions 50
python benchmarks/breakdown.py --write                    # and put the tables into docs/benchmarks.md
python benchmarks/breakdown.py --perf perf.txt            # and the hottest functions of all processes, by Linux perf

A stage's time is the wall's, without the stages within it; "own" is what the marker's process computed of it. Each
submission is graded three times: its answers were given before, are new to the marker, and were given before while each
exercise has a fork of its own, so that every process can be asked at its end what it has used.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported: a worker has one core

import pages
from bare import Bare
from courses import LIGHT, Class, prepare
from measure import copied_page_seconds, heading, one_core, progress
from stages import PLACES, REST, Stages
from worker import Worker

from autograder.sandbox.session import Session

FIELDS = ("ru_utime", "ru_stime", "ru_minflt", "ru_nvcsw", "ru_nivcsw")
FORKS = next(stage for stage in PLACES if stage.startswith("forks"))
BARE_RUNS = 5
WARM = 3  # submissions that are not counted
# Told by a process at its end: what it and the forks that it reaped have used. The last one may be dying still.
PROBE = f"""
import os, resource, time
for attempt in range(20):
    try:
        pid, _ = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        break
    if not pid:
        time.sleep(0.002)
print(*[getattr(resource.getrusage(who), f) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        for f in {FIELDS!r}])
"""


@dataclass
class Used:
    """What processes of one kind used, all together."""

    number: int = 0
    user: float = 0.0
    system: float = 0.0
    faults: float = 0.0
    switches: float = 0.0

    def add(self, numbers: list[float], times: int = 1) -> None:
        user, system, faults, *switches = numbers
        self.number += times
        self.user, self.system = self.user + user, self.system + system
        self.faults, self.switches = self.faults + faults, self.switches + sum(switches)


@dataclass
class Profile:
    """What grading some submissions took."""

    submissions: int
    stages: Stages
    marker: Used = field(default_factory=Used)
    notebooks: Used = field(default_factory=Used)
    moments: Used = field(default_factory=Used)
    forks: Used = field(default_factory=Used)

    @property
    def used(self) -> dict[str, Used]:
        """By kind of process."""
        return {
            "marker": self.marker,
            "notebooks: cells run here": self.notebooks,
            "moments: a notebook as it stood": self.moments,
            "forks: one for an exercise": self.forks,
        }

    @property
    def seconds(self) -> float:
        return sum(self.stages.wall.values())

    @property
    def elsewhere(self) -> float:
        """Seconds of nobody in the table: keepers, isolation, switching, waiting."""
        return self.seconds - sum(u.user + u.system for u in self.used.values())


def profiles(material: Class, count: int, perf: Path | None) -> Iterator[Profile]:
    """Of answers that were given before, of answers that are new, and of the first again with processes asked."""
    material.submit(range(WARM + count))
    students = sorted(path.name for path in material.course.submitted.iterdir())
    with Worker(material.course, material.unit) as worker:
        for student in students[:WARM]:
            worker.grade(student)
        with sampled(worker, perf):
            yield profile(worker, students[WARM:])
        yield profile(worker, students[WARM:], worker.forget)
        yield profile(worker, students[WARM:], probe=probed)


def profile(
    worker: Worker,
    students: list[str],
    before_each: Callable[[], None] = lambda: None,
    probe: Callable[[Profile], AbstractContextManager[None]] = nullcontext,
) -> Profile:
    """Grade these students' submissions and watch."""
    found = Profile(len(students), Stages())
    with found.stages.installed(), probe(found):
        begun = _usage()
        for number, student in enumerate(students, start=1):
            with found.stages.aside():
                before_each()
                progress(f"{worker.unit.name}: {number}/{len(students)}")
            worker.grade(student)
        found.marker.add([b - a for a, b in zip(begun, _usage(), strict=True)])
    return found


def _usage() -> list[float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return [getattr(usage, name) for name in FIELDS]


@contextmanager
def probed(found: Profile) -> Iterator[None]:
    """Ask each notebook's processes at their end what they have used; none is given to an exercise meanwhile."""
    close = Session.close

    def ask_and_close(session: Session) -> None:
        if session._trunk is not None:
            with found.stages.aside():
                _ask(found, session)
        close(session)

    with patch.object(Session, "close", ask_and_close), patch.object(Session, "_can_be_given", return_value=False):
        yield


def _ask(found: Profile, session: Session) -> None:
    moments = [moment.channel for moment in session._moments() if moment.channel is not None]
    opened = found.stages.calls[FORKS] - found.forks.number - found.moments.number
    for channel, used in [*((channel, found.moments) for channel in moments), (None, found.notebooks)]:
        _, outputs, _, _ = session._trunk.ask("cell", PROBE, 10.0, [], wall=30.0, via=channel)
        numbers = [float(word) for word in outputs[0]["text"].split()]
        used.add(numbers[: len(FIELDS)])
        found.forks.add(numbers[len(FIELDS) :], 0)
    found.forks.number += opened - len(moments)


@contextmanager
def sampled(worker: Worker, report: Path | None) -> Iterator[None]:
    """Let perf sample this process and the sandbox's; its hottest functions go to the file."""
    if report is None:
        yield
        return
    with tempfile.NamedTemporaryFile() as data:
        pids = f"{os.getpid()},{','.join(map(str, worker.pids))}"
        record = ["perf", "record", "-q", "-F", "997", "-e", "cpu-clock", "-g", "-o", data.name, "-p", pids]
        process = subprocess.Popen(record)
        yield
        process.terminate()
        process.wait()
        show = ["perf", "report", "-i", data.name, "--stdio", "--no-children", "-g", "none", "--percent-limit", "0.3"]
        text = subprocess.run([*show, "--sort", "dso,symbol"], capture_output=True, text=True, check=True).stdout
        report.write_text(text)
    print(f"written: {report}", file=sys.stderr)


def text(material: Class, given: Profile, new: Profile, asked: Profile) -> Iterator[str]:
    """Two tables of a unit, each a submission's share."""
    n, size = given.submissions, material.size
    bare = Bare(material.course, material.unit)
    compute = sorted(bare.compute("student0000").seconds for _ in range(BARE_RUNS))[BARE_RUNS // 2]
    yield (
        f"**{material.unit}**, milliseconds of one submission, mean of {n}. Its bare compute is "
        f"{1e3 * compute:.1f} ms, the allowance beside it {1e3 * size.allowance:.0f} ms:"
    )
    yield ""
    yield "| stage | times | answers given before | of which own | new answers | of which own |"
    yield "|---|---:|---:|---:|---:|---:|"
    for stage in (*PLACES, REST):
        if not given.stages.wall[stage] + new.stages.wall[stage]:
            continue
        calls = given.stages.calls[stage] or new.stages.calls[stage]
        times = f"{calls / n:.0f}" if calls else ""
        numbers = " | ".join(
            f"{1e3 * seconds[stage] / n:.1f}" for p in (given, new) for seconds in (p.stages.wall, p.stages.own)
        )
        yield f"| {stage} | {times} | {numbers} |"
    sums = (sum(s.values()) for p in (given, new) for s in (p.stages.wall, p.stages.own))
    yield f"| **together** |  | {' | '.join(f'{1e3 * s / n:.1f}' for s in sums)} |"
    yield ""
    yield "| process, each exercise on a fork | number | user, ms | system, ms | page faults | switches |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, used in asked.used.items():
        number = f"{used.number / n:.0f}" if name != "marker" else "1"
        times = f"{1e3 * used.user / n:.1f} | {1e3 * used.system / n:.1f}"
        yield f"| {name} | {number} | {times} | {used.faults / n:,.0f} | {used.switches / n:,.0f} |"
    yield f"| keepers, isolation, waiting: what is left |  | {1e3 * asked.elsewhere / n:.1f} in all |  |  |  |"
    yield ""
    frames, size = given.stages.frames / n, given.stages.sent / n / 1024
    yield f"{frames:,.0f} messages to the student's processes, {size:,.0f} KiB."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=30, help="of each unit (default: %(default)s)")
    parser.add_argument("--unit", action="append", help="instead of the light notebook and unit 2; repeatable")
    parser.add_argument("--perf", type=Path, metavar="FILE", help="the hottest functions of the last unit; needs perf")
    pages.add_options(parser)
    options = parser.parse_args()
    if options.perf and not shutil.which("perf"):
        parser.error("--perf: got no perf on PATH. Install linux-perf, or leave the option out.")
    one_core()
    page = 1e6 * copied_page_seconds()
    lines = [heading("numpy", "torch"), f"A page that a fork copies costs {page:.1f} µs on this machine."]
    with tempfile.TemporaryDirectory(prefix="dlmath-bench-") as folder:
        for unit in options.unit or [LIGHT, "unit02_logistic"]:
            material = prepare(Path(folder) / unit, unit)
            lines += ["", *text(material, *profiles(material, options.submissions, options.perf))]
    progress("")
    print("\n".join(lines))
    pages.write(options, "breakdown.py", "\n".join(lines))


if __name__ == "__main__":
    main()
