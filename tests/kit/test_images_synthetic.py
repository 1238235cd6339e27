"""Bars lie or stand, and blobs are where their boxes say."""

from __future__ import annotations

import numpy as np
import pytest

from dlmath_kit import data


def test_a_bar_is_one_row_or_one_column() -> None:
    """Without noise a row (class 0) or a column (class 1) of ones, everywhere in the image, equally often."""
    X, y = data.bars(200, np.random.default_rng(0), side=6, noise=0.0)
    assert X.shape == (200, 1, 6, 6) and y.dtype == np.int64 and np.bincount(y).tolist() == [100, 100]
    rows, columns = X[:, 0].all(axis=2), X[:, 0].all(axis=1)
    np.testing.assert_array_equal(rows.sum(axis=1), 1 - y)
    np.testing.assert_array_equal(columns.sum(axis=1), y)
    assert (X.sum(axis=(1, 2, 3)) == 6).all() and rows.any(axis=0).all() and columns.any(axis=0).all()


@pytest.mark.parametrize("side", [4, 5, 9, 16, 21])
def test_the_box_is_the_smallest_around_the_blob(side: int) -> None:
    """The ink touches all four sides of its box and nothing lies outside; the whole image is used."""
    X, y = data.boxes(400, np.random.default_rng(side), side, noise=0.0)
    assert X.shape == (400, 1, side, side) and y.shape == (400, 4) and y.dtype == np.float64
    for image, box in zip(X[:, 0], y, strict=True):
        rows, columns = np.nonzero(image)
        assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert y.min() == 0 and y.max() == side
    np.testing.assert_array_equal(np.unique(y[:, 2:] - y[:, :2]), np.arange(3, max(3, side // 2) + 1))


@pytest.mark.parametrize("draw", [data.bars, data.boxes])
def test_they_follow_the_generator(draw) -> None:  # type: ignore[no-untyped-def]
    """Equal seeds give equal images; noise is added to every pixel; the global generator is not touched."""
    before = np.random.get_state()[1].copy()
    first, again, other = (draw(30, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])
    noise = first[0] - draw(30, np.random.default_rng(1), noise=0.0)[0]
    assert 0.09 < noise.std() < 0.11
    np.testing.assert_array_equal(np.random.get_state()[1], before)
