"""Pictures that move, as GIFs that a notebook carries in itself."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from dlmath_kit.plots.grids import values_on_grid
from dlmath_kit.plots.style import PALETTE

__all__ = ["Animation", "animate", "walk_on_grid"]

_COLOURS = 48
_HOLD = 1000  # milliseconds that the last picture stays
_BETWEEN = 3  # pictures from one state to the next


class Animation:
    """A GIF; a notebook shows it. `gif` are its bytes, `frames` says how many pictures it has."""

    def __init__(self, pictures: Sequence[Image.Image], milliseconds: int, what: str) -> None:
        palette = _palette(pictures[0])
        first, *rest = (picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures)
        file, times = BytesIO(), [milliseconds] * len(rest) + [_HOLD]
        first.save(file, "GIF", save_all=True, append_images=rest, duration=times, loop=0)
        self.gif, self.frames, self._what = file.getvalue(), len(pictures), what

    def save(self, path: str | Path) -> None:
        """Write the GIF into a file."""
        Path(path).write_bytes(self.gif)

    def _repr_html_(self) -> str:
        return f'<img src="data:image/gif;base64,{base64.b64encode(self.gif).decode()}" alt="{self._what}">'

    def __repr__(self) -> str:
        return f"<Animation: {self._what}, {self.frames} pictures>"


def _palette(picture: Image.Image) -> Image.Image:
    """The colours of a picture, and those of all pictures, which may cover too few points to be found."""
    ours = [int(colour[i : i + 2], 16) for colour in ("#FFFFFF", "#000000", *PALETTE) for i in (1, 3, 5)]
    found = np.reshape(picture.quantize(_COLOURS, dither=Image.Dither.NONE).getpalette() or [], (-1, 3)).astype(int)
    palette = Image.new("P", (1, 1))
    palette.putpalette(ours + found[found.min(axis=1) < 240].ravel().tolist())  # what is nearly white would replace it
    return palette


def animate(
    figure: Figure,
    moving: Sequence[Artist],
    frames: Iterable[Any],
    draw: Callable[[Any], None],
    *,
    milliseconds: int,
    what: str,
) -> Animation:
    """One picture per frame: everything else is drawn once, and `draw(frame)` puts the moving artists into place."""
    canvas = FigureCanvasAgg(figure)
    for artist in moving:
        artist.set_animated(True)
    canvas.draw()
    still, pictures = canvas.copy_from_bbox(figure.bbox), []
    for frame in frames:
        canvas.restore_region(still)
        draw(frame)
        for artist in moving:
            figure.draw_artist(artist)
        pictures.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    return Animation(pictures, milliseconds, what)


def walk_on_grid(
    walks: Sequence[Sequence[int]],
    shape: tuple[int, int],
    *,
    V: np.ndarray | None = None,
    policy: np.ndarray | None = None,
    terminal: Sequence[int] | np.ndarray = (),
    names: Mapping[int, str] | None = None,
    moves: str = "ldru",
    title: str = "",
) -> Animation:
    """An agent on its way over a grid, walk after walk.

    Args:
        walks: for each episode the states that were visited, the first one included.
        shape: (rows, columns); states are numbered row by row.
        V: (S,) values under the agent; none unless given.
        policy, terminal, names, moves: as in `values_on_grid`.
        title: above the picture.

    Returns:
        The animation; put it at the end of a cell.

    Raises:
        ValueError: there is no walk, one is empty or leaves the grid, or V, policy or terminal does not fit the grid.
    """
    S = shape[0] * shape[1]
    if not walks or any(len(walk) == 0 or min(walk) < 0 or max(walk) >= S for walk in walks):
        raise ValueError(f"walks: got {list(map(list, walks))}, expected walks over states from 0 to {S - 1}.")
    figure = Figure(figsize=(0.9 * shape[1] + 0.3, 0.9 * shape[0] + (0.75 if title else 0.45)), dpi=80)
    ax = figure.add_axes((0.03, 0.03, 0.94, 1 - (0.65 if title else 0.42) / figure.get_figheight()))
    values_on_grid(V, shape, ax, policy=policy, terminal=terminal, names=names, moves=moves)
    figure.suptitle(title, fontsize=11, y=0.985)
    (agent,) = ax.plot([], [], "o", ms=20, color=PALETTE[1], mec="white", mew=1.5, zorder=5)
    caption = figure.text(0.03, ax.get_position().y1 + 0.02, "", fontsize=9, va="bottom")

    def draw(frame: tuple[str, np.ndarray]) -> None:
        caption.set_text(frame[0])
        agent.set_data(frame[1][1:], frame[1][:1])

    return animate(
        figure, [agent, caption], _places(walks, shape[1]), draw, milliseconds=130, what="an agent on a grid"
    )


def _places(walks: Sequence[Sequence[int]], columns: int) -> list[tuple[str, np.ndarray]]:
    """Captions and places, with some between two states; the end of a walk stays for a moment."""
    frames: list[tuple[str, np.ndarray]] = []
    for e, walk in enumerate(walks):
        episode = f"episode {e + 1}, " if len(walks) > 1 else ""
        at = np.array([divmod(int(s), columns) for s in walk], dtype=float)
        frames.append((f"{episode}step 0", at[0]))
        for t in range(1, len(at)):
            parts = np.arange(1, _BETWEEN + 1) / _BETWEEN
            frames += [(f"{episode}step {t}", (1 - u) * at[t - 1] + u * at[t]) for u in parts]
        frames += [frames[-1]] * (2 * _BETWEEN)
    return frames
