"""The pictures of unit 1 show what they are given."""

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


def test_clusters_draws_points_and_centers_in_their_colours() -> None:
    """One set of points for each group that has any, one cross for each center, at the given places."""
    X, labels = np.arange(10.0).reshape(5, 2), np.array([0, 2, 0, 2, 2])
    centers = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    ax = plots.clusters(X, labels, centers, title="groups", axis_names=("a", "b"))
    for drawn, k in zip(ax.collections, (0, 2), strict=True):
        np.testing.assert_array_equal(drawn.get_offsets(), X[labels == k])
        assert to_hex(drawn.get_facecolor()[0]).upper() == plots.PALETTE[k]
    np.testing.assert_array_equal([line.get_xydata()[0] for line in ax.lines], centers)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("a", "b", "groups")


def test_clusters_joins_the_former_places_of_a_center() -> None:
    """A trail leads through all former places to the present one."""
    trails = np.array([[[0.0, 0.0]], [[1.0, 0.0]]])
    ax = plots.clusters(np.eye(2), np.zeros(2, int), np.array([[1.0, 1.0]]), trails=trails)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[0, 0], [1, 0], [1, 1]])


@pytest.mark.parametrize(
    ("X", "labels", "match"),
    [
        (np.zeros((4, 3)), np.zeros(4), r"X: got shape \(4, 3\), expected \(n, 2\)"),
        (np.zeros((4, 2)), np.zeros(3), r"labels: got shape \(3,\) for 4 points, expected \(4,\)"),
    ],
)
def test_clusters_refuses_wrong_shapes(X: np.ndarray, labels: np.ndarray, match: str) -> None:
    """The message says what was got and what was expected."""
    with pytest.raises(ValueError, match=match):
        plots.clusters(X, labels)


def test_bias_variance_curves_add_up_and_mark_the_best() -> None:
    """The total is the sum of the three parts, and the dot stands at its minimum."""
    ax = plots.bias_variance_curves([1, 2, 3], [4.0, 1.0, 0.0], [0.0, 1.0, 4.0], 0.5, xlabel="degree")
    heights = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_array_equal(heights["total"], [4.5, 2.5, 4.5])
    np.testing.assert_array_equal(heights["noise"], [0.5, 0.5, 0.5])
    np.testing.assert_array_equal(ax.lines[-1].get_xydata(), [[2, 2.5]])
    assert ax.get_xlabel() == "degree" and ax.get_xscale() == "linear"
    assert plots.bias_variance_curves([1, 10], [1, 1], [1, 1], 0.0, log=True).get_xscale() == "log"


def test_roc_curves_are_named_and_lie_over_the_diagonal_of_guessing() -> None:
    """Each curve goes through the given points."""
    fpr, tpr = np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 1.0])
    ax = plots.roc_curves({"model": (fpr, tpr), "other": (tpr, fpr)}, title="two")
    guessing, model, other = ax.lines
    np.testing.assert_array_equal(guessing.get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(model.get_xydata(), np.column_stack([fpr, tpr]))
    np.testing.assert_array_equal(other.get_xydata(), np.column_stack([tpr, fpr]))
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["model", "other"]
