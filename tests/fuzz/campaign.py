"""A target's share of the time, in a process of its own with limits; what came of it; what is kept."""

from __future__ import annotations

import hashlib
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.target import Target

__all__ = ["ROOT", "Outcome", "fuzz", "guided"]

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 2048  # MiB, torch included
SLOW = 30  # seconds that one input may take; thousands are run in one
MOST_FILES, MOST_BYTES = 45, 70_000  # of a target's kept corpus
STATUS = re.compile(r"^#\d+\s.*?cov: (\d+) ft: (\d+)", re.MULTILINE)
UNITS = re.compile(r"number_of_executed_units: (\d+)")
START = 20.0  # seconds of processor time before the first input


@dataclass(frozen=True)
class Outcome:
    """What the search of one target gave.

    Args:
        coverage: counters that were reached, and libFuzzer's finer features; 0 without it.
        new: inputs that reached something new.
        finding: the input that raised what nobody declared, None when there was none.
        log: what the process said last.
    """

    name: str
    seconds: float
    executions: int
    coverage: int
    features: int
    new: int
    kept: int | None
    finding: Path | None
    log: str

    def __str__(self) -> str:
        rate = self.executions / max(self.seconds, 1e-9)
        reached = f"{self.coverage:,} counters, {self.features:,} features, {self.new} new inputs, " * guided()
        kept = "" if self.kept is None else f", {self.kept} inputs kept"
        found = "1 finding" if self.finding else "0 findings"
        return f"{self.name:8} {self.executions:9,} executions, {rate:6,.0f}/s, {reached}{found}{kept}"


def guided() -> bool:
    """Is atheris here?"""
    return find_spec("atheris") is not None


def fuzz(target: Target, seconds: int, corpus: Path, findings: Path, keep: bool = False) -> Outcome:
    """Search a target for this time.

    Args:
        corpus: the folder of the target's kept inputs; read, and written only with `keep`.
        findings: where the input goes that was found.
    """
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        seeds, new = Path(place, "seeds"), Path(place, "new")
        seeds.mkdir()
        new.mkdir()
        for data in target.seeds():
            _store(seeds, data)
        folders = [str(folder) for folder in (seeds, corpus) if folder.is_dir()]
        findings.mkdir(parents=True, exist_ok=True)
        prefix = f"{findings}/{target.name}-"
        before = set(findings.glob(f"{target.name}-*"))
        if guided():
            program = _program(target, Path(place))
            status, log = _run([program, *_limits(target, seconds, prefix), str(new), *folders], seconds)
        else:
            status, log = _run([*_module("blind"), target.name, str(seconds), prefix, *folders], seconds)
        kept = _keep(target, corpus, seeds, new, Path(place)) if keep and guided() else None
        found = sorted(set(findings.glob(f"{target.name}-*")) - before)
        if status and not found:
            raise RuntimeError(f"{target.name}: the search ended with status {status} and no input:\n{log[-3000:]}")
        reached = [tuple(map(int, pair)) for pair in STATUS.findall(log)] or [(0, 0)]
        units = [int(n) for n in UNITS.findall(log)] or [0]
        return Outcome(
            name=target.name,
            seconds=seconds,
            executions=units[-1],
            coverage=max(pair[0] for pair in reached),
            features=max(pair[1] for pair in reached),
            new=len(list(new.iterdir())),
            kept=kept,
            finding=found[0] if found else None,
            log=log,
        )


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", f"tests.fuzz.{name}"]


def _program(target: Target, place: Path) -> str:
    """A file that runs the target under libFuzzer, which starts it anew to merge."""
    path = place / "fuzz"
    path.write_text(f'#!/bin/sh\nexec {shlex.join([*_module("drive"), target.name])} "$0" "$@"\n')
    path.chmod(0o700)
    return str(path)


def _limits(target: Target, seconds: int, prefix: str) -> list[str]:
    return [
        f"-max_total_time={seconds}",
        f"-max_len={target.longest}",
        f"-rss_limit_mb={MEMORY}",
        f"-timeout={SLOW}",
        f"-artifact_prefix={prefix}",
        "-print_final_stats=1",
        "-verbosity=1",
    ]


def _run(words: list[str], seconds: float) -> tuple[int, str]:
    """Run a command to its end; a loop that nothing interrupts ends by its processor time."""
    processor = int(START + 2 * SLOW + 4 * seconds)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    done = subprocess.run(
        words,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=limit,
        check=False,
    )
    return done.returncode, done.stdout


def _keep(target: Target, corpus: Path, seeds: Path, new: Path, place: Path) -> int:
    """Make the corpus the smallest one that reaches what the old and the new inputs reach beyond the seeds."""
    merged = place / "merged"
    shutil.copytree(seeds, merged)
    folders = [str(folder) for folder in (merged, corpus, new) if folder.is_dir()]
    limits = ["-merge=1", f"-max_len={target.longest}", f"-timeout={SLOW}"]
    status, log = _run([_program(target, place), *limits, *folders], 120)
    if status:
        raise RuntimeError(f"{target.name}: the corpus could not be merged:\n{log[-3000:]}")
    wanted = [path.read_bytes() for path in merged.iterdir() if not (seeds / path.name).exists()]
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir(parents=True)
    size = count = 0
    for data in sorted(wanted, key=len):  # what finds little room is dropped, the longest first
        if count == MOST_FILES or size + len(data) > MOST_BYTES:
            break
        _store(corpus, data)
        count, size = count + 1, size + len(data)
    return count


def _store(folder: Path, data: bytes) -> None:
    (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
