"""Reads IDX, the file format of MNIST: a magic number, the sizes, then the bytes."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

__all__ = ["IMAGES", "LABELS", "IdxError", "read_idx"]

IMAGES = 2051  # 0x0803: unsigned bytes, three axes
LABELS = 2049  # 0x0801: unsigned bytes, one axis
MOST_BYTES = 256 * 1024**2  # five times MNIST's training images


class IdxError(ValueError):
    """The file is not the IDX file that was expected; the text names file, got and expected."""


def read_idx(path: str | Path, magic: int) -> np.ndarray:
    """The array in an IDX file of unsigned bytes, gzipped if the name ends in .gz.

    Args:
        path: the file.
        magic: IMAGES (2051) or LABELS (2049); the file must begin with it.

    Returns:
        uint8 array, (n, rows, columns) for images, (n,) for labels.

    Raises:
        IdxError: wrong magic number, absurd sizes, damaged gzip, too few bytes or too many.

    Source:
        The format description on the MNIST page of LeCun, Cortes and Burges.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _parse(file, magic, path.name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as fault:
        raise IdxError(f"{path.name}: got a damaged gzip file ({fault}). Download it again.") from None


def _parse(file: BinaryIO | gzip.GzipFile, magic: int, name: str) -> np.ndarray:
    axes = magic & 0xFF
    got, *shape = _integers(file, 1 + axes, name)
    if got != magic:
        raise IdxError(f"{name}: got magic number {got}, expected {magic}.")
    size = math.prod(shape)
    if size > MOST_BYTES:
        raise IdxError(f"{name}: got shape {tuple(shape)}, expected at most {MOST_BYTES} bytes.")
    content = file.read(size + 1)  # one more, to see the end and to let gzip check its sum
    if len(content) != size:
        more = "more" if len(content) > size else str(len(content))
        raise IdxError(f"{name}: got {more} bytes, expected {size} for shape {tuple(shape)}.")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _integers(file: BinaryIO | gzip.GzipFile, count: int, name: str) -> tuple[int, ...]:
    header = file.read(4 * count)
    if len(header) != 4 * count:
        raise IdxError(f"{name}: got a header of {len(header)} bytes, expected {4 * count}.")
    return struct.unpack(f">{count}I", header)
