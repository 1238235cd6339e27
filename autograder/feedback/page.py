"""A notebook's feedback page: one self-contained HTML file without a script."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from autograder.feedback.marks import NotebookMarks
from autograder.feedback.sections import sections
from autograder.results import NotebookResult, SubmissionResult

__all__ = ["POLICY", "STATES", "page", "points"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

STATES = {  # icon, word, what it means
    "PASS": ("✓", "passed", "Every part passed."),
    "FAIL": ("✗", "not yet right", "At least one part found a difference."),
    "CRASH": ("⚡", "crashed", "Your code raised an error or ended the process."),
    "TIMEOUT": ("◷", "too slow", "Your code took longer than the exercise allows."),
    "BLOCKED": ("⊘", "not allowed", "Your code uses something that this exercise forbids."),
    "BROKEN": ("⚙", "our fault", "The grader failed here, not you. It costs you nothing: it will be graded again."),
    "LEFT": ("○", "not answered", "Your answer is still as it was handed out."),
    "WAITS": ("…", "waits for your lecturer", "A person reads this answer."),
    "MARKED": ("✎", "marked by a person", "Your lecturer decided on these points."),
}


def page(
    submission: SubmissionResult,
    result: NotebookResult,
    notebook: dict[str, Any],
    marks: NotebookMarks | None = None,
    graded: str = "",
    inputs: str = "",
) -> str:
    """The page of one notebook.

    Args:
        submission: whose it is.
        result: what marking said of the notebook.
        notebook: the executed notebook; only the student's and the locked cells of it are shown.
        marks: the gradebook's marks; without them the result's points are shown.
        graded: when it was graded, as stored (ISO 8601, UTC).
        inputs: digest of all this, kept in the page to see later whether it is up to date.
    """
    found = list(sections(notebook, result, marks))
    penalty = marks.penalty if marks else 0.0
    return _template().render(
        submission=submission,
        result=result,
        sections=found,
        graded_sections=[s for s in found if s.max_points or s.exercise],
        earned=sum(s.mark.score for s in found) - penalty,
        possible=sum(s.max_points for s in found),
        waiting=sum(s.mark.waits for s in found),
        penalty=penalty,
        graded=graded[:16].replace("T", " ") + " UTC" if graded else "",
        inputs=inputs,
        policy=POLICY,
        states=STATES,
    )


def points(value: float) -> str:
    """Points as people write them: 3, 2.5, 0.33."""
    return f"{round(value, 2):g}"


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("autograder.feedback", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = points
    environment.globals["style"] = Markup(files("autograder.feedback").joinpath("page.css").read_text("utf-8"))
    return environment.get_template("page.html.j2")
