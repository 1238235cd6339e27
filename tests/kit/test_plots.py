"""The pictures show what they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from dlmath_kit import plots
from dlmath_kit.data import two_moons


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_boundary_draws_every_point_in_its_class() -> None:
    """One set of points per class, with the class's colour, at the given places; axes and legend are named."""
    X, y = two_moons(40, 0.1, np.random.default_rng(0))
    ax = plots.decision_boundary(lambda Z: Z[:, 0] > 0.5, X, y, title="moons", names=["upper", "lower"])
    plane, points = ax.images[0], [c for c in ax.collections if len(c.get_offsets()) == 20]
    for k in (0, 1):
        np.testing.assert_array_equal(points[k].get_offsets(), X[y == k])
        assert to_hex(points[k].get_facecolor()[0]).upper() == plots.PALETTE[k]
    assert set(np.unique(plane.get_array())) == {0, 1}
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["upper", "lower"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("$x_1$", "$x_2$", "moons")


def test_boundary_asks_the_classifier_about_the_plane() -> None:
    """The regions are the classifier's answers on a grid around the points."""
    X, y = np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([0, 2])
    ax = plots.decision_boundary(lambda Z: 2 * (Z[:, 1] > 1), X, y, resolution=11)
    regions = np.asarray(ax.images[0].get_array())
    assert (regions[:5] == 0).all() and (regions[6:] == 2).all()


def test_boundary_draws_into_given_axes() -> None:
    """No new figure is made when axes are passed."""
    _, ax = plt.subplots()
    assert plots.decision_boundary(lambda Z: np.zeros(len(Z)), np.eye(2), np.array([0, 1]), ax) is ax
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize(
    ("predict", "X", "match"),
    [
        (lambda Z: Z[:, 0] > 0, np.zeros((3, 4)), r"X: got shape \(3, 4\), expected \(n, 2\)"),
        (lambda Z: Z, np.eye(3, 2), r"predict: got shape \(62500, 2\) for 62500 points, expected \(62500,\)"),
    ],
)
def test_boundary_refuses_wrong_shapes(predict, X: np.ndarray, match: str) -> None:  # type: ignore[no-untyped-def]
    """The message says what was got and what was expected."""
    with pytest.raises(ValueError, match=match):
        plots.decision_boundary(predict, X, np.zeros(3))


def test_curves_are_the_histories() -> None:
    """Entry t stands at t; names are in the legend; the axes have names."""
    ax = plots.loss_curves({"slow": [3, 2, 1], "fast": np.array([3.0, 1.0])}, log=True)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[0, 3], [1, 2], [2, 1]])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [3, 1])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["slow", "fast"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("step", "loss", "log")
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()


def test_one_curve_needs_no_legend() -> None:
    """A plain sequence is drawn without a legend."""
    assert plots.loss_curves([1.0, 0.5]).get_legend() is None


def test_the_grid_shows_the_images() -> None:
    """Rows are reshaped to squares; unused places stay empty; all share one scale."""
    rows = np.arange(3 * 16).reshape(3, 16) / 47
    figure = plots.image_grid(rows, labels=[7, 8, 9], columns=2, title="three", rows=["first", "second"])
    shown = [ax for ax in figure.axes if ax.images]
    assert len(figure.axes) == 4 and len(shown) == 3
    for k, ax in enumerate(shown):
        np.testing.assert_array_equal(ax.images[0].get_array(), rows[k].reshape(4, 4))
        assert ax.images[0].get_clim() == (0.0, 1.0) and ax.get_title() == str(7 + k)
    assert [figure.axes[0].get_ylabel(), figure.axes[2].get_ylabel()] == ["first", "second"]


def test_signed_images_are_centred_at_zero() -> None:
    """White is zero: the scale is symmetric."""
    figure = plots.image_grid(np.array([[[-1.0, 3.0]]]), signed=True)
    assert figure.axes[0].images[0].get_clim() == (-3.0, 3.0)


def test_the_grid_refuses_what_it_cannot_show() -> None:
    """Rows that are no squares need a shape; captions must be as many as images."""
    with pytest.raises(ValueError, match=r"images: got shape \(2, 6\)"):
        plots.image_grid(np.zeros((2, 6)))
    assert plots.image_grid(np.zeros((2, 6)), shape=(2, 3)).axes[0].images[0].get_array().shape == (2, 3)
    with pytest.raises(ValueError, match="labels: got 1 of them, expected 2"):
        plots.image_grid(np.zeros((2, 4)), labels=["a"])


def test_confusion_writes_the_counts_and_colours_the_mistakes() -> None:
    """Every positive count is written in its place; the diagonal has no colour."""
    counts = np.array([[5, 2, 0], [0, 7, 0], [1, 0, 9]])
    ax = plots.confusion(counts)
    written = {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in ax.texts}
    assert written == {(0, 0): "5", (0, 1): "2", (1, 1): "7", (2, 0): "1", (2, 2): "9"}
    np.testing.assert_array_equal(ax.images[0].get_array(), [[0, 2, 0], [0, 0, 0], [1, 0, 0]])
    assert ax.get_ylabel() == "true class"
    with pytest.raises(ValueError, match=r"counts: got shape \(2, 3\)"):
        plots.confusion(np.zeros((2, 3)))
