"""A classifier's regions of the plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from dlmath_kit.plots.style import MARKERS, axes, colour

__all__ = ["decision_boundary"]


def decision_boundary(
    predict: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    ax: Axes | None = None,
    *,
    title: str = "",
    names: Sequence[str] | None = None,
    labels: tuple[str, str] = ("$x_1$", "$x_2$"),
    resolution: int = 250,
) -> Axes:
    """The plane in the colours of the predicted classes, the points in those of their true ones.

    Args:
        predict: (m, 2) to (m,) classes, as booleans or integers.
        X: (n, 2) points.
        y: (n,) integers, the true classes.
        ax: where to draw; a new figure unless given.
        title: above the picture.
        names: class k is called names[k] in the legend; "class k" unless given.
        labels: of the two axes.
        resolution: points of the grid along each axis.

    Returns:
        The axes.

    Raises:
        ValueError: X is not (n, 2), or `predict` does not give one class per point.
    """
    X, y = np.asarray(X), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"X: got shape {X.shape}, expected (n, 2).")
    ax = axes(ax)
    u, v = (_span(X[:, j], resolution) for j in range(2))
    regions = _classes(predict, u, v)
    present = np.unique(np.concatenate([np.unique(regions), np.unique(y)])).astype(int)
    K = int(present.max()) + 1
    ax.imshow(
        regions,
        extent=(u[0], u[-1], v[0], v[-1]),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap=ListedColormap([colour(k) for k in range(K)]),
        vmin=-0.5,
        vmax=K - 0.5,
        alpha=0.22,
    )
    for k in range(K - 1):
        ax.contour(u, v, regions > k, levels=[0.5], colors="0.25", linewidths=0.8)
    for k in present:
        _points(ax, X[y == k], k, names[k] if names else f"class {k}")
    ax.set(xlabel=labels[0], ylabel=labels[1], title=title)
    ax.legend(loc="best", fontsize="small", framealpha=0.9)
    return ax


def _span(x: np.ndarray, resolution: int) -> np.ndarray:
    margin = 0.08 * (x.max() - x.min()) or 1.0
    return np.linspace(x.min() - margin, x.max() + margin, resolution)


def _classes(predict: Callable[[np.ndarray], np.ndarray], u: np.ndarray, v: np.ndarray) -> np.ndarray:
    grid = np.column_stack([a.ravel() for a in np.meshgrid(u, v)])  # (m, 2)
    classes = np.asarray(predict(grid))
    if classes.shape != (len(grid),):
        raise ValueError(f"predict: got shape {classes.shape} for {len(grid)} points, expected ({len(grid)},).")
    return classes.astype(int).reshape(len(v), len(u))


def _points(ax: Axes, X: np.ndarray, k: int, name: str) -> None:
    marker = MARKERS[k % len(MARKERS)]
    ax.scatter(X[:, 0], X[:, 1], s=18, color=colour(k), marker=marker, edgecolors="white", linewidths=0.4, label=name)
