"""What a submission may use: seconds, bytes and counts."""

from __future__ import annotations

import msgspec

__all__ = ["Limits"]

MIB = 2**20


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one submission; seconds are CPU seconds where they can be counted."""

    cell_seconds: float = 30
    part_seconds: float = 20
    submission_seconds: float = 300
    memory_bytes: int = 2048 * MIB
    processes: int = 64  # and threads, together
    open_files: int = 256  # of one process
    file_bytes: int = 64 * MIB
    disk_bytes: int = 256 * MIB
    disk_files: int = 10_000
    output_bytes: int = 1 * MIB
    value_bytes: int = 128 * MIB
    depth: int = 64
