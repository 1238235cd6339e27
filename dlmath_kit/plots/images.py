"""Pictures in rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

__all__ = ["image_grid"]


def image_grid(
    images: np.ndarray,
    labels: Iterable[object] | None = None,
    *,
    columns: int = 10,
    shape: tuple[int, int] | None = None,
    rows: Sequence[str] | None = None,
    signed: bool = False,
    title: str = "",
) -> Figure:
    """Grey images beside each other, `columns` in a row; all share one scale.

    Args:
        images: (n, H, W), or (n, H * W) rows.
        labels: n captions; none unless given.
        columns: images in a row.
        shape: (H, W) of flattened images; square unless given.
        rows: a name for each row of images, written at its left.
        signed: for weights: white is 0, blue negative, red positive.
        title: above the picture.

    Returns:
        The figure; its axes hold the images in order.

    Raises:
        ValueError: flattened images are not square and no shape is given, or not as many captions as images.
    """
    images = _stack(np.asarray(images), shape)
    captions = [str(label) for label in labels] if labels is not None else [""] * len(images)
    if len(captions) != len(images):
        raise ValueError(f"labels: got {len(captions)} of them, expected {len(images)}.")
    figure, grid = _grid(len(images), columns, any(captions), rows or (), title)
    low, high = _scale(images, signed)
    for k, ax in enumerate(grid.flat):
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        if k < len(images):
            ax.imshow(images[k], cmap="RdBu_r" if signed else "gray_r", vmin=low, vmax=high)
            ax.set_title(captions[k], fontsize=9, pad=2)
    for name, ax in zip(rows or (), grid[:, 0], strict=False):
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def _grid(n: int, columns: int, captions: bool, rows: Sequence[str], title: str) -> tuple[Figure, np.ndarray]:
    """Places for n tiles of one inch; matplotlib's own layout takes a second for thirty of them."""
    across, down = min(columns, n), math.ceil(n / columns)
    caption, head = 0.22 * captions, 0.35 * bool(title)
    left = 0.05 + 0.085 * max(map(len, rows), default=0)
    width, height = left + across, head + down * (1.0 + caption)
    figure, grid = plt.subplots(down, across, figsize=(width, height), squeeze=False)
    figure.subplots_adjust(
        left=left / width,
        right=1 - 0.05 / width,
        bottom=0.05 / height,
        top=1 - (head + caption) / height,
        wspace=0.1,
        hspace=0.1 + caption,
    )
    if title:
        figure.suptitle(title, fontsize=11, x=(left + across / 2) / width, y=1 - 0.06 / height, va="top")
    return figure, grid


def _stack(images: np.ndarray, shape: tuple[int, int] | None) -> np.ndarray:
    if images.ndim == 3:
        return images
    side = math.isqrt(images.shape[-1])
    if images.ndim != 2 or (shape is None and side * side != images.shape[1]):
        raise ValueError(f"images: got shape {images.shape}, expected (n, H, W) or (n, H * W) with H = W.")
    return images.reshape(len(images), *(shape or (side, side)))


def _scale(images: np.ndarray, signed: bool) -> tuple[float, float]:
    if signed:
        most = float(np.abs(images).max()) or 1.0
        return -most, most
    return float(images.min()), float(images.max())
