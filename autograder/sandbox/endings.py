"""How processes of a session end, in words."""

from __future__ import annotations

import signal
from typing import Any

__all__ = ["FROM_OUTSIDE", "REASONS", "how_it_ended", "shown"]

FROM_OUTSIDE = ("lost", "signal 9", "signal 15")
REASONS = {
    "memory": "the process used more memory than allowed",
    "processes": "the process started more processes and threads than allowed",
    "disk": "the process wrote more files than allowed",
    "killed": "the process was ended",
    "lost": "the process was lost",
    "signal 11": "the process was ended by SIGSEGV",
    "signal 9": "the process was ended by SIGKILL",
    "signal 6": "the process was ended by SIGABRT",
}


def how_it_ended(status: str) -> str:
    """How a process ended by itself, in the words of a branch."""
    kind, _, number = status.partition(" ")
    if kind == "signal":
        return f"the process was ended by {signal.Signals(int(number)).name}"
    return f"the process ended itself (exit status {number})"


def shown(status: str, why: str) -> dict[str, Any]:
    """A cell that its process did not survive, as its output."""
    name = "TimeoutError" if status == "timeout" else "DeadKernelError"
    return {"output_type": "error", "ename": name, "evalue": why, "traceback": [f"{name}: {why}"]}
