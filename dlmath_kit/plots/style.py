"""Colours and axes that all pictures share."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

__all__ = ["MARKERS", "PALETTE", "axes", "colour"]

# Okabe and Ito (2008), Color Universal Design, grey for black; blue and vermilion first.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#666666")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def colour(k: int) -> str:
    """The colour of class or curve k."""
    return PALETTE[k % len(PALETTE)]


def axes(ax: Axes | None, width: float = 5.0, height: float = 4.0) -> Axes:
    """`ax`, or the axes of a new figure; without the frame's top and right line."""
    if ax is None:
        ax = plt.subplots(figsize=(width, height), layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    return ax
