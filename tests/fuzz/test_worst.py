"""The most expensive inputs take bounded memory and time."""

from __future__ import annotations

import subprocess
import sys

from tests.fuzz import worst
from tests.fuzz.campaign import ROOT


def test_the_worst_inputs_stay_within_bounds() -> None:
    """Each is read, or refused, in a process that may take 1.5 GiB and a minute of processor time."""
    command = [sys.executable, "-m", "tests.fuzz.worst"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(worst.CASES)} of {len(worst.CASES)} inputs" in done.stdout


def test_an_input_beyond_the_bounds_is_told() -> None:
    """The bounds are real: a process that takes more is ended."""
    worst.CASES["planted"] = lambda: print(len(bytearray(2 * worst.MEMORY)), file=sys.stderr)
    try:
        assert not worst.survives("planted")
    finally:
        del worst.CASES["planted"]
