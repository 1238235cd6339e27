"""A network's layers in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dlmath_kit.plots.style import colour

__all__ = ["network_in_numbers"]

_SCALES = ((1e9, "billion"), (1e6, "million"), (1.0, ""))


def network_in_numbers(
    layers: Sequence[tuple[str, str, int, int]],
    *,
    title: str = "",
) -> Figure:
    """Where a network keeps its parameters, and where it spends its multiply-adds: one bar per layer, first on top.

    Args:
        layers: (name, kind, parameters, multiply-adds) of each layer; layers of a kind share a colour.
        title: above the picture.

    Returns:
        The figure; its two axes hold the parameters and the multiply-adds.

    Raises:
        ValueError: no layer.
    """
    if not layers:
        raise ValueError("layers: got none, expected at least one.")
    names, kinds = [layer[0] for layer in layers], [layer[1] for layer in layers]
    order = list(dict.fromkeys(kinds))
    height = 0.9 + 0.24 * len(layers) + 0.35 * bool(title)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, height), sharey=True, layout="constrained")
    for ax, k, what in ((left, 2, "parameters"), (right, 3, "multiply-adds")):
        _bars(ax, np.array([layer[k] for layer in layers], dtype=float), [order.index(kind) for kind in kinds], what)
    left.set_yticks(range(len(names)), names, fontsize=9)
    left.invert_yaxis()
    marks = [Patch(color=colour(k)) for k in range(len(order))]
    right.legend(marks, order, loc="lower right", fontsize="small")
    if title:
        figure.suptitle(title)
    return figure


def _bars(ax: Axes, values: np.ndarray, kinds: list[int], what: str) -> None:
    total = values.sum() or 1.0
    ax.barh(range(len(values)), values, color=[colour(k) for k in kinds])
    for i, value in enumerate(values):
        if value >= 0.01 * total:
            ax.annotate(f"{value / total:.0%}", (value, i), (3, 0), textcoords="offset points", va="center", fontsize=8)
    scale, word = next((s, w) for s, w in _SCALES if values.max() >= s or s == 1)
    ax.xaxis.set_major_formatter(lambda x, _: f"{x / scale:g}")
    ax.set(xlim=(0, 1.12 * (values.max() or 1.0)), xlabel=f"{word}s" if word else what)
    ax.set_title(" ".join(filter(None, (f"{total / scale:.4g}", word, what))), fontsize=11)
    ax.spines[["top", "right"]].set_visible(False)
