"""A small course with everything that the gradebook knows: two test cells, a written answer, a task."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course import Course
from autograder.results import Environment, ExerciseResult, NotebookResult, PartResult, SubmissionResult, Verdict

UNIT = "unit01_small"
SOLVED = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
ENVIRONMENT = Environment(isolation="landlock", limits={}, versions={})


def cell(kind: str, source: str, name: str, points: float | None = None, **flags: bool):
    """A cell with nbgrader's metadata."""
    made = new_code_cell(source) if kind == "code" else new_markdown_cell(source)
    meta = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False, **flags}
    made.metadata["nbgrader"] = {**meta, "grade_id": name, **({} if points is None else {"points": points})}
    made.id = name.replace("_", "-")
    return made


def source_notebook():
    return new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[
            cell("markdown", "# Doubling\n$f(x) = 2x$", "statement_f", locked=True),
            cell("code", SOLVED, "f", solution=True),
            cell("code", "assert f(1) == 2", "test_f", 3, grade=True, locked=True),
            cell(
                "code",
                "### BEGIN HIDDEN TESTS\nassert f(2) == 5\n### END HIDDEN TESTS",
                "test_g",
                2,
                grade=True,
                locked=True,
            ),
            cell("markdown", "Why?", "why", 4, grade=True, solution=True),
            cell("markdown", "Because?", "because", 1, grade=True, solution=True),
            cell("markdown", "Draw.", "draw", 2, task=True, locked=True),
        ],
    )


def make_course(root: Path) -> Course:
    """The course with its built source, before any release."""
    for folder in (root / "source" / UNIT, root / "solutions" / UNIT):
        folder.mkdir(parents=True)
    (root / "source" / UNIT / "small.py").write_text("# the text of the unit\n")
    (root / "source" / UNIT / "data.csv").write_text("lecturer's\n")
    nbformat.write(source_notebook(), root / "source" / UNIT / "small.ipynb")
    return Course.at(root)


def released(course: Course):
    return nbformat.read(course.release / UNIT / "small.ipynb", as_version=4)


def submit(course: Course, student: str, answer: str = "def f(x):\n    return 2 * x", why: str = "So.") -> Path:
    """Hand in an answer, as nbgrader's exchange leaves it."""
    notebook = released(course)
    by_name = {c.metadata.nbgrader.grade_id: c for c in notebook.cells}
    by_name["f"].source, by_name["why"].source = answer, why
    folder = course.submitted / student / UNIT
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / "small.ipynb")
    (folder / "timestamp.txt").write_text("2030-02-01 12:00:00.000000 UTC")
    (folder / "mine.csv").write_text("student's\n")
    (folder / "data.csv").write_text("changed by the student\n")
    return folder


def result_of(student: str, first: Verdict = Verdict.PASS, second: Verdict = Verdict.FAIL) -> SubmissionResult:
    """What marking says: the first test as given, the second as given."""

    def exercise(name: str, points: float, verdict: Verdict) -> ExerciseResult:
        part = PartResult(name="agrees", kind="core", weight=points, verdict=verdict)
        earned = points if verdict is Verdict.PASS else 0.0
        return ExerciseResult(
            exercise=f"{UNIT}/{name[5:]}", cell=name, points=earned, max_points=points, verdict=verdict, parts=(part,)
        )

    notebook = NotebookResult(
        name="small", exercises=(exercise("test_f", 3, first), exercise("test_g", 2, second)), manual=("why", "draw")
    )
    return SubmissionResult(
        student=student,
        unit=UNIT,
        notebooks=(notebook,),
        submission_hash="1",
        course_hash="2",
        environment=ENVIRONMENT,
    )
