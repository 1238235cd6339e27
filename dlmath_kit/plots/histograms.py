"""How values are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlmath_kit.plots.style import axes, colour

__all__ = ["activations_by_layer", "histograms"]


def histograms(
    samples: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    bins: int = 40,
    limits: tuple[float, float] | None = None,
    title: str = "",
    xlabel: str = "",
) -> Axes:
    """The laws of several samples over each other, on common bins; every area is 1.

    Args:
        samples: name to values, an array of any shape.
        ax: where to draw; a new figure unless given.
        bins: how many.
        limits: of the values shown; from the smallest to the largest of all unless given.
        title: above the picture.
        xlabel: of the horizontal axis.

    Returns:
        The axes.
    """
    ax = axes(ax)
    values = {name: np.asarray(x, dtype=float).ravel() for name, x in samples.items()}
    edges = np.linspace(*(limits or _range(list(values.values()))), bins + 1)
    for k, (name, x) in enumerate(values.items()):
        ax.hist(x, edges.tolist(), density=True, color=colour(k), alpha=0.35, histtype="stepfilled")
        ax.hist(x, edges.tolist(), density=True, color=colour(k), lw=1.6, histtype="step", label=name)
    ax.set(xlabel=xlabel, yticks=[], title=title, xlim=(edges[0], edges[-1]))
    ax.spines["left"].set_visible(False)
    if any(samples):
        ax.legend(fontsize="small")
    return ax


def activations_by_layer(
    networks: Mapping[str, Sequence[np.ndarray]],
    layers: Sequence[int] | None = None,
    *,
    limits: tuple[float, float] | None = None,
    bins: int = 31,
    title: str = "",
) -> Figure:
    """A row for each network, a histogram of the activations for each layer, the standard deviation above it.

    Args:
        networks: name to arrays, one for each layer shown; the same number for every network.
        layers: the layers' numbers, for the captions; 1, 2, 3, ... unless given.
        limits: of the values shown, the same in all histograms; what lies outside counts for the last bin.
            From the smallest to the largest value of all unless given.
        bins: how many.
        title: above the picture.

    Returns:
        The figure; its axes hold the histograms row by row.

    Raises:
        ValueError: not as many arrays for every network as there are layers.
    """
    count = {len(arrays) for arrays in networks.values()} | ({len(layers)} if layers is not None else set())
    if len(count) != 1:
        raise ValueError(f"networks: got {sorted(count)} layers, expected as many for each, and as many numbers.")
    columns = count.pop()
    numbers = layers if layers is not None else range(1, columns + 1)
    low, high = limits or _range([np.ravel(a) for arrays in networks.values() for a in arrays])
    edges = np.linspace(low, high, bins + 1)
    figure, grid = plt.subplots(
        len(networks), columns, figsize=(1.0 + 1.5 * columns, 0.4 + 1.2 * len(networks)),
        squeeze=False, sharex=True, layout="constrained",
    )  # fmt: skip
    for r, (name, arrays) in enumerate(networks.items()):
        for ax, array, number in zip(grid[r], arrays, numbers, strict=True):
            values = np.asarray(array, dtype=float).ravel()
            ax.hist(np.clip(values, low, high), edges.tolist(), color=colour(r))
            ax.set(yticks=[], xlim=(low, high))
            ax.set_title(f"layer {number}: std {values.std():.2g}" if r == 0 else f"std {values.std():.2g}", fontsize=8)
            ax.spines[["top", "right", "left"]].set_visible(False)
        grid[r, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    figure.suptitle(title, fontsize=11)
    return figure


def _range(samples: Sequence[np.ndarray]) -> tuple[float, float]:
    values = np.concatenate([x[np.isfinite(x)] for x in samples])
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)
