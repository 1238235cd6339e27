"""Writes IDX files."""

from __future__ import annotations

import struct

import numpy as np


def idx_bytes(array: np.ndarray, magic: int | None = None) -> bytes:
    """An IDX file of unsigned bytes."""
    header = struct.pack(f">{1 + array.ndim}I", magic or 2048 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()
