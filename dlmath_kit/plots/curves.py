"""Loss against step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dlmath_kit.plots.style import axes, colour

__all__ = ["loss_curves"]

_DASHES = ("-", "--", "-.", ":")


def loss_curves(
    histories: Mapping[str, Sequence[float] | np.ndarray] | Sequence[float] | np.ndarray,
    ax: Axes | None = None,
    *,
    title: str = "",
    xlabel: str = "step",
    ylabel: str = "loss",
    log: bool = False,
) -> Axes:
    """One line per history; entry t of a history stands at x = t.

    Args:
        histories: name to losses, or one sequence of losses without a name.
        ax: where to draw; a new figure unless given.
        title: above the picture.
        xlabel: of the horizontal axis.
        ylabel: of the vertical axis.
        log: logarithmic vertical axis.

    Returns:
        The axes.
    """
    ax = axes(ax, width=6.0)
    named = histories if isinstance(histories, Mapping) else {"": histories}
    for k, (name, losses) in enumerate(named.items()):
        dash = _DASHES[k % len(_DASHES)]
        ax.plot(np.arange(len(losses)), losses, color=colour(k), linestyle=dash, linewidth=1.8, label=name or None)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(alpha=0.25)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if log:
        ax.set_yscale("log")
    if any(named):
        ax.legend(fontsize="small")
    return ax
