"""The plots of docs/benchmarks.md: small SVG files on white, the same bytes for the same figures."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

__all__ = ["Bar", "memory", "throughput", "times"]

POINTS = 120  # of a curve: more are not to be seen
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "dlmath", "font.size": 10, "axes.spines.top": False,
         "axes.spines.right": False, "savefig.facecolor": "white"}  # fmt: skip
COLOURS = {"batch": "#4c72b0", "workers": "#dd8452", "zygotes": "#55a868", "sandboxes": "#c44e52"}
BARE, ADDED, WHOLE = "#55a868", "#c9c9c9", "#4c72b0"


@dataclass(frozen=True)
class Bar:
    """A grader's seconds of one submission of a unit, and the bare compute that is in them."""

    unit: str
    grader: str
    bare: float
    whole: float


@contextmanager
def _figure(path: Path, width: float, height: float, columns: int = 1) -> Iterator[Any]:
    """Axes to draw on; the file is written at the end, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, columns, figsize=(width, height), layout="constrained")
        yield axes
        aside = path.with_suffix(".new")
        figure.savefig(aside, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
    os.replace(aside, path)


def memory(done: Sequence[float], bytes_by_role: Mapping[str, Sequence[int]], path: Path) -> None:
    """Memory against submissions done: the median of neighbouring moments by role, and the most of all together."""
    parts = _parts(len(done))
    layers = [[statistics.median(sizes[p]) / 2**20 for p in parts] for sizes in bytes_by_role.values()]
    most = [max(map(sum, zip(*(sizes[p] for sizes in bytes_by_role.values()), strict=True))) / 2**20 for p in parts]
    at = [statistics.mean(done[p]) for p in parts]
    with _figure(path, 7, 3.2) as axes:
        colours = [COLOURS[role] for role in bytes_by_role]
        axes.stackplot(at, layers, labels=list(bytes_by_role), colors=colours, linewidth=0)
        axes.plot(at, most, color="#333333", linewidth=0.8, label="the most at a moment")
        axes.set(xlabel="submissions done", ylabel="memory, MiB", xlim=(0, max(done)), ylim=(0, None))
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], labels[::-1], frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _parts(count: int) -> list[slice]:
    """Up to `POINTS` equal parts of so many moments."""
    size = max(1, -(-count // POINTS))
    return [slice(i, i + size) for i in range(0, count, size)]


def throughput(by_workers: Mapping[int, float], cores: int, path: Path) -> None:
    """Submissions a minute against the number of workers, and one worker's times workers, as far as there are cores."""
    workers, minute = list(by_workers), [60 * rate for rate in by_workers.values()]
    with _figure(path, 4.6, 3.2) as axes:
        ideal = sorted({*workers, cores})
        each = minute[0] / workers[0]
        axes.plot(ideal, [each * min(n, cores) for n in ideal], "--", color="#888888", label=f"ideal, {cores} cores")
        axes.plot(workers, minute, "o-", color=COLOURS["batch"], label="measured")
        axes.set(xlabel="workers", ylabel="submissions a minute", xticks=workers, ylim=(0, None))
        axes.legend(frameon=False, loc="lower right")


def times(bars: Sequence[Bar], path: Path) -> None:
    """One submission of each unit by grader, from the bare compute to the whole, on logarithmic axes."""
    units = list(dict.fromkeys(bar.unit for bar in bars))
    with _figure(path, 8.5, 2.2, len(units)) as axes:
        for number, (panel, unit) in enumerate(zip(axes if len(units) > 1 else [axes], units, strict=True)):
            _times(panel, [bar for bar in bars if bar.unit == unit][::-1])
            panel.set(title=unit, xlabel="seconds of one submission")
            panel.tick_params(labelleft=number == 0)
        panel.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _times(panel: Any, bars: list[Bar]) -> None:
    names, bare, whole = [b.grader for b in bars], [b.bare for b in bars], [b.whole for b in bars]
    panel.hlines(names, bare, whole, color=ADDED, linewidth=3, label="added")
    panel.plot(whole, names, "o", color=WHOLE, label="one submission")
    panel.plot(bare, names, "|", color=BARE, markersize=14, markeredgewidth=3, label="bare compute")
    for name, seconds in zip(names, whole, strict=True):
        panel.annotate(f"{seconds:.3g}", (seconds, name), (8, 0), textcoords="offset points", va="center")
    panel.set_xscale("log")
    panel.set_xlim(min(bare) / 3, 12 * max(whole))
    panel.set_ylim(-0.5, len(names) - 0.5)
