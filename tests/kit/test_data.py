"""The data sets are what they say."""

from __future__ import annotations

import doctest
import gzip
import importlib
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlmath_kit import data
from dlmath_kit.data import bundle
from tests.kit.idx_files import idx_bytes

KIT = Path(data.__file__).parent.parent


def test_digits_are_scikit_learns() -> None:
    """The bundled digits equal scikit-learn's, divided by 16."""
    ours, theirs = data.digits(), pytest.importorskip("sklearn.datasets").load_digits()
    np.testing.assert_array_equal(ours[0] * 16, theirs.data)
    np.testing.assert_array_equal(ours[1], theirs.target)
    assert ours[0].dtype == np.float64 and ours[1].dtype == np.int64
    assert ours[0].min() == 0 and ours[0].max() == 1


def test_breast_cancer_is_scikit_learns() -> None:
    """The bundled breast cancer data equal scikit-learn's bit for bit."""
    ours, theirs = data.breast_cancer(), pytest.importorskip("sklearn.datasets").load_breast_cancer()
    np.testing.assert_array_equal(ours[0], theirs.data)
    np.testing.assert_array_equal(ours[1], theirs.target)
    assert ours[0].shape == (569, 30) and ours[1].dtype == np.int64


def test_the_bundle_can_be_made_again(tmp_path: Path) -> None:
    """The maker writes the arrays that are shipped, in less than 600 kB."""
    pytest.importorskip("sklearn")
    paths = bundle.write(tmp_path)
    assert sum(p.stat().st_size for p in paths) < 600_000
    for path in paths:
        with np.load(path) as made, np.load(KIT / "data" / path.name) as shipped:
            for name in ("X", "y"):
                np.testing.assert_array_equal(made[name], shipped[name])


def test_moons_without_noise_lie_on_their_circles() -> None:
    """Every point of a moon has distance 1 from the moon's centre, and the classes are balanced."""
    X, y = data.two_moons(101, 0.0, np.random.default_rng(0))
    centre = np.where(y[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    np.testing.assert_allclose(np.linalg.norm(X - centre, axis=1), 1.0)
    assert np.bincount(y).tolist() == [51, 50]


def test_synthetic_data_follow_the_generator() -> None:
    """The same seed gives the same points, and the global generator is not touched."""
    before = np.random.get_state()[1].copy()
    for draw in (lambda rng: data.two_moons(20, 0.1, rng), lambda rng: data.ring(20, rng)):
        first, again, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first[0], again[0])
        assert not np.array_equal(first[0], other[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_ring_has_its_clouds_in_place() -> None:
    """The mean of cloud k is close to 2 (cos, sin)(2 pi k / K)."""
    X, y = data.ring(8000, np.random.default_rng(0))
    for k in range(8):
        angle = 2 * np.pi * k / 8
        np.testing.assert_allclose(X[y == k].mean(0), [2 * np.cos(angle), 2 * np.sin(angle)], atol=0.06)


def test_mnist_is_read_from_its_files(tiny_mnist: tuple[Path, np.ndarray, np.ndarray]) -> None:
    """Images come as floats in [0, 1], labels as int64; an unpacked file serves as well."""
    root, images, labels = tiny_mnist
    packed = root / "mnist" / "train-labels-idx1-ubyte.gz"
    (root / "mnist" / "train-labels-idx1-ubyte").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    X, y = data.load_mnist(root)
    np.testing.assert_array_equal(X, images / 255)
    np.testing.assert_array_equal(y, labels)
    assert X.dtype == np.float64 and y.dtype == np.int64


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (idx_bytes(np.zeros(3), magic=2051), "header"),
        (idx_bytes(np.zeros((3, 2, 2)), magic=2049), "magic number 2049, expected 2051"),
        (idx_bytes(np.zeros((3, 2, 2)))[:-1], "got 11 bytes, expected 12"),
        (idx_bytes(np.zeros((3, 2, 2))) + b"x", "got more bytes, expected 12"),
        (struct.pack(">4I", 2051, 2**31, 2**31, 2**31), "expected at most"),
        (b"", "header of 0 bytes"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_wrong_idx_file_is_refused(tmp_path: Path, content: bytes, match: str, packed: bool) -> None:
    """Wrong magic, sizes or length are named, in plain and in gzipped files."""
    path = tmp_path / ("images.gz" if packed else "images")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(data.IdxError, match=match):
        data.read_idx(path, 2051)


@pytest.mark.parametrize("damage", [lambda b: b[:-5], lambda b: b[:-6] + b"\0\0" + b[-4:], lambda b: b"no gzip at all"])
def test_a_damaged_gzip_is_refused(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    """A truncated file, a wrong sum and something else under the name all say: damaged."""
    path = tmp_path / "images.gz"
    path.write_bytes(damage(gzip.compress(idx_bytes(np.arange(12).reshape(3, 2, 2)))))
    with pytest.raises(data.IdxError, match="damaged gzip"):
        data.read_idx(path, 2051)


def test_images_and_labels_must_belong_together(tiny_mnist: tuple[Path, np.ndarray, np.ndarray]) -> None:
    """Twelve images with eleven labels, or a label 10, are refused."""
    root, _, labels = tiny_mnist
    path = root / "mnist" / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(idx_bytes(labels[:-1])))
    with pytest.raises(data.IdxError, match="12 images and 11 labels"):
        data.load_mnist(root)
    path.write_bytes(gzip.compress(idx_bytes(np.full(12, 10))))
    with pytest.raises(data.IdxError, match="label 10"):
        data.load_mnist(root)


def test_wrong_words_are_refused(tmp_path: Path) -> None:
    """Unknown names list the known ones; missing files say how to get them."""
    with pytest.raises(ValueError, match="kind: got 'dev', expected one of train, test"):
        data.load_mnist(tmp_path, kind="dev")
    with pytest.raises(ValueError, match="flavour"):
        data.load_mnist(tmp_path, flavour="letters")
    with pytest.raises(ValueError, match="name: got 'cifar'"):
        data.get("cifar")
    with pytest.raises(data.DataNotFound, match=r'download\("mnist"'):
        data.load_mnist(tmp_path)


def test_get_says_which_it_got(
    tiny_mnist: tuple[Path, np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory, capsys
) -> None:  # type: ignore[no-untyped-def]
    """With the files it gives MNIST as rows, without them the fallback, and prints which."""
    X, _ = data.get("mnist", root=tiny_mnist[0], fallback="digits")
    assert X.shape == (12, 784)
    assert "mnist: 12 samples" in capsys.readouterr().out
    X, _ = data.get("mnist", root=tmp_path_factory.mktemp("empty"), fallback="digits")
    assert X.shape == (1797, 64)
    printed = capsys.readouterr().out
    assert "Using digits instead." in printed and "digits: 1797 samples of 64 features" in printed
    with pytest.raises(data.DataNotFound):
        data.get("mnist", root=tmp_path_factory.mktemp("empty"))


def test_only_numpy_and_matplotlib_are_needed() -> None:
    """Importing the kit brings in neither scikit-learn, scipy nor torch, and nothing of the staff's."""
    code = (
        "import sys, dlmath_kit; dlmath_kit.data.digits();"
        "print([m for m in ('sklearn', 'scipy', 'torch', 'dlmath_ref', 'autograder') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=KIT.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["bundled", "synthetic", "choosing"])
def test_the_docstrings_examples_hold(name: str) -> None:
    """Every example in a docstring gives what it shows."""
    results = doctest.testmod(importlib.import_module(f"dlmath_kit.data.{name}"))
    assert results.attempted > 0 and results.failed == 0
