"""Pictures of a class as SVG, drawn without a display."""

from __future__ import annotations

import base64
import io

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autograder.report.statistics import UnitReport

__all__ = ["COLOURS", "distribution", "outcomes"]

COLOURS = {  # told apart without red and green: Okabe and Ito
    "PASS": "#009e73",
    "FAIL": "#d55e00",
    "CRASH": "#e69f00",
    "TIMEOUT": "#f0e442",
    "BLOCKED": "#cc79a7",
    "BROKEN": "#0072b2",
}


def distribution(unit: UnitReport) -> str:
    """How many students earned how much: the address of an SVG picture, part of the page."""
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    axes = figure.subplots()
    top = unit.max_score or 1.0
    edges = [top * i / 20 for i in range(21)]
    axes.hist([min(max(s.score, 0.0), top) for s in unit.students], bins=edges, color="#3b6fb6", edgecolor="white")
    axes.axvline(unit.median, color="#222222", linestyle="--", linewidth=1, label=f"median {unit.median:g}")
    axes.legend(frameon=False)
    axes.set(xlim=(0, top), xlabel="points", ylabel="students")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    return _address(figure)


def outcomes(unit: UnitReport) -> str:
    """How each exercise ended, hardest at the top: the address of an SVG picture, part of the page."""
    rows = list(reversed(unit.exercises))
    figure = Figure(figsize=(7, 0.8 + 0.27 * len(rows)), layout="constrained")
    axes = figure.subplots()
    names = [e.exercise.rpartition("/")[2] for e in rows]
    left = [0.0] * len(rows)
    for verdict, colour in COLOURS.items():
        shares = [100 * e.verdicts.get(verdict, 0) / max(sum(e.verdicts.values()), 1) for e in rows]
        if any(shares):
            axes.barh(names, shares, left=left, color=colour, label=verdict, height=0.72)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    axes.set(xlim=(0, 100), xlabel="% of the class")
    figure.legend(loc="outside upper left", ncols=6, frameon=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return _address(figure)


def _address(figure: Figure) -> str:
    out = io.BytesIO()
    with rc_context({"svg.hashsalt": "dlmath", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}):
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()
