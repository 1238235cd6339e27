"""The pictures of unit 5 show what they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from dlmath_kit import data, plots


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_filters_share_one_scale_around_zero() -> None:
    """Twelve filters of one channel are twelve pictures, white at 0."""
    K = np.random.default_rng(0).normal(size=(12, 3, 2))
    figure = plots.filters(K[:, None], columns=5, names=[f"{f}" for f in range(12)], title="twelve")
    shown = [ax for ax in figure.axes if ax.images]
    assert len(shown) == 12 and len(figure.axes) == 15
    for f, ax in enumerate(shown):
        np.testing.assert_array_equal(ax.images[0].get_array(), K[f])
        assert ax.images[0].get_clim() == (-np.abs(K).max(), np.abs(K).max()) and ax.get_title() == f"{f}"


def test_channels_stand_below_each_other() -> None:
    """Filter f, channel c stands in column f of row c."""
    K = np.arange(2 * 4 * 9.0).reshape(2, 4, 3, 3)
    axes = np.array(plots.filters(K).axes).reshape(4, 2)
    for f, c in np.ndindex(2, 4):
        np.testing.assert_array_equal(axes[c, f].images[0].get_array(), K[f, c])
    assert axes[2, 0].get_ylabel() == "channel 2"


def test_three_channels_are_a_colour_picture() -> None:
    """Zero is grey, the largest weight of each filter reaches the end of the scale."""
    K = np.zeros((2, 3, 2, 2))
    K[1, 0, 0, 1], K[1, 2, 1, 1] = 4.0, -2.0
    first, second = (ax.images[0].get_array() for ax in plots.filters(K).axes)
    assert (np.asarray(first) == 0.5).all()
    np.testing.assert_array_equal(np.asarray(second)[0, 1], [1.0, 0.5, 0.5])
    np.testing.assert_array_equal(np.asarray(second)[1, 1], [0.5, 0.5, 0.25])


@pytest.mark.parametrize("image", [np.ones((8, 6)), np.ones((1, 8, 6)), np.ones((3, 8, 6))])
def test_feature_maps_stand_beside_their_image(image: np.ndarray) -> None:
    """A map of 4 x 4 pixels keeps the size of the image's pixels and stands in the middle."""
    maps = np.random.default_rng(1).normal(size=(3, 4, 4))
    figure = plots.feature_maps(image, maps, columns=2, names=["a", "b", "c"])
    first, *others = [ax for ax in figure.axes if ax.images]
    assert first.images[0].get_array().shape[:2] == (8, 6) and len(others) == 3
    for f, ax in enumerate(others):
        np.testing.assert_array_equal(ax.images[0].get_array(), maps[f])
        assert ax.get_xlim() == (-1.5, 4.5) and ax.get_ylim() == (5.5, -2.5) and ax.get_title() == "abc"[f]


def test_a_matrix_is_shown_with_its_blocks() -> None:
    """White is 0; lines between blocks; numbers where they are asked for."""
    M = np.array([[1.0, 0, 0, -2], [0, 1, 0, 0], [0, 0, 0.5, 0], [0, 0, 0, 1]])
    ax = plots.matrix(M, blocks=(2, 2), written=True, title="four")
    np.testing.assert_array_equal(ax.images[0].get_array(), M)
    assert ax.images[0].get_clim() == (-2.5, 2.5)
    assert len(ax.lines) == 2 and (ax.get_xlabel(), ax.get_ylabel()) == ("input", "output")
    assert sorted(t.get_text() for t in ax.texts) == ["-2", "0.5", "1", "1", "1"]


def test_boxes_stand_where_they_are() -> None:
    """Each group has its colour and its name; scores are written at the upper left corners."""
    X, y = data.boxes(1, np.random.default_rng(0))
    found = y + np.array([[0.5, 0.5, 1.0, 1.0]])
    ax = plots.boxes(X[0], {"true": y, "found": found, "none": []}, scores={"found": [0.875]})
    true, other = ax.patches
    assert (true.get_x(), true.get_y(), true.get_width()) == (y[0, 0], y[0, 1], y[0, 2] - y[0, 0])
    assert to_hex(other.get_edgecolor()).upper() == plots.PALETTE[1]
    assert [t.get_text() for t in ax.texts] == ["0.88"] and ax.texts[0].get_position() == tuple(found[0, :2])
    assert ax.images[0].get_extent() == [0, 16, 16, 0] and ax.get_ylim() == (16, 0)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["true", "found", "none"]
    assert plots.boxes(np.zeros((3, 5, 4)), {}).get_legend() is None


def test_a_network_in_numbers_has_one_bar_per_layer() -> None:
    """The bars are the numbers, in order; shares below one in a hundred are not written."""
    layers = [("conv 1", "convolution", 3_000_000, 10**9), ("conv 2", "convolution", 1, 0), ("out", "dense", 10**6, 4)]
    left, right = plots.network_in_numbers(layers, title="small").axes
    assert [bar.get_width() for bar in left.patches] == [3_000_000, 1, 10**6]
    assert [t.get_text() for t in left.texts] == ["75%", "25%"]
    assert (left.get_title(), left.get_xlabel()) == ("4 million parameters", "millions")
    assert (right.get_title(), right.get_xlabel()) == ("1 billion multiply-adds", "billions")
    assert [t.get_text() for t in left.get_yticklabels()] == ["conv 1", "conv 2", "out"]
    assert [t.get_text() for t in right.get_legend().get_texts()] == ["convolution", "dense"]
    assert plots.network_in_numbers(layers[1:2]).axes[0].get_title() == "1 parameters"


def test_windows_read_what_the_formula_says() -> None:
    """Output i reads places i s - p + a d; a window beyond the end is drawn in another colour."""
    ax = plots.windows(7, 3, stride=2, pad=1, dilation=2)
    squares = [line for line in ax.lines if line.get_marker() == "s"]
    assert [line.get_xdata().tolist() for line in squares] == [[-1, 1, 3], [1, 3, 5], [3, 5, 7]]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first output is on top
    ax = plots.windows(5, 2, stride=2, outputs=3)
    colours = [line.get_color() for line in ax.lines if line.get_marker() == "s"]
    assert colours == [plots.PALETTE[0], plots.PALETTE[0], plots.PALETTE[1]]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: plots.filters(np.zeros((3, 3))), r"K: got shape \(3, 3\), expected \(F, kh, kw\)"),
        (lambda: plots.filters(np.zeros((2, 3, 3)), names=["a"]), "names: got 1 of them, expected 2"),
        (lambda: plots.feature_maps(np.zeros((2, 4, 4)), np.zeros((1, 2, 2))), r"image: got shape \(2, 4, 4\)"),
        (lambda: plots.feature_maps(np.zeros((4, 4)), np.zeros((2, 2))), r"maps: got shape \(2, 2\)"),
        (lambda: plots.feature_maps(np.zeros((4, 4)), np.zeros((1, 2, 2)), names=[]), "names: got 0"),
        (lambda: plots.matrix(np.zeros(3)), r"M: got shape \(3,\), expected \(m, n\)"),
        (lambda: plots.boxes(np.zeros((4, 4)), {"a": [[1, 2, 3]]}), r"groups\['a'\]: got shape \(1, 3\)"),
        (lambda: plots.boxes(np.zeros((4, 4)), {"a": [[0, 0, 1, 1]]}, scores={"a": []}), r"scores\['a'\]: got 0"),
        (lambda: plots.network_in_numbers([]), "layers: got none, expected at least one"),
    ],
)
def test_wrong_shapes_are_refused(call, match: str) -> None:  # type: ignore[no-untyped-def]
    """The message says what was got and what was expected."""
    with pytest.raises(ValueError, match=match):
        call()
