"""Boxes on images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle
from numpy.typing import ArrayLike

from dlmath_kit.plots.style import axes, colour

__all__ = ["boxes"]

_LINES: tuple[dict[str, Any], ...] = ({"lw": 2.4, "ls": "-"}, {"lw": 1.8, "ls": "--"}, {"lw": 1.2, "ls": ":"})


def boxes(
    image: np.ndarray,
    groups: Mapping[str, ArrayLike],
    ax: Axes | None = None,
    *,
    scores: Mapping[str, Sequence[float] | np.ndarray] | None = None,
    legend: bool = True,
    title: str = "",
) -> Axes:
    """An image with boxes (x1, y1, x2, y2) on it; pixel (row r, column c) covers x from c to c + 1, y from r to r + 1.

    Args:
        image: (H, W), (1, H, W), or (3, H, W) in [0, 1].
        groups: name to (n, 4) boxes; each group has its colour and kind of line.
        ax: where to draw; a new figure unless given.
        scores: name to n numbers, written at the boxes' upper left corners; for none, some or all groups.
        legend: name the groups below the image.
        title: above the picture.

    Returns:
        The axes.

    Raises:
        ValueError: boxes are not (n, 4), or not as many scores as boxes.
    """
    image = np.asarray(image)
    drawn = {name: _four(name, group) for name, group in groups.items()}
    pixels = image.transpose(1, 2, 0) if image.ndim == 3 and len(image) == 3 else image.reshape(image.shape[-2:])
    H, W = pixels.shape[:2]
    ax = axes(ax, width=4.2)
    ax.imshow(np.clip(pixels, 0, 1) if pixels.ndim == 3 else pixels, cmap="gray_r", extent=(0, W, H, 0))
    for k, (name, group) in enumerate(drawn.items()):
        own = (scores or {}).get(name)
        if own is not None and len(own) != len(group):
            raise ValueError(f"scores[{name!r}]: got {len(own)} of them, expected {len(group)}.")
        for i, (x1, y1, x2, y2) in enumerate(group):
            ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, ec=colour(k), **_LINES[min(k, 2)]))
            if own is not None:
                _score(ax, x1, y1, float(own[i]), k)
    ax.set(xticks=[], yticks=[], title=title, xlim=(0, W), ylim=(H, 0))
    if legend and drawn:
        marks = [Patch(fill=False, ec=colour(k), label=name, **_LINES[min(k, 2)]) for k, name in enumerate(drawn)]
        ax.legend(
            handles=marks, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=3, fontsize="small", frameon=False
        )
    return ax


def _four(name: str, group: ArrayLike) -> np.ndarray:
    found = np.asarray(group, dtype=float)
    found = found.reshape(0, 4) if found.size == 0 else found
    if found.ndim != 2 or found.shape[1] != 4:
        raise ValueError(f"groups[{name!r}]: got shape {found.shape}, expected (n, 4).")
    return found


def _score(ax: Axes, x: float, y: float, score: float, k: int) -> None:
    ax.text(
        x, y, f"{score:.2f}", color="white", fontsize=7, va="bottom", ha="left", clip_on=True,
        bbox={"facecolor": colour(k), "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip
