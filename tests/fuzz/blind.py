"""One target under hypothesis, without coverage, where atheris is not installed: `python -m tests.fuzz.blind …`.

Arguments: NAME SECONDS FINDINGS FOLDER…, where inputs to begin with lie in the folders.
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.target import Target, load

__all__ = ["main"]

BATCH = 100
MOST_CHANGES = 4


class _Search:
    """Runs changed inputs, counts them, and remembers the one that failed last: hypothesis ends with the smallest."""

    def __init__(self, target: Target, inputs: list[bytes]) -> None:
        self.target, self.inputs = target, inputs
        self.executions, self.failed = 0, b""

    def batch(self, number: int) -> BaseException | None:
        """What a hundred inputs raised."""

        @seed(number)
        @settings(max_examples=BATCH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(self.inputs), st.integers(0, 2**32), st.integers(1, MOST_CHANGES))
        def run(data: bytes, start: int, changes: int) -> None:
            random = Random(start)
            for _ in range(changes):
                data = self.target.mutate(data, random)[: self.target.longest]
            self.executions += 1
            try:
                self.target.run(data)
            except BaseException:
                self.failed = data
                raise

        try:
            run()
        except BaseException as fault:
            return fault
        return None


def main(name: str, seconds: float, findings: str, folders: list[str]) -> int:
    """Search until the time is over or something is found; 1 in that case."""
    target = load(name)
    inputs = [path.read_bytes() for folder in folders for path in sorted(Path(folder).iterdir())]
    search, began, number, fault = _Search(target, inputs or [b""]), time.monotonic(), 0, None
    while fault is None and time.monotonic() - began < seconds:
        fault = search.batch(number)
        number += 1
    print(f"stat::number_of_executed_units: {search.executions}")
    if fault is None:
        return 0
    path = Path(f"{findings}crash-{hashlib.sha1(search.failed).hexdigest()}")
    path.write_bytes(search.failed)
    print(f"{type(fault).__name__}: {fault}")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]))
