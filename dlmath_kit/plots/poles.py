"""CartPole: what an episode looked like."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from dlmath_kit.plots.animations import Animation, animate
from dlmath_kit.plots.style import colour

__all__ = ["cartpole_episode", "cartpole_strip"]

_EDGE, _POLE, _WIDTH, _HEIGHT = 2.4, 1.0, 0.44, 0.24  # of the environment: metres, and of its picture
_STEP = 20  # milliseconds of one step


def cartpole_strip(states: np.ndarray, *, pictures: int = 6, columns: int = 3, title: str = "") -> Figure:
    """Snapshots of an episode, evenly spaced in time, from the first state to the last.

    Args:
        states: (T, 4) observations: position, velocity, angle, angular velocity.
        pictures: how many of them are shown.
        columns: pictures in a row.
        title: above the picture.

    Returns:
        The figure.

    Raises:
        ValueError: states are not (T, 4) with T at least 1.
    """
    states = _observations(states)
    steps = np.unique(np.linspace(0, len(states) - 1, pictures).round().astype(int))
    rows = math.ceil(len(steps) / columns)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(2.6 * columns, 0.95 * rows + (0.35 if title else 0)),
        squeeze=False,
        layout="constrained",
    )
    for ax in grid.flat[len(steps) :]:
        ax.set_axis_off()
    for ax, t in zip(grid.flat, steps, strict=False):
        cart, pole = _scene(ax)
        _place(cart, pole, states[t])
        ax.set_title(f"step {t}", fontsize=9, pad=2)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def cartpole_episode(states: np.ndarray, *, every: int = 4, title: str = "") -> Animation:
    """An episode in motion, in real time.

    Args:
        states: (T, 4) observations: position, velocity, angle, angular velocity.
        every: one picture for so many steps; the last state is always shown.
        title: above the picture.

    Returns:
        The animation; put it at the end of a cell.

    Raises:
        ValueError: states are not (T, 4) with T at least 1.
    """
    states = _observations(states)
    steps = [*range(0, len(states) - 1, every), len(states) - 1]
    figure = Figure(figsize=(5.2, 1.9 if title else 1.6), dpi=80)
    ax = figure.add_axes((0.02, 0.02, 0.96, 0.8 if title else 0.96))
    cart, pole = _scene(ax)
    caption = ax.text(-_EDGE, 1.3, "", fontsize=9, va="top")
    figure.suptitle(title, fontsize=11, y=0.97)

    def draw(t: int) -> None:
        _place(cart, pole, states[t])
        caption.set_text(f"step {t}")

    moving = [cart, pole, caption]
    return animate(figure, moving, steps, draw, milliseconds=_STEP * every, what="an episode of CartPole")


def _observations(states: np.ndarray) -> np.ndarray:
    states = np.asarray(states, dtype=float)
    if states.ndim != 2 or states.shape[1] != 4 or len(states) == 0:
        raise ValueError(f"states: got shape {states.shape}, expected (T, 4) with T at least 1.")
    return states


def _scene(ax: Axes) -> tuple[Rectangle, Line2D]:
    """The track with its ends; the cart and the pole, to be put into place."""
    ax.set(xlim=(-2.75, 2.75), ylim=(-0.22, 1.35), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)
    ax.axhline(0, color="0.6", lw=1, zorder=0)
    ax.vlines([-_EDGE, _EDGE], -0.12, 0.12, color="0.4", lw=2)
    cart = Rectangle((0, 0), _WIDTH, _HEIGHT, color=colour(0))
    ax.add_patch(cart)
    (pole,) = ax.plot([], [], color=colour(1), lw=4, solid_capstyle="round")
    return cart, pole


def _place(cart: Rectangle, pole: Line2D, state: np.ndarray) -> None:
    """The pole stands on the cart and leans to the right for a positive angle."""
    x, _, angle, _ = state
    cart.set_xy((x - _WIDTH / 2, -_HEIGHT / 2))
    pole.set_data([x, x + _POLE * math.sin(angle)], [_HEIGHT / 2, _HEIGHT / 2 + _POLE * math.cos(angle)])
