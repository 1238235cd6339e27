"""Matrices whose pattern is worth a look."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dlmath_kit.plots.style import axes

__all__ = ["matrix"]


def matrix(
    M: np.ndarray,
    ax: Axes | None = None,
    *,
    blocks: tuple[int, int] | None = None,
    written: bool = False,
    title: str = "",
    xlabel: str = "input",
    ylabel: str = "output",
) -> Axes:
    """The entries of a matrix as colours: white is 0, blue negative, red positive.

    Args:
        M: (m, n).
        ax: where to draw; a new figure unless given.
        blocks: (rows, columns) of one block; lines are drawn between blocks.
        written: write the entries that are not 0 into their places.
        title: above the picture.
        xlabel, ylabel: what columns and rows are.

    Returns:
        The axes.

    Raises:
        ValueError: M is not a matrix.
    """
    M = np.asarray(M)
    if M.ndim != 2:
        raise ValueError(f"M: got shape {M.shape}, expected (m, n).")
    ax = axes(ax)
    m, n = M.shape
    most = float(np.abs(M).max()) or 1.0
    ax.imshow(M, cmap="RdBu_r", vmin=-1.25 * most, vmax=1.25 * most, interpolation="nearest")
    for place in np.arange(blocks[0], m, blocks[0]) if blocks else ():
        ax.axhline(place - 0.5, color="0.7", lw=0.8)
    for place in np.arange(blocks[1], n, blocks[1]) if blocks else ():
        ax.axvline(place - 0.5, color="0.7", lw=0.8)
    for i, j in np.argwhere(M != 0) if written else ():
        dark = abs(M[i, j]) > 0.75 * most
        ax.text(j, i, f"{M[i, j]:g}", ha="center", va="center", fontsize=8, color="white" if dark else "black")
    ax.spines[:].set(visible=True, color="0.5")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return ax
