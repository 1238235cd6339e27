"""What becomes of a quantity from layer to layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dlmath_kit.plots.style import MARKERS, axes, colour

__all__ = ["gradients_by_depth"]

_DASHES = ("-", "--", "-.", ":")


def gradients_by_depth(
    sizes: Mapping[str, Sequence[float] | np.ndarray],
    ax: Axes | None = None,
    *,
    title: str = "",
    xlabel: str = "layer",
    ylabel: str = "size of the gradient",
    first: int = 1,
) -> Axes:
    """One line per network, a point for each layer, on a logarithmic axis.

    Args:
        sizes: name to (L,) positive sizes, layer by layer from the input: norms of gradients, or of activations.
            Zeros, of a gradient that is gone altogether, leave a gap.
        ax: where to draw; a new figure unless given.
        title: above the picture.
        xlabel: of the horizontal axis.
        ylabel: of the vertical axis.
        first: number of the first layer.

    Returns:
        The axes.

    Raises:
        ValueError: the sizes of a network are not (L,), or one is negative.
    """
    ax = axes(ax, width=6.0)
    for k, (name, values) in enumerate(sizes.items()):
        line = _sizes(name, values)
        layers, every = first + np.arange(len(line)), max(1, len(line) // 12)
        dash, mark = _DASHES[k % len(_DASHES)], MARKERS[k % len(MARKERS)]
        ax.plot(layers, line, dash, color=colour(k), marker=mark, ms=5, markevery=every, lw=1.8, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title, yscale="log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    ax.grid(alpha=0.25)
    if any(sizes):
        ax.legend(fontsize="small")
    return ax


def _sizes(name: str, values: Sequence[float] | np.ndarray) -> np.ndarray:
    line = np.asarray(values, dtype=float)
    if line.ndim != 1:
        raise ValueError(f"sizes[{name!r}]: got shape {line.shape}, expected (L,).")
    if np.any(line < 0):
        raise ValueError(f"sizes[{name!r}]: got a negative size, expected sizes of at least 0.")
    return np.where(line > 0, line, np.nan)
