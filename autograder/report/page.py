"""The class page: one self-contained HTML file without a script."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from autograder.course import Course
from autograder.feedback.page import POLICY, points
from autograder.files import write_whole
from autograder.report.plots import distribution, outcomes
from autograder.report.statistics import ClassReport, UnitReport, class_report

__all__ = ["class_page", "write_report"]


def write_report(course: Course, units: Sequence[str], out: Path) -> ClassReport:
    """Write the class page to `out`, readable by its owner alone; returns what it shows."""
    report = class_report(course, units)
    out.parent.mkdir(parents=True, exist_ok=True)
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    write_whole(out, class_page(report, made).encode("utf-8", "replace"), 0o600)
    return report


def class_page(report: ClassReport, made: str = "") -> str:
    """The page as text."""
    pictures = {u.unit: (distribution(u), outcomes(u)) for u in report.units if u.students}
    return _template().render(report=report, pictures=pictures, told=_told, made=made, policy=POLICY)


def _told(unit: UnitReport) -> str:
    """The distribution in words, for those who do not see the picture."""
    top = unit.max_score or 1.0
    bands = [sum(low <= s.score / top < high for s in unit.students) for low, high in _BANDS]
    names = ("under a quarter", "a quarter to a half", "a half to three quarters", "three quarters or more")
    return "Of the points: " + ", ".join(f"{name}: {n}" for name, n in zip(names, bands, strict=True)) + "."


_BANDS = ((-1e9, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1e9))


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("autograder.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = points
    environment.filters["percent"] = lambda share: f"{100 * share:.0f}%"
    styles = [
        files(package).joinpath("page.css").read_text("utf-8") for package in ("autograder.feedback", __package__)
    ]
    environment.globals["style"] = Markup("".join(styles))
    return environment.get_template("page.html.j2")
