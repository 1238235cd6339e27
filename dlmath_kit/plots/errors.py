"""Where errors come from, and how two kinds of them are traded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from dlmath_kit.plots.style import axes, colour

__all__ = ["bias_variance_curves", "roc_curves"]

_DASHES = ("-", "--", "-.", ":")


def bias_variance_curves(
    x: Sequence[float] | np.ndarray,
    bias2: Sequence[float] | np.ndarray,
    var: Sequence[float] | np.ndarray,
    sigma2: float,
    ax: Axes | None = None,
    *,
    title: str = "",
    xlabel: str = "flexibility",
    log: bool = False,
) -> Axes:
    """Squared bias, variance and noise, and their sum, whose minimum is marked.

    Args:
        x: (q,) what makes the method more or less flexible: a degree, a penalty.
        bias2: (q,) squared bias.
        var: (q,) variance.
        sigma2: variance of the noise.
        ax: where to draw; a new figure unless given.
        title: above the picture.
        xlabel: of the horizontal axis.
        log: logarithmic horizontal axis.

    Returns:
        The axes.
    """
    ax = axes(ax, width=6.0)
    x, total = np.asarray(x), np.asarray(bias2) + np.asarray(var) + sigma2
    parts = {"bias²": bias2, "variance": var, "noise": np.full(len(x), sigma2)}
    for k, (name, values) in enumerate(parts.items()):
        ax.plot(x, values, color=colour(k), linestyle=_DASHES[k + 1], lw=1.8, label=name)
    ax.plot(x, total, color="0.15", lw=2.2, label="total")
    best = int(np.argmin(total))
    ax.plot(x[best], total[best], "o", color="0.15", ms=7)
    ax.set(xlabel=xlabel, ylabel="squared error", title=title, ylim=(0, None))
    if log:
        ax.set_xscale("log")
    ax.grid(alpha=0.25)
    ax.legend(fontsize="small")
    return ax


def roc_curves(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], ax: Axes | None = None, *, title: str = "") -> Axes:
    """ROC curves, beside the diagonal on which guessing lies.

    Args:
        curves: name to (false-positive rates, true-positive rates), each (k,), from (0, 0) to (1, 1).
        ax: where to draw; a new figure unless given.
        title: above the picture.

    Returns:
        The axes.
    """
    ax = axes(ax, width=4.4)
    ax.plot([0, 1], [0, 1], color="0.7", lw=1, zorder=0)
    for k, (name, (fpr, tpr)) in enumerate(curves.items()):
        ax.plot(fpr, tpr, color=colour(k), linestyle=_DASHES[k % len(_DASHES)], lw=1.8, label=name)
    ax.set(xlabel="false-positive rate", ylabel="true-positive rate", title=title, xlim=(-0.01, 1), ylim=(0, 1.01))
    ax.set_aspect("equal")
    ax.legend(loc="lower right", fontsize="small")
    return ax
