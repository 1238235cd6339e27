"""Which inputs a convolution reads for which output."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from dlmath_kit.plots.style import axes, colour

__all__ = ["windows"]


def windows(
    h: int,
    k: int,
    stride: int = 1,
    pad: int = 0,
    dilation: int = 1,
    outputs: int | None = None,
    ax: Axes | None = None,
    *,
    title: str = "",
) -> Axes:
    """One row per output: the places of the padded input, and a square on each that the filter reads.

    Args:
        h: size of the input.
        k: size of the filter.
        stride: step from row to row.
        pad: zeros at each end, drawn as open circles.
        dilation: distance between the places that are read.
        outputs: rows; as many as fit unless given. A row that does not fit is drawn in red.
        ax: where to draw; a new figure unless given.
        title: above the picture.

    Returns:
        The axes.
    """
    span, size = dilation * (k - 1) + 1, h + 2 * pad
    rows = outputs if outputs is not None else max(0, (size - span) // stride + 1)
    ax = axes(ax, width=5.0, height=0.9 + 0.22 * max(rows, 1))
    places = np.arange(size) - pad
    inside = (places >= 0) & (places < h)
    for i in range(rows):
        ax.plot(places[inside], np.full(h, i), "o", ms=4, color="0.6", ls="")
        ax.plot(places[~inside], np.full(2 * pad, i), "o", ms=4, mfc="white", color="0.6", ls="")
        read = i * stride - pad + dilation * np.arange(k)
        fits = read[-1] < h + pad
        ax.plot(read, np.full(k, i), "s", ms=8, color=colour(0 if fits else 1), alpha=0.75, ls="-", lw=1)
    ax.axvspan(-0.5, h - 0.5, color="0.95", zorder=0)
    ax.set(xlabel="place of the input", ylabel="output", title=title, ylim=(rows - 0.4, -0.6), yticks=range(rows))
    ax.set_xticks(places[inside][:: max(1, h // 8)])
    return ax
