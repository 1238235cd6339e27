"""What a lecturer's browser gets to see of a submission in nbgrader's own pages, without a server around them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from nbconvert.exporters import HTMLExporter
from nbgrader.api import Gradebook
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from autograder.course import Course
from autograder.hub.formgrader_extension import HubFormgrader
from autograder.nbgrader import configure

__all__ = ["write_stock_pages"]


def write_stock_pages(course: Course, unit: str, students: Iterable[str]) -> None:
    """For each of these students the hub's formgrader and nbgrader's own: `pages/{hub,stock}/STUDENT.html`."""
    exporters = {
        "hub": HubFormgrader._exporter(cast(HubFormgrader, SimpleNamespace(config=Config()))),
        "stock": _stock(),
    }
    with Gradebook(course.database) as gradebook:
        for submission in (gradebook.find_submission_notebook("attack", unit, student) for student in students):
            path = course.autograded / submission.student.id / unit / "attack.ipynb"
            if not path.is_file():
                continue
            for name, exporter in exporters.items():
                page, _ = exporter.from_filename(str(path), resources=_resources(submission, unit))
                target = course.work / "pages" / name / f"{submission.student.id}.html"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(page, "utf-8", "replace")


def _stock() -> HTMLExporter:
    config = Config()
    configure(config)
    return HTMLExporter(config=config, template_name="formgrade", extra_template_basedirs=[handlers.template_path])


def _resources(submission: Any, unit: str) -> dict[str, Any]:
    student = submission.student
    return {
        "assignment_id": unit,
        "notebook_id": "attack",
        "submission_id": submission.id,
        "index": 0,
        "total": 1,
        "base_url": "/",
        "student": student.id,
        "last_name": student.last_name,
        "first_name": student.first_name,
        "notebook_path": str(Path("autograded") / student.id / unit / "attack.ipynb"),
    }
