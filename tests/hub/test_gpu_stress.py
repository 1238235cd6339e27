"""Leases under abuse: the benchmark's run, short; and the same run with broken locks, which it must notice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu_leases.py"
BROKEN = """
import dlmath_kit.hub.gpu.slots as slots
slots.is_held = lambda path: False
slots.try_lock = lambda descriptor: True
"""


def abuse(minutes: float, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARK), "--minutes", str(minutes)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment, check=False)


@pytest.mark.slow
def test_leases_hold_under_abuse() -> None:
    """Random starts, restarts, crashes, SIGKILLs of kernels and servers: never over capacity, nothing leaked."""
    done = abuse(20 / 60, dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "never over capacity, none leaked" in done.stdout


@pytest.mark.slow
def test_the_benchmark_notices_locks_that_do_not_lock(tmp_path: Path) -> None:
    """Where everybody gets a lease, the auditor counts too many kernels and the run fails."""
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    done = abuse(8 / 60, {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert "kernels on devices: got {" in done.stdout
