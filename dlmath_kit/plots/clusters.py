"""Points in groups."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from dlmath_kit.plots.style import MARKERS, axes, colour

__all__ = ["clusters"]


def clusters(
    X: np.ndarray,
    labels: np.ndarray,
    centers: np.ndarray | None = None,
    ax: Axes | None = None,
    *,
    trails: np.ndarray | None = None,
    title: str = "",
    axis_names: tuple[str, str] = ("$x_1$", "$x_2$"),
) -> Axes:
    """Points in the colours of their groups, and the groups' centers as crosses.

    Args:
        X: (n, 2) points.
        labels: (n,) integers, the group of each point.
        centers: (K, 2), drawn as crosses; none unless given.
        ax: where to draw; a new figure unless given.
        trails: (T, K, 2) former places of the centers, joined to the present ones by lines.
        title: above the picture.
        axis_names: of the two axes.

    Returns:
        The axes.

    Raises:
        ValueError: X is not (n, 2), or there is not one label for each point.
    """
    X, labels = np.asarray(X), np.asarray(labels)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"X: got shape {X.shape}, expected (n, 2).")
    if labels.shape != (len(X),):
        raise ValueError(f"labels: got shape {labels.shape} for {len(X)} points, expected ({len(X)},).")
    ax = axes(ax)
    for k in np.unique(labels).astype(int):
        own = X[labels == k]
        ax.scatter(
            own[:, 0], own[:, 1], s=16, color=colour(k), marker=MARKERS[k % len(MARKERS)], alpha=0.6, linewidths=0
        )
    for k, center in enumerate(() if centers is None else np.asarray(centers)):
        if trails is not None:
            way = np.vstack([np.asarray(trails)[:, k], center])
            ax.plot(*way.T, color="0.2", lw=1.2, marker=".", ms=4)
        ax.plot(*center, marker="X", ms=12, color=colour(k), markeredgecolor="black", markeredgewidth=1.2, ls="none")
    ax.set(xlabel=axis_names[0], ylabel=axis_names[1], title=title)
    return ax
