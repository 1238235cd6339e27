"""How many processors there are to share work among."""

from __future__ import annotations

import os

__all__ = ["cores"]


def cores() -> int:
    """Those that this process may use, where the system says so (Linux does, macOS does not); else all."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
