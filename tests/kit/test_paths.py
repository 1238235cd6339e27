"""The picture of optimisers' paths shows what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet

from dlmath_kit import data, plots


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def bowl(theta: np.ndarray) -> np.ndarray:
    return np.sum((theta - 1) ** 2, axis=-1)


def test_every_path_is_drawn_with_its_end() -> None:
    """One line per path in its own colour, a large mark at its end, a star at the minimum."""
    paths = {"one": [[0, 0], [1, 0.5]], "two": np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]])}
    ax = plots.descent_paths(bowl, paths, minimum=(1, 1), title="two ways")
    lines = [line for line in ax.lines if not line.get_label().startswith("_")]
    for k, (line, path) in enumerate(zip(lines, paths.values(), strict=True)):
        np.testing.assert_array_equal(line.get_xydata(), path)
        assert to_hex(line.get_color()).upper() == plots.PALETTE[k]
    ends = [tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xydata()) == 1]
    assert ends == [(1, 0.5), (1, 1), (1, 1)]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["one", "two"]
    assert ax.get_title() == "two ways"


def test_the_plane_holds_all_paths_unless_limited() -> None:
    """Limits reach beyond every point; given limits are kept."""
    path = np.array([[-2.0, 3.0], [1.0, 1.0]])
    low, high = plots.descent_paths(bowl, {"a": path}).get_xlim()
    assert low < -2 and high > 1
    ax = plots.descent_paths(bowl, {"a": path}, xlim=(0, 2), ylim=(-1, 1))
    assert ax.get_xlim() == (0, 2) and ax.get_ylim() == (-1, 1)


def test_a_path_that_left_the_plane_is_drawn_as_far_as_it_is_finite() -> None:
    """Infinite points, of a descent that diverged, do not spoil the limits."""
    ax = plots.descent_paths(bowl, {"a": [[0.0, 0.0], [2.0, 1.0], [np.inf, np.nan]]})
    assert np.isfinite([*ax.get_xlim(), *ax.get_ylim()]).all()


def test_heights_are_counted_from_the_minimum() -> None:
    """Adding a constant to f changes no line of equal height."""
    paths = {"a": np.array([[0.0, 0.0], [1.0, 1.0]])}
    levels = []
    for height in (0.0, 1000.0):
        raised = partial(lambda h, theta: data.rosenbrock(theta) + h, height)
        drawn = plots.descent_paths(raised, paths, minimum=(1, 1)).collections
        levels.append(next(c.levels for c in drawn if isinstance(c, ContourSet)))
    np.testing.assert_allclose(levels[0], levels[1], rtol=1e-6)


def test_it_draws_into_given_axes() -> None:
    """No new figure is made when axes are passed."""
    _, ax = plt.subplots()
    assert plots.descent_paths(bowl, {"a": np.eye(2)}, ax) is ax
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize(
    ("f", "path", "match"),
    [
        (bowl, np.zeros((3, 4)), r"paths\['a'\]: got shape \(3, 4\), expected \(T \+ 1, 2\)"),
        (lambda t: t, np.eye(2), r"f: got shape \(200, 200, 2\) for points .*, expected \(200, 200\)"),
    ],
)
def test_wrong_shapes_are_refused(f, path: np.ndarray, match: str) -> None:  # type: ignore[no-untyped-def]
    """The message says what was got and what was expected."""
    with pytest.raises(ValueError, match=match):
        plots.descent_paths(f, {"a": path})
