"""Grade a large simulated class on this machine, in one go, and see what stays the same as it grows.

python benchmarks/scale.py                                              # 200 submissions of unit 2
python benchmarks/scale.py --submissions 2000 --workers 2 --seed 1 --write --plots
python benchmarks/scale.py --submissions 60 --part 20 --sample 20       # a quick look

The class is made of the keys' answers (see simulated.py) and graded by `autograder grade`. In the same run parts of it
are graded with 1, 2 and 4 workers and in smaller numbers, pages are written, and the very same answers are computed
bare. Nothing is left behind. After Control-C it says how far it was and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported: bare compute has one core

import pages
import plots
from class_runs import Run, bare_class, feedback, grade, remembered
from courses import prepare
from measure import heading, progress
from memory import ROLES
from scale_text import Scale, text
from simulated import Simulated, hand_in, part_of

UNIT = "unit02_logistic"
WORKERS = (1, 2, 4)
SHARES = (8, 4, 2)  # separate runs over so small a part of `--part` students


def main() -> int:
    options = _options()
    try:
        with tempfile.TemporaryDirectory(prefix="dlmath-scale-") as folder:
            found = measure(Path(folder), options)
    except KeyboardInterrupt:
        print(f"Interrupted ({progress('')}): not measured to the end, nothing is written.", file=sys.stderr)
        return 130
    progress("")
    words = "\n".join([heading("torch", "numpy"), "", *text(found)])
    print(words)
    pages.write(options, "scale.py", words)
    if options.plots:
        _draw(found, pages.images(options))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=200, help="size of the class (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=_cores(), help="for the whole class (default: the cores)")
    parser.add_argument("--unit", default=UNIT, help="what they hand in (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another class (default: %(default)s)")
    parser.add_argument("--part", type=int, default=200, help="students of the smaller runs (default: %(default)s)")
    parser.add_argument("--sample", type=int, default=100, help="students computed bare (default: %(default)s)")
    pages.add_options(parser)
    pages.add_plots(parser)
    options = parser.parse_args()
    for name, least in (("submissions", 20), ("workers", 1), ("part", 16), ("sample", 2)):
        if getattr(options, name) < least:
            parser.error(f"--{name}: got {getattr(options, name)}, expected at least {least}.")
    return options


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def measure(folder: Path, options: argparse.Namespace) -> Scale:
    """Everything, in one run."""
    progress("the class hands in")
    whole = hand_in(prepare(folder / "class", options.unit), options.submissions, options.seed)
    rng = random.Random(options.seed)
    few = sorted(rng.sample(whole.ordinary, min(options.part, len(whole.ordinary))))
    sample = rng.sample(whole.ordinary, min(options.sample, len(whole.ordinary)))
    class_run = grade(whole.made, options.workers, "the class")
    parts = [part_of(whole, few, folder / f"workers-{n}") for n in WORKERS]
    by_workers = [grade(made, n, f"{len(few)} of them, {n} workers") for made, n in zip(parts, WORKERS, strict=True)]
    fewer = [sorted(rng.sample(few, len(few) // share)) for share in SHARES]
    by_size = [_part(whole, students, folder, options.workers) for students in fewer]
    return Scale(
        whole=whole,
        size=whole.made.size,
        cores=_cores(),
        run=class_run,
        by_workers=by_workers,
        by_size=by_size,
        pages=[feedback(parts[0], n) for n in WORKERS[:2]],
        bare=bare_class(whole, sample, whole.made),
        memory=remembered(whole, sample),
    )


def _part(whole: Simulated, students: list[str], folder: Path, workers: int) -> Run:
    """A run over some of the students, in a course of its own."""
    made = part_of(whole, students, folder / f"of-{len(students)}")
    return grade(made, workers, f"{len(students)} of them")


def _draw(found: Scale, folder: Path) -> None:
    samples = [s for s in found.run.cost.samples if s.at <= found.run.curve[-1][0]]
    roles = [role for role in ROLES if any(role in s.bytes for s in samples)]
    done = [found.run.done_at(s.at) for s in samples]
    sizes = {role: [s.bytes.get(role, 0) for s in samples] for role in roles}
    plots.memory(done, sizes, folder / "benchmark_memory.svg")
    rates = {run.workers: run.rate for run in found.by_workers}
    plots.throughput(rates, found.cores, folder / "benchmark_workers.svg")


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(main())
