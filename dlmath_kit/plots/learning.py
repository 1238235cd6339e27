"""How agents improve, over several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from dlmath_kit.plots.style import axes, colour

__all__ = ["learning_curves"]

_DASHES = ("-", "--", "-.", ":")
# 0.975 quantiles of Student's t for 1, 2, ..., 30 degrees of freedom; above, the last stays a little too wide.
_STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def learning_curves(
    runs: Mapping[str, np.ndarray] | np.ndarray,
    ax: Axes | None = None,
    *,
    x: Sequence[float] | np.ndarray | None = None,
    smooth: int = 1,
    title: str = "",
    xlabel: str = "episode",
    ylabel: str = "return",
) -> Axes:
    """The mean of several runs, in a band: the 95 % confidence interval of the mean, by Student's t at each place.

    Args:
        runs: name to (runs, T) values, one row per seed; or one such array without a name. One run has no band.
        ax: where to draw; a new figure unless given.
        x: (T,) places of the values; 1, ..., T unless given.
        smooth: each value is replaced by the mean of the last `smooth` of its run, before anything else.
        title: above the picture.
        xlabel: of the horizontal axis.
        ylabel: of the vertical axis.

    Returns:
        The axes.

    Raises:
        ValueError: values are not (runs, T), x is not (T,), or smooth is not in [1, T].
    """
    ax = axes(ax, width=6.0)
    named = runs if isinstance(runs, Mapping) else {"": runs}
    for k, (name, values) in enumerate(named.items()):
        values = _rows(name, values)
        T = values.shape[1]
        places = np.arange(1, T + 1) if x is None else np.asarray(x, dtype=float)
        if places.shape != (T,):
            raise ValueError(f"x: got shape {places.shape}, expected ({T},).")
        values, n = _smoothed(values, smooth), len(values)
        mean, label = values.mean(axis=0), f"{name} ({n} run{'s' * (n > 1)})" if name else None
        ax.plot(places[smooth - 1 :], mean, color=colour(k), linestyle=_DASHES[k % 4], lw=1.8, label=label, zorder=3)
        if n > 1:
            half = _STUDENT[min(n - 1, len(_STUDENT)) - 1] * values.std(axis=0, ddof=1) / np.sqrt(n)
            ax.fill_between(places[smooth - 1 :], mean - half, mean + half, color=colour(k), alpha=0.2, lw=0)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(alpha=0.25)
    if any(named):
        ax.legend(fontsize="small")
    return ax


def _rows(name: str, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"runs[{name!r}]: got shape {values.shape}, expected (runs, T).")
    return values


def _smoothed(values: np.ndarray, smooth: int) -> np.ndarray:
    """(runs, T - smooth + 1), means of `smooth` neighbours."""
    if not 1 <= smooth <= values.shape[1]:
        raise ValueError(f"smooth: got {smooth}, expected an integer from 1 to {values.shape[1]}.")
    return np.lib.stride_tricks.sliding_window_view(values, smooth, axis=1).mean(axis=2)
