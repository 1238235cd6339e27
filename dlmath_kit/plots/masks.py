"""Which units are on."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from dlmath_kit.plots.style import PALETTE, axes

__all__ = ["dropout_masks"]


def dropout_masks(mask: np.ndarray, ax: Axes | None = None, *, title: str = "") -> Axes:
    """One row for each sample, one square for each unit: coloured where it is kept, white where it is dropped.

    Args:
        mask: (n, m) booleans, true where a unit is kept.
        ax: where to draw; a new figure unless given.
        title: above the picture.

    Returns:
        The axes.

    Raises:
        ValueError: mask is not (n, m), or holds other values than true and false.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or not np.isin(mask, (0, 1)).all():
        raise ValueError(f"mask: got {mask.dtype} of shape {mask.shape}, expected (n, m) booleans.")
    n, m = mask.shape
    ax = axes(ax, width=max(2.0, 0.25 * m), height=max(1.5, 0.25 * n))
    ax.imshow(mask, cmap=ListedColormap(["white", PALETTE[0]]), vmin=0, vmax=1)
    ax.set_xticks(np.arange(m + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(n + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="0.8", lw=0.6)
    ax.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="unit", ylabel="sample", title=title)
    return ax
