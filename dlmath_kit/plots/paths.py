"""Paths of optimisers over a landscape of two parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from dlmath_kit.plots.style import MARKERS, axes, colour

__all__ = ["descent_paths"]


def descent_paths(
    f: Callable[[np.ndarray], np.ndarray],
    paths: Mapping[str, ArrayLike],
    ax: Axes | None = None,
    *,
    minimum: Sequence[float] | None = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    title: str = "",
    legend: Literal["best", "upper left", "upper right", "lower left", "lower right"] = "best",
    resolution: int = 200,
) -> Axes:
    """Lines of equal height, evenly spaced in the logarithm of the height, under one path per optimiser.

    Args:
        f: (..., 2) points to (...) values.
        paths: name to (T + 1, 2) points, the start first.
        ax: where to draw; a new figure unless given.
        minimum: where f is smallest, marked with a star; heights are counted from f there.
        xlim, ylim: the part of the plane; around all paths and the minimum unless given.
        title: above the picture.
        legend: its place.
        resolution: points of the grid along each axis.

    Returns:
        The axes.

    Raises:
        ValueError: a path is not (T + 1, 2), or f does not give one value per point.
    """
    ax = axes(ax, width=6.0)
    drawn = {name: _path(name, path) for name, path in paths.items()}
    ends = [] if minimum is None else [np.reshape(np.asarray(minimum, dtype=float), (1, 2))]
    seen = np.concatenate([*drawn.values(), *ends])
    u, v = (np.linspace(*(limits or _around(seen[:, j])), resolution) for j, limits in enumerate((xlim, ylim)))
    _contours(ax, f, u, v, ends)
    for k, (name, path) in enumerate(drawn.items()):
        mark, every = MARKERS[k % len(MARKERS)], max(1, len(path) // 40)
        ax.plot(*path.T, color=colour(k), lw=1.4, marker=mark, ms=3, markevery=every, label=name)
        ax.plot(*path[-1], color=colour(k), marker=mark, ms=8, mec="white", zorder=4)
    for end in ends:
        ax.plot(*end[0], marker="*", ms=14, color="black", mec="white", ls="", zorder=5)
    ax.set(xlim=(u[0], u[-1]), ylim=(v[0], v[-1]), xlabel=r"$\theta_1$", ylabel=r"$\theta_2$", title=title)
    if any(drawn):
        ax.legend(loc=legend, fontsize="small", framealpha=0.9)
    return ax


def _path(name: str, path: ArrayLike) -> np.ndarray:
    points = np.asarray(path, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"paths[{name!r}]: got shape {points.shape}, expected (T + 1, 2).")
    return points


def _around(x: np.ndarray) -> tuple[float, float]:
    x = x[np.isfinite(x)]
    margin = 0.1 * float(x.max() - x.min()) or 1.0
    return float(x.min()) - margin, float(x.max()) + margin


def _contours(
    ax: Axes, f: Callable[[np.ndarray], np.ndarray], u: np.ndarray, v: np.ndarray, minimum: list[np.ndarray]
) -> None:
    grid = np.stack(np.meshgrid(u, v), axis=-1)  # (resolution, resolution, 2)
    heights = np.asarray(f(grid))
    if heights.shape != grid.shape[:2]:
        raise ValueError(f"f: got shape {heights.shape} for points {grid.shape}, expected {grid.shape[:2]}.")
    lowest = float(np.asarray(f(minimum[0]))[0]) if minimum else float(heights.min())
    above = np.maximum(heights - lowest, 1e-300)
    top = float(above.max())
    bottom = max(float(np.quantile(above, 0.002)), 1e-6 * top)
    levels = np.geomspace(bottom, top, 14)
    ax.contourf(u, v, above, levels=np.append(0.0, levels), colors=_greys(len(levels)), extend="max")
    ax.contour(u, v, above, levels=levels, colors="0.7", linewidths=0.6)


def _greys(n: int) -> list[tuple[float, float, float]]:
    """Darker where it is lower, light enough for coloured lines."""
    return [(s, s, s) for s in np.linspace(0.82, 1.0, n + 1)]
