"""The pictures of unit 9 show what they are given."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from PIL import Image

from dlmath_kit import plots


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_values_stand_in_their_fields() -> None:
    """Row by row, white at 0; a terminal state is named and has no value; one arrow in every other state."""
    ax = plots.values_on_grid(
        np.array([1.0, -2, 3, 4, 5, 9]), (2, 3), policy=np.array([2, 1, 1, 2, 2, 0]), terminal=[0, 0, 0, 0, 0, 1],
        names={5: "goal"},
    )  # fmt: skip
    shown = ax.images[-1].get_array()
    np.testing.assert_array_equal(np.ma.filled(shown, np.nan), [[1, -2, 3], [4, 5, np.nan]])
    assert ax.images[-1].get_clim() == (-6.25, 6.25)
    texts = {t.get_text(): t.get_position() for t in ax.texts if t.get_text()}
    assert set(texts) == {"1.00", "-2.00", "3.00", "4.00", "5.00", "goal"} and texts["goal"] == (2, 1)
    arrows = [t for t in ax.texts if not t.get_text()]
    assert len(arrows) == 5
    assert arrows[0].xy[0] > arrows[0].get_position()[0] and arrows[1].xy[1] > arrows[1].get_position()[1]


def test_arrows_grow_with_probabilities() -> None:
    """Of a stochastic policy each action with a probability has an arrow, as long as it is probable."""
    ax = plots.values_on_grid(None, (1, 2), policy=np.array([[0.25, 0.75], [1.0, 0.0]]), moves="lr")
    left, right, only = [t for t in ax.texts if not t.get_text()]
    lengths = [t.xy[0] - t.get_position()[0] for t in (left, right, only)]
    np.testing.assert_allclose(lengths[0] / lengths[1], -1 / 3)
    assert lengths[2] < 0 and not any(t.get_text() for t in ax.texts)


@pytest.mark.parametrize("moves, corners", [("ldru", 3), ("lr", 4)])
def test_action_values_lie_on_their_sides(moves: str, corners: int) -> None:
    """One piece per action of each live state, with its value; the best is bold."""
    A = len(moves)
    Q = np.arange(4.0 * A).reshape(4, A)
    ax = plots.q_on_grid(Q, (2, 2), terminal=[0, 0, 1, 0], names={2: "pit", 0: "start"}, moves=moves)
    (pieces,) = [c for c in ax.collections if isinstance(c, PolyCollection)]
    np.testing.assert_array_equal(pieces.get_array(), Q[[0, 1, 3]].ravel())
    assert {len(path.vertices) for path in pieces.get_paths()} == {corners + 1}
    bold = [t.get_text() for t in ax.texts if t.get_weight() == "bold"]
    assert bold == [f"{Q[s].max():.2f}" for s in (0, 1, 3)]
    assert "pit" in {t.get_text() for t in ax.texts}


def test_the_best_entries_of_a_table_are_framed() -> None:
    """Two that are equally good are both framed; in a row of equal values none is."""
    Q = np.array([[1.0, 2], [3, 3], [0, -1]])
    ax = plots.q_table(Q, actions=["left", "right"], states=["a", "b", "c"])
    np.testing.assert_array_equal(ax.images[0].get_array(), Q)
    assert [p.get_x() for p in ax.patches] == [0.53, -0.47]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["left", "right"]


def test_the_band_is_students_interval_of_the_mean() -> None:
    """Values 1, 2, 3: mean 2, standard error 1 / sqrt(3), quantile 4.303 for two degrees of freedom."""
    ax = plots.learning_curves(
        {"agent": np.array([[1.0], [2], [3]]) + np.zeros((3, 4)), "one": np.ones((1, 4))}, smooth=2
    )
    line, other = ax.lines
    assert line.get_xdata().tolist() == [2, 3, 4] and line.get_ydata().tolist() == [2, 2, 2]
    (band,) = ax.collections
    np.testing.assert_allclose(band.get_paths()[0].vertices[:, 1].max(), 2 + 4.303 / np.sqrt(3))
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["agent (3 runs)", "one (1 run)"]
    assert other.get_ydata().tolist() == [1, 1, 1]


def test_a_walk_moves(tmp_path: Path) -> None:
    """A small GIF in a page of its own: the agent begins in the first state and ends in the last."""
    walk = plots.walk_on_grid([[0, 1, 3]], (2, 2), V=np.arange(4.0), terminal=[0, 0, 0, 1], title="two steps")
    assert len(walk.gif) < 30_000 and walk.frames == 1 + 2 * 3 + 6 and "GIF" not in repr(walk)
    assert base64.b64encode(walk.gif).decode() in walk._repr_html_()
    walk.save(tmp_path / "walk.gif")
    assert (tmp_path / "walk.gif").read_bytes() == walk.gif
    picture, places = Image.open(BytesIO(walk.gif)), []
    for k in (0, picture.n_frames - 1):
        picture.seek(k)
        orange = np.abs(np.asarray(picture.convert("RGB")).astype(int) - (0xD5, 0x5E, 0x00)).sum(axis=2) < 40
        places.append(np.argwhere(orange).mean(axis=0))
    np.testing.assert_allclose(places[1] - places[0], 0.9 * 80, atol=12)  # one row and one column of 0.9 inches


def test_an_episode_of_cartpole() -> None:
    """The pole leans to the right for a positive angle; first and last state are shown."""
    states = np.zeros((11, 4))
    states[:, 0], states[:, 2] = np.linspace(0, 1, 11), np.linspace(0, 0.2, 11)
    shown = [ax for ax in plots.cartpole_strip(states, pictures=3).axes if ax.patches]
    assert [ax.get_title() for ax in shown] == ["step 0", "step 5", "step 10"]
    foot, top = shown[-1].lines[-1].get_xdata()
    np.testing.assert_allclose([foot, top], [1, 1 + np.sin(0.2)])
    episode = plots.cartpole_episode(states, every=4)
    assert episode.frames == 4 and len(episode.gif) < 20_000


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: plots.values_on_grid(np.zeros(5), (2, 3)), r"V: got shape \(5,\), expected \(6,\)"),
        (lambda: plots.values_on_grid(None, (1, 2), policy=np.zeros((2, 3))), r"policy: got shape \(2, 3\)"),
        (lambda: plots.values_on_grid(None, (1, 2), policy=np.zeros(2), moves="lx"), "moves: got 'lx'"),
        (lambda: plots.q_on_grid(np.zeros((4, 3)), (2, 2)), r"Q: got shape \(4, 3\), expected \(4, 4\)"),
        (lambda: plots.q_table(np.zeros(3)), r"Q: got shape \(3,\), expected \(S, A\)"),
        (lambda: plots.q_table(np.zeros((2, 2)), actions=["a"]), "actions: got 1 of them, expected 2"),
        (lambda: plots.learning_curves(np.zeros(3)), r"runs\[''\]: got shape \(3,\), expected \(runs, T\)"),
        (lambda: plots.learning_curves(np.zeros((2, 3)), smooth=4), "smooth: got 4, expected an integer from 1 to 3"),
        (lambda: plots.learning_curves(np.zeros((2, 3)), x=[1]), r"x: got shape \(1,\), expected \(3,\)"),
        (lambda: plots.walk_on_grid([[0, 4]], (2, 2)), "walks: got .*, expected walks over states from 0 to 3"),
        (lambda: plots.cartpole_episode(np.zeros((0, 4))), r"states: got shape \(0, 4\)"),
    ],
)
def test_wrong_shapes_are_refused(call, match: str) -> None:  # type: ignore[no-untyped-def]
    """The message says what was got and what was expected."""
    with pytest.raises(ValueError, match=match):
        call()
