"""Data sets that lie on disk because somebody downloaded them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlmath_kit.data.idx import IMAGES, LABELS, IdxError, read_idx

__all__ = ["FOLDERS", "DataNotFound", "load_mnist"]

FOLDERS = {"digits": "mnist", "fashion": "fashion_mnist"}  # flavour to folder under root
_STEMS = {"train": "train", "test": "t10k"}


class DataNotFound(FileNotFoundError):
    """The files are not where they were looked for; the text says how to get them."""


def load_mnist(root: str | Path, kind: str = "train", flavour: str = "digits") -> tuple[np.ndarray, np.ndarray]:
    """MNIST or Fashion-MNIST from `root/mnist` or `root/fashion_mnist`, as `download` leaves them.

    Args:
        root: folder of data sets.
        kind: "train" (60000 images) or "test" (10000).
        flavour: "digits" or "fashion".

    Returns:
        X: (n, 28, 28) float64 in [0, 1]; `X.reshape(n, -1)` has one sample per row.
        y: (n,) int64 in [0, 10).

    Raises:
        ValueError: unknown kind or flavour.
        DataNotFound: a file is missing.
        IdxError: a file is damaged, or images and labels do not belong together.
    """
    if kind not in _STEMS:
        raise ValueError(f"kind: got {kind!r}, expected one of {', '.join(_STEMS)}.")
    if flavour not in FOLDERS:
        raise ValueError(f"flavour: got {flavour!r}, expected one of {', '.join(FOLDERS)}.")
    folder = Path(root) / FOLDERS[flavour]
    images = read_idx(_find(folder, f"{_STEMS[kind]}-images-idx3-ubyte"), IMAGES)
    labels = read_idx(_find(folder, f"{_STEMS[kind]}-labels-idx1-ubyte"), LABELS)
    if len(images) != len(labels):
        raise IdxError(f"{folder}: got {len(images)} images and {len(labels)} labels, expected as many of each.")
    if len(labels) and labels.max() > 9:
        raise IdxError(f"{folder}: got label {labels.max()}, expected labels in [0, 10).")
    return images / 255.0, labels.astype(np.int64)


def _find(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    command = f'dlmath_kit.data.download("{folder.name}", "{folder.parent}")'
    raise DataNotFound(f"{folder}: got no {name}.gz, expected it there. Run {command}.")
