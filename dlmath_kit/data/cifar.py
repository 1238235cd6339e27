"""CIFAR-10, read from the archive that its authors publish."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from dlmath_kit.data.pickled import PickleRefused, read_pickle
from dlmath_kit.data.real import DataNotFound
from dlmath_kit.data.sources import SOURCES, digest

__all__ = ["CIFAR10_CLASSES", "ArchiveError", "load_cifar10"]

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
MOST_BYTES = 64 * 1024**2  # of one file in the archive; twice the largest
_BATCHES = {"train": tuple(f"data_batch_{k}" for k in range(1, 6)), "test": ("test_batch",)}
_ARCHIVE, _INSIDE = "cifar-10-python.tar.gz", "cifar-10-batches-py"

Batch = tuple[np.ndarray, np.ndarray]  # rows of 3072 bytes, labels


class ArchiveError(ValueError):
    """The archive, or a file in it, is not what was expected; the text names file, got and expected."""


def load_cifar10(root: str | Path, kind: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """CIFAR-10 from the archive `root/cifar10/cifar-10-python.tar.gz`, as `download` leaves it.

    Nothing is unpacked to disk: the archive's SHA-256 is compared, then its batches are read where they lie. A folder
    `cifar-10-batches-py` beside or instead of the archive, unpacked by somebody, serves as well.

    Args:
        root: folder of data sets.
        kind: "train" (50000 images) or "test" (10000).

    Returns:
        X: (n, 3, 32, 32) float32 in [0, 1], channels red, green, blue; in float64 the training part would take 1.2 GB.
        y: (n,) int64 in [0, 10), named by CIFAR10_CLASSES.

    Raises:
        ValueError: unknown kind.
        DataNotFound: neither archive nor folder is there.
        ArchiveError: wrong SHA-256, a damaged archive or batch, a member that leaves its folder.

    Source:
        Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images; the python version of the files.
    """
    if kind not in _BATCHES:
        raise ValueError(f"kind: got {kind!r}, expected one of {', '.join(_BATCHES)}.")
    folder = Path(root) / "cifar10"
    batches = dict(_unpacked(folder / _INSIDE, _BATCHES[kind]) or _packed(folder / _ARCHIVE, _BATCHES[kind]))
    images, labels = zip(*(batches[name] for name in _BATCHES[kind]), strict=True)
    X = np.concatenate(images).reshape(-1, 3, 32, 32)
    return X / np.float32(255), np.concatenate(labels)


def _unpacked(folder: Path, names: tuple[str, ...]) -> dict[str, Batch]:
    """The batches in a folder; none where one of them is missing."""
    if not all((folder / name).is_file() for name in names):
        return {}
    found = {}
    for name in names:
        with (folder / name).open("rb") as file:
            found[name] = _batch(file, name)
    return found


def _packed(path: Path, names: tuple[str, ...]) -> dict[str, Batch]:
    """The batches in the archive, which is compared with its SHA-256 before it is opened."""
    if not path.is_file():
        command = f'dlmath_kit.data.download("cifar10", "{path.parent.parent}")'
        raise DataNotFound(f"{path.parent}: got no {_ARCHIVE}, expected it there. Run {command}.")
    got, expected = digest(path), SOURCES["cifar10"][1][_ARCHIVE]
    if got != expected:
        raise ArchiveError(f"{path.name}: got SHA-256 {got}, expected {expected}. Download it again.")
    try:
        found = {name: _batch(file, name) for name, file in _members(path, names)}
    except (EOFError, OSError, zlib.error, tarfile.TarError) as fault:
        raise ArchiveError(f"{path.name}: got a damaged archive ({fault}). Download it again.") from None
    missing = [name for name in names if name not in found]
    if missing:
        raise ArchiveError(f"{path.name}: got no {_INSIDE}/{missing[0]}, expected it in the archive.")
    return found


def _members(path: Path, names: tuple[str, ...]) -> Iterator[tuple[str, BinaryIO]]:
    """The wanted files of the archive, opened; what has no place in it is refused before it is read."""
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            place = PurePosixPath(member.name)
            if place.is_absolute() or ".." in place.parts or not (member.isfile() or member.isdir()):
                raise ArchiveError(f"{path.name}: got the member {member.name!r}, expected files in {_INSIDE}.")
            if member.size > MOST_BYTES:
                raise ArchiveError(f"{path.name}: got {member.size} bytes in {place.name}, expected less.")
            if place.parent == PurePosixPath(_INSIDE) and place.name in names and member.isfile():
                content = archive.extractfile(member)
                yield place.name, io.BytesIO(content.read() if content else b"")


def _batch(file: BinaryIO, name: str) -> Batch:
    """Rows of 3072 bytes and their labels."""
    try:
        content: Any = read_pickle(file)
    except PickleRefused as fault:
        raise ArchiveError(f"{name}: {fault}") from None
    rows, labels = (content.get(key) if isinstance(content, dict) else None for key in (b"data", b"labels"))
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] != 3072:
        raise ArchiveError(f"{name}: got no array of images, expected (n, 3072) unsigned bytes under the name data.")
    classes = labels if isinstance(labels, list) else [None]
    if len(classes) != len(rows) or not all(type(label) is int and 0 <= label < 10 for label in classes):
        raise ArchiveError(f"{name}: got labels that do not fit, expected {len(rows)} integers in [0, 10).")
    return rows, np.array(classes, dtype=np.int64)
