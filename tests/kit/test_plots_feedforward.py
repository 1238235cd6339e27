"""The pictures of unit 4 show what they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from dlmath_kit import plots


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_a_gradient_has_a_point_for_each_layer() -> None:
    """Layers count from 1 unless told otherwise; the size axis is logarithmic."""
    ax = plots.gradients_by_depth({"sigmoid": [1e-8, 1e-4, 1.0], "ReLU": np.ones(3)}, title="three layers")
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 1e-8], [2, 1e-4], [3, 1]])
    assert ax.get_yscale() == "log" and ax.get_title() == "three layers"
    legend = ax.get_legend()
    assert legend is not None and [t.get_text() for t in legend.get_texts()] == ["sigmoid", "ReLU"]
    ax = plots.gradients_by_depth({"": [1.0, 2.0]}, first=0)
    assert ax.lines[0].get_xdata()[0] == 0 and ax.get_legend() is None  # type: ignore[index]


def test_a_vanished_gradient_leaves_a_gap() -> None:
    """Zeros have no logarithm; the other layers are drawn."""
    line = plots.gradients_by_depth({"a": [0.0, 1e-3, 1.0]}).lines[0]
    np.testing.assert_array_equal(np.asarray(line.get_ydata()), [np.nan, 1e-3, 1])


@pytest.mark.parametrize(
    ("sizes", "match"),
    [
        (np.ones((2, 3)), r"sizes\['a'\]: got shape \(2, 3\), expected \(L,\)"),
        ([1.0, -1.0], r"sizes\['a'\]: got a negative size"),
    ],
)
def test_sizes_are_numbers_by_layer(sizes: np.ndarray, match: str) -> None:
    """What is no list of sizes is refused by name."""
    with pytest.raises(ValueError, match=match):
        plots.gradients_by_depth({"a": sizes})


def test_histograms_share_their_bins_and_have_area_one() -> None:
    """Two samples of different sizes are comparable."""
    rng = np.random.default_rng(0)
    ax = plots.histograms({"before": rng.normal(2, 2, size=(50, 3)), "after": rng.normal(size=999)}, bins=20)
    outlines = [patch.get_path().vertices for patch in ax.patches[1::2]]
    assert len(outlines) == 2
    width = np.diff(ax.get_xlim())[0] / 20
    for outline in outlines:
        assert np.sum(np.asarray(outline)[1:-1:2, 1]) * width == pytest.approx(1)
    assert plots.histograms({"a": np.zeros(5)}, limits=(-1, 1)).get_xlim() == (-1, 1)


def test_equal_values_have_a_histogram() -> None:
    """One value alone makes no empty axis."""
    low, high = plots.histograms({"a": np.full(5, 3.0)}).get_xlim()
    assert low < 3 < high


def test_activations_have_a_row_for_each_network() -> None:
    """A histogram for each network and layer, with its standard deviation; outliers count for the last bin."""
    wide, narrow = np.array([-9.0, -1.0, 1.0, 9.0]), np.array([0.0, 0.0, 1.0, 1.0])
    figure = plots.activations_by_layer({"a": [wide, narrow], "b": [narrow, narrow]}, [1, 10], limits=(-2, 2))
    assert [ax.get_title() for ax in figure.axes] == ["layer 1: std 6.4", "layer 10: std 0.5", "std 0.5", "std 0.5"]
    assert [figure.axes[k].get_ylabel() for k in (0, 2)] == ["a", "b"]
    counts = [patch.get_height() for patch in figure.axes[0].patches]  # type: ignore[attr-defined]
    assert sum(counts) == 4 and counts[0] == counts[-1] == 1


def test_every_network_has_the_same_layers() -> None:
    """Rows of different lengths are refused."""
    with pytest.raises(ValueError, match=r"networks: got \[1, 2\] layers"):
        plots.activations_by_layer({"a": [np.ones(2)], "b": [np.ones(2), np.ones(2)]})
    with pytest.raises(ValueError, match=r"networks: got \[1, 3\] layers"):
        plots.activations_by_layer({"a": [np.ones(2)]}, [1, 2, 3])


def test_a_mask_is_shown_as_it_is() -> None:
    """Kept units are coloured, dropped ones white."""
    mask = np.array([[True, False, True], [False, False, True]])
    image = plots.dropout_masks(mask, title="two samples").images[0]
    np.testing.assert_array_equal(np.asarray(image.get_array()), mask)
    assert [to_hex(image.cmap(v)).upper() for v in (0, 1)] == ["#FFFFFF", plots.PALETTE[0]]


@pytest.mark.parametrize("mask", [np.ones(3, bool), np.array([[0.5, 1.0]])])
def test_a_mask_is_a_table_of_booleans(mask: np.ndarray) -> None:
    """Scaled masks and vectors are refused."""
    with pytest.raises(ValueError, match=r"mask: got .*, expected \(n, m\) booleans"):
        plots.dropout_masks(mask)


def test_a_graph_shows_values_and_adjoints() -> None:
    """x * x at 3: value and adjoint stand in every node, arrows go from operands to results."""
    ax = plots.computation_graph({"x": (0, 0, 3, 6), "x²": (1, 0, 9, 1)}, [("x", "x²")])
    assert [t.get_text() for t in ax.texts] == ["", "x", "3", "6", "x²", "9", "1"]
    with pytest.raises(ValueError, match=r"edges: got \('x', 'y'\), expected pairs of nodes"):
        plots.computation_graph({"x": (0, 0, 3, 6)}, [("x", "y")])


def test_they_draw_into_given_axes() -> None:
    """No new figure is made when axes are passed."""
    _, (left, ax) = plt.subplots(1, 2)
    assert plots.gradients_by_depth({"a": [1.0]}, left) is left
    assert plots.histograms({"a": np.arange(3)}, ax) is ax
    assert plots.dropout_masks(np.eye(2, dtype=bool), ax) is ax
    assert plots.computation_graph({"x": (0, 0, 1, 1)}, [], ax) is ax
    assert len(plt.get_fignums()) == 1
