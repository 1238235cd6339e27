"""What a convolutional layer has learned, and what it makes of an image."""

from __future__ import annotations

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["feature_maps", "filters"]


def filters(K: np.ndarray, *, columns: int = 8, names: Sequence[str] | None = None, title: str = "") -> Figure:
    """The filters of a layer; white is 0, blue negative, red positive, and all share one scale.

    Filters with three input channels are shown as colour images instead, each stretched to its own range around grey.

    Args:
        K: (F, kh, kw), or (F, C, kh, kw); several channels stand below each other, one column per filter.
        columns: filters in a row, where a filter is one picture.
        names: F captions; none unless given.
        title: above the picture.

    Returns:
        The figure.

    Raises:
        ValueError: K has another rank, or there are not as many names as filters.
    """
    K = np.asarray(K)
    if K.ndim not in (3, 4):
        raise ValueError(f"K: got shape {K.shape}, expected (F, kh, kw) or (F, C, kh, kw).")
    if names is not None and len(names) != len(K):
        raise ValueError(f"names: got {len(names)} of them, expected {len(K)}.")
    stack = K[:, None] if K.ndim == 3 else K  # (F, C, kh, kw)
    F, C = stack.shape[:2]
    flat = C in (1, 3)  # one picture per filter
    across = min(columns, F) if flat else F
    down = math.ceil(F / across) if flat else C
    tile = 0.75 if names is None else max(0.75, 0.1 + 0.085 * max(map(len, names), default=0))
    figure, grid = _grid(across, down, tile, names is not None, title, 0.0 if flat else 0.8)
    most = float(np.abs(K).max()) or 1.0
    for f in range(F):
        own = [(grid.flat[f], stack[f])] if flat else [(grid[c, f], stack[f, c][None]) for c in range(C)]
        for ax, pixels in own:
            _filter(ax, pixels, most)
        if names is not None:
            own[0][0].set_title(names[f], fontsize=9, pad=3)
    if not flat:
        for c in range(C):
            grid[c, 0].set_ylabel(f"channel {c}", rotation=0, ha="right", va="center", fontsize=9)
    return figure


def feature_maps(
    image: np.ndarray,
    maps: np.ndarray,
    *,
    columns: int = 8,
    names: Sequence[str] | None = None,
    signed: bool = True,
    title: str = "",
) -> Figure:
    """An image, and beside it the maps that a layer made of it, drawn to the same scale of pixels.

    Args:
        image: (H, W), (1, H, W), or (3, H, W) in [0, 1].
        maps: (F, oh, ow); all share one scale.
        columns: maps in a row.
        names: F captions; none unless given.
        signed: white is 0, blue negative, red positive; otherwise white is the smallest and black the largest value.
        title: above the picture.

    Returns:
        The figure; its first axes hold the image, the others the maps in order.

    Raises:
        ValueError: wrong ranks, or not as many names as maps.
    """
    image, maps = np.asarray(image), np.asarray(maps)
    if image.ndim not in (2, 3) or (image.ndim == 3 and len(image) not in (1, 3)):
        raise ValueError(f"image: got shape {image.shape}, expected (H, W), (1, H, W) or (3, H, W).")
    if maps.ndim != 3:
        raise ValueError(f"maps: got shape {maps.shape}, expected (F, oh, ow).")
    if names is not None and len(names) != len(maps):
        raise ValueError(f"names: got {len(names)} of them, expected {len(maps)}.")
    F, across = len(maps), 1 + min(columns, len(maps))
    down = math.ceil(F / (across - 1))
    figure, grid = _grid(across, down, 1.1, True, title, 0.0)
    most = float(np.abs(maps).max()) or 1.0
    low, high = (-most, most) if signed else (float(maps.min()), float(maps.max()))
    first = grid[0, 0]
    pixels = image.transpose(1, 2, 0) if image.shape[0] == 3 and image.ndim == 3 else image.reshape(image.shape[-2:])
    first.imshow(np.clip(pixels, 0, 1) if pixels.ndim == 3 else pixels, cmap="gray_r")
    first.set_title("image", fontsize=9, pad=3)
    for f, ax in enumerate(grid[:, 1:].flat):
        if f < F:
            ax.imshow(maps[f], cmap="RdBu_r" if signed else "gray_r", vmin=low, vmax=high)
            ax.set_title(names[f] if names is not None else f"map {f + 1}", fontsize=9, pad=3)
            _centre(ax, maps[f].shape, image.shape[-2:])
    return figure


def _filter(ax: Axes, pixels: np.ndarray, most: float) -> None:
    """One filter of one or of three channels."""
    if len(pixels) == 3:
        own = float(np.abs(pixels).max()) or 1.0
        ax.imshow(0.5 + 0.5 * pixels.transpose(1, 2, 0) / own)
    else:
        ax.imshow(pixels[0], cmap="RdBu_r", vmin=-most, vmax=most)
    ax.spines[:].set(visible=True, color="0.8")


def _centre(ax: Axes, shape: tuple[int, ...], around: tuple[int, ...]) -> None:
    """A smaller map stands in the middle of a place of the image's size."""
    (h, w), (H, W) = shape, around
    if h <= H and w <= W:
        ax.set(xlim=((w - W) / 2 - 0.5, (w + W) / 2 - 0.5), ylim=((h + H) / 2 - 0.5, (h - H) / 2 - 0.5))


def _grid(across: int, down: int, tile: float, captions: bool, title: str, left: float) -> tuple[Figure, np.ndarray]:
    """Places for tiles, without ticks and frames; with room at the left only the first row has captions."""
    caption, head = 0.24 * captions, 0.4 * bool(title)
    width, height = left + across * tile + 0.1, head + down * tile + (down if left == 0 else 1) * caption + 0.1
    figure, grid = plt.subplots(down, across, figsize=(max(width, 2.5), height), squeeze=False)
    figure.subplots_adjust(
        left=(left + 0.05) / width,
        right=1 - 0.05 / width,
        bottom=0.05 / height,
        top=1 - (head + caption + 0.02) / height,
        wspace=0.12,
        hspace=0.12 + caption / tile * (left == 0),
    )
    for ax in grid.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    if title:
        figure.suptitle(title, fontsize=11, y=1 - 0.06 / height, va="top")
    return figure, grid
