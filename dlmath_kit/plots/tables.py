"""Truth against prediction."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from dlmath_kit.plots.style import axes

__all__ = ["confusion"]


def confusion(counts: np.ndarray, ax: Axes | None = None, *, title: str = "") -> Axes:
    """A confusion matrix with its numbers; the colour counts mistakes only, so that they stand out.

    Args:
        counts: (K, K) integers, rows the true class, columns the predicted one.
        ax: where to draw; a new figure unless given.
        title: above the picture.

    Returns:
        The axes.

    Raises:
        ValueError: counts is not square.
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"counts: got shape {counts.shape}, expected (K, K).")
    ax = axes(ax)
    K = len(counts)
    mistakes = counts * (1 - np.eye(K, dtype=int))
    most = int(mistakes.max()) or 1
    ax.imshow(mistakes, cmap="Oranges", vmin=0, vmax=most)
    for a, b in np.argwhere(counts > 0):
        dark = mistakes[a, b] > 0.6 * most
        ax.text(
            b, a, str(counts[a, b]), ha="center", va="center", fontsize=9,
            color="white" if dark else "black", weight="bold" if a == b else "normal",
        )  # fmt: skip
    ax.set(xticks=range(K), yticks=range(K), xlabel="predicted class", ylabel="true class", title=title)
    return ax
