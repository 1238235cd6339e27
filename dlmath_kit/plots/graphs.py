"""What a program computed, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from dlmath_kit.plots.style import PALETTE, axes

__all__ = ["computation_graph"]


def computation_graph(
    nodes: Mapping[str, tuple[float, float, float, float]],
    edges: Sequence[tuple[str, str]],
    ax: Axes | None = None,
    *,
    title: str = "",
) -> Axes:
    """A graph of numbers: in every node its name, its value (computed forwards) and its adjoint (backwards).

    Args:
        nodes: name to (x, y, value, adjoint); x and y place the node, 1 apart from others at least.
        edges: pairs of names, operand and result.
        ax: where to draw; a new figure unless given.
        title: above the picture.

    Returns:
        The axes.

    Raises:
        ValueError: an edge joins what is no node.
    """
    xs, ys = [node[0] for node in nodes.values()], [node[1] for node in nodes.values()]
    ax = axes(ax, width=1.2 * (max(xs) - min(xs) + 1), height=1.0 * (max(ys) - min(ys) + 1) + 0.4)
    for a, b in edges:
        if a not in nodes or b not in nodes:
            raise ValueError(f"edges: got {(a, b)}, expected pairs of nodes.")
        arrow = {"arrowstyle": "-|>", "color": "0.5", "shrinkA": 25, "shrinkB": 25, "lw": 1.2}
        ax.annotate("", nodes[b][:2], nodes[a][:2], arrowprops=arrow)
    for name, (x, y, value, adjoint) in nodes.items():
        ax.plot(x, y, "o", ms=50, color="white", mec="0.3", mew=1.2, zorder=3)
        for points, text, colour in (
            (13, name, "0.1"),
            (0, f"{value:.3g}", PALETTE[0]),
            (-13, f"{adjoint:.3g}", PALETTE[1]),
        ):
            ax.annotate(
                text, (x, y), (0, points), textcoords="offset points", ha="center", va="center",
                color=colour, fontsize=9, zorder=4,
            )  # fmt: skip
    ax.set(xlim=(min(xs) - 0.5, max(xs) + 0.5), ylim=(min(ys) - 0.5, max(ys) + 0.5), title=title)
    for k, text in enumerate(("value", "adjoint")):
        ax.plot([], [], "s", color=PALETTE[k], label=text)
    ax.legend(loc="lower right", fontsize="small")
    ax.set_axis_off()
    return ax
