"""Makes forks of the zygote cheap: its memory is put in huge pages, so that a fork copies few page tables."""

from __future__ import annotations

import ctypes
import gc
import sys

__all__ = ["settle"]

_HUGE = 2 << 20
_MADV_COLLAPSE = 25


def settle() -> None:
    """Collect garbage, exempt what is left from collection, and collapse it to huge pages (Linux 6.1 or later)."""
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        _collapse()


def _collapse() -> None:
    libc = ctypes.CDLL(None)
    with open("/proc/self/maps") as f:
        mappings = [line.split(None, 5) for line in f]
    for span, rights, *_, name in (m if len(m) > 5 else [*m, ""] for m in mappings):
        if rights != "rw-p" or name.strip() not in ("", "[heap]"):
            continue
        start, end = (int(x, 16) for x in span.split("-"))
        for address in range(-(-start // _HUGE) * _HUGE, end // _HUGE * _HUGE, _HUGE):
            libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(_HUGE), _MADV_COLLAPSE)  # a refusal costs nothing
