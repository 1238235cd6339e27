"""Tiny data files and a server on the loopback interface."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from tests.kit.idx_files import idx_bytes
from tests.kit.loopback import Server, serving

matplotlib.use("Agg")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


@pytest.fixture
def tiny_mnist(tmp_path: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """A root with twelve training images, and what they hold."""
    rng = np.random.default_rng(3)
    images, labels = rng.integers(0, 256, size=(12, 28, 28)), rng.integers(0, 10, size=12)
    folder = tmp_path / "mnist"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    return tmp_path, images, labels
