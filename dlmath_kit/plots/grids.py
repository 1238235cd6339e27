"""What states and actions are worth: values and policies on a grid, tables of action values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle

from dlmath_kit.plots.style import axes

__all__ = ["q_on_grid", "q_table", "values_on_grid"]

_MAP = "RdBu"  # red negative, white 0, blue positive
_STEPS = {"l": (-1, 0), "d": (0, 1), "r": (1, 0), "u": (0, -1)}  # rows are counted downwards
_TRIANGLES = {
    "l": [(-0.5, -0.5), (0, 0), (-0.5, 0.5)],
    "d": [(-0.5, 0.5), (0, 0), (0.5, 0.5)],
    "r": [(0.5, -0.5), (0, 0), (0.5, 0.5)],
    "u": [(-0.5, -0.5), (0, 0), (0.5, -0.5)],
}
_HALVES = {
    "l": [(-0.5, -0.5), (0, -0.5), (0, 0.5), (-0.5, 0.5)],
    "r": [(0, -0.5), (0.5, -0.5), (0.5, 0.5), (0, 0.5)],
}


def values_on_grid(
    V: np.ndarray | None,
    shape: tuple[int, int],
    ax: Axes | None = None,
    *,
    policy: np.ndarray | None = None,
    terminal: Sequence[int] | np.ndarray = (),
    names: Mapping[int, str] | None = None,
    moves: str = "ldru",
    digits: int = 2,
    title: str = "",
) -> Axes:
    """Values as colours and numbers, state by state; arrows show where a policy goes.

    White is 0, blue positive, red negative.

    Args:
        V: (S,) values, S = rows * columns, row by row; None for a grid without values.
        shape: (rows, columns).
        ax: where to draw; a new figure unless given.
        policy: (S,) actions, or (S, A) probabilities: the more probable, the longer the arrow. No arrows unless given.
        terminal: (S,) 0/1; 1 is drawn grey, without value and arrow.
        names: a word for some states, such as {0: "start"}.
        moves: one letter of l, d, r, u (left, down, right, up) for each action; "lr" for a chain.
        digits: behind the point.
        title: above the picture.

    Returns:
        The axes.

    Raises:
        ValueError: V, policy or terminal does not fit the grid, or moves has another letter.
    """
    S, over = shape[0] * shape[1], _terminal(terminal, shape)
    arrows = None if policy is None else _probabilities(policy, S, moves)
    ax = _grid(ax, shape, over, names or {}, title)
    ink = ["black"] * S
    if V is not None:
        V = _states("V", V, shape)
        most = _most(V[~over])
        ax.imshow(np.where(over, np.nan, V).reshape(shape), cmap=_MAP, vmin=-1.25 * most, vmax=1.25 * most, zorder=1)
        ink = ["white" if abs(v) > 0.8 * most else "black" for v in V]
    for s in np.flatnonzero(~over):
        row, column = divmod(int(s), shape[1])
        if V is not None:
            y = row + (0.36 if arrows is not None else 0.0)
            ax.text(column, y, f"{V[s]:.{digits}f}", ha="center", va="center", fontsize=8, color=ink[s], zorder=3)
        if arrows is not None:
            _arrows(ax, column, row - (0.04 if V is not None else 0.0), arrows[s], moves, ink[s])
    return ax


def q_on_grid(
    Q: np.ndarray,
    shape: tuple[int, int],
    ax: Axes | None = None,
    *,
    terminal: Sequence[int] | np.ndarray = (),
    names: Mapping[int, str] | None = None,
    moves: str = "ldru",
    digits: int = 2,
    title: str = "",
) -> Axes:
    """Action values on the grid: each state is cut into one piece per action, on the side to which it goes.

    White is 0, blue positive, red negative; a state's best action is written in bold.

    Args:
        Q: (S, A) values, S = rows * columns, row by row.
        shape: (rows, columns).
        ax: where to draw; a new figure unless given.
        terminal: (S,) 0/1; 1 is drawn grey, without values.
        names: a word for some states, such as {0: "start"}; written where there is room, in terminal states.
        moves: one letter of l, d, r, u (left, down, right, up) for each action; "lr" for a chain.
        digits: behind the point.
        title: above the picture.

    Returns:
        The axes.

    Raises:
        ValueError: Q or terminal does not fit the grid or the moves, or moves has another letter.
    """
    Q, over = np.asarray(Q, dtype=float), _terminal(terminal, shape)
    _letters(moves)
    if Q.shape != (shape[0] * shape[1], len(moves)):
        raise ValueError(f"Q: got shape {Q.shape}, expected ({shape[0] * shape[1]}, {len(moves)}).")
    named = {s: name for s, name in (names or {}).items() if over[s]}
    ax = _grid(ax, shape, over, named, title, cell=1.15)
    pieces = _HALVES if set(moves) <= set("lr") else _TRIANGLES
    live = np.flatnonzero(~over)
    corners = [np.add(pieces[m], (s % shape[1], s // shape[1])) for s in live for m in moves]
    most = _most(Q[live])
    patches = PolyCollection(corners, array=Q[live].ravel(), cmap=_MAP, edgecolors="0.6", linewidths=0.6, zorder=1)
    patches.set_clim(-1.25 * most, 1.25 * most)
    ax.add_collection(patches)
    for s in live:
        for a, m in enumerate(moves):
            x, y = s % shape[1] + 0.31 * _STEPS[m][0], s // shape[1] + 0.34 * _STEPS[m][1]
            best, ink = _best(Q[s], a), "white" if abs(Q[s, a]) > 0.8 * most else "black"
            ax.text(
                x, y, f"{Q[s, a]:.{digits}f}", ha="center", va="center", fontsize=7, color=ink, zorder=3,
                weight="bold" if best else "normal",
            )  # fmt: skip
    return ax


def q_table(
    Q: np.ndarray,
    ax: Axes | None = None,
    *,
    states: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
    digits: int = 2,
    title: str = "",
) -> Axes:
    """A table of action values as a heat map with its numbers; the best of each row is bold and framed.

    White is 0, blue positive, red negative. In a row of equal values nothing is framed.

    Args:
        Q: (S, A), one row per state.
        ax: where to draw; a new figure unless given.
        states: S names of the rows; their numbers unless given.
        actions: A names of the columns; their numbers unless given.
        digits: behind the point.
        title: above the picture.

    Returns:
        The axes.

    Raises:
        ValueError: Q is not (S, A), or there are not as many names as rows or columns.
    """
    Q = np.asarray(Q, dtype=float)
    if Q.ndim != 2:
        raise ValueError(f"Q: got shape {Q.shape}, expected (S, A).")
    S, A = Q.shape
    for what, names, count in (("states", states, S), ("actions", actions, A)):
        if names is not None and len(names) != count:
            raise ValueError(f"{what}: got {len(names)} of them, expected {count}.")
    ax = axes(ax, width=1.2 + 0.75 * A, height=1.0 + 0.3 * S)
    most = _most(Q)
    ax.imshow(Q, cmap=_MAP, vmin=-1.25 * most, vmax=1.25 * most, aspect="auto")
    for s, a in np.ndindex(S, A):
        best, ink = _best(Q[s], a), "white" if abs(Q[s, a]) > 0.8 * most else "black"
        ax.text(
            a, s, f"{Q[s, a]:.{digits}f}", ha="center", va="center", fontsize=8, color=ink,
            weight="bold" if best else "normal",
        )  # fmt: skip
        if best:
            ax.add_patch(Rectangle((a - 0.47, s - 0.45), 0.94, 0.9, fill=False, ec="black", lw=1.0))
    ax.set_xticks(range(A), actions if actions is not None else [str(a) for a in range(A)])
    ax.set_yticks(range(S), states if states is not None else [str(s) for s in range(S)])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set(xlabel="action", ylabel="state", title=title)
    return ax


def _best(values: np.ndarray, a: int) -> bool:
    """Is a the best action, or as good? Where all are equal there is no best one."""
    most = values.max()
    return bool(np.isclose(values[a], most) and not np.allclose(values, most))


def _grid(
    ax: Axes | None, shape: tuple[int, int], over: np.ndarray, names: Mapping[int, str], title: str, cell: float = 0.9
) -> Axes:
    """Fields, grey where the task is over; names stand in the middle of grey ones, else in the upper left corner."""
    rows, columns = shape
    ax = axes(ax, width=cell * columns + 0.2, height=cell * rows + (0.5 if title else 0.2))
    grey = np.where(over, 0.0, np.nan).reshape(shape)
    ax.imshow(grey, cmap="gray", vmin=-4, vmax=1, zorder=0)
    for s, name in names.items():
        row, column = divmod(s, columns)
        x, y, ha, va = (column, row, "center", "center") if over[s] else (column - 0.45, row - 0.45, "left", "top")
        ax.text(x, y, name, ha=ha, va=va, fontsize=8, color="black", style="italic", zorder=3)
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), xticks=[], yticks=[], title=title, aspect="equal")
    ax.hlines(np.arange(1, rows) - 0.5, -0.5, columns - 0.5, color="0.5", lw=0.8, zorder=2)
    ax.vlines(np.arange(1, columns) - 0.5, -0.5, rows - 0.5, color="0.5", lw=0.8, zorder=2)
    ax.spines[:].set(visible=True, color="0.5")
    return ax


def _arrows(ax: Axes, x: float, y: float, probabilities: np.ndarray, moves: str, ink: str) -> None:
    """One arrow in the middle of the field, or several that leave it."""
    several = np.count_nonzero(probabilities) > 1
    for p, m in zip(probabilities / (probabilities.max() or 1.0), moves, strict=True):
        if p > 0:
            dx, dy = 0.24 * np.array(_STEPS[m])
            start, end = ((x, y), (x + p * dx, y + p * dy)) if several else ((x - dx, y - dy), (x + dx, y + dy))
            style = {"arrowstyle": "->", "color": ink, "lw": 1.3, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
            ax.annotate("", end, start, arrowprops=style, zorder=3)


def _states(name: str, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.shape != (shape[0] * shape[1],):
        raise ValueError(f"{name}: got shape {values.shape}, expected ({shape[0] * shape[1]},).")
    return values


def _terminal(terminal: Sequence[int] | np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    if np.size(terminal) == 0:
        return np.zeros(shape[0] * shape[1], dtype=bool)
    return _states("terminal", np.asarray(terminal), shape) != 0


def _probabilities(policy: np.ndarray, S: int, moves: str) -> np.ndarray:
    """(S, A), from actions or from probabilities."""
    _letters(moves)
    policy = np.asarray(policy)
    if policy.shape == (S,):
        return np.eye(len(moves))[policy.astype(int)]
    if policy.shape != (S, len(moves)):
        raise ValueError(f"policy: got shape {policy.shape}, expected ({S},) or ({S}, {len(moves)}).")
    return policy


def _letters(moves: str) -> None:
    if not set(moves) <= set(_STEPS):
        raise ValueError(f"moves: got {moves!r}, expected letters of {''.join(_STEPS)!r}.")


def _most(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0.0)) or 1.0
