"""nbgrader's own commands, with our preprocessors, on a course that knows nothing of us."""

from __future__ import annotations

from pathlib import Path

from tests.intake.notebooks import cell, flags
from tests.nbgrader.conftest import RIGHT, StockCourse

STEAL = """
import numpy as np, sys, os
found = [open(os.path.join(p, n), errors="replace").read() for p, _, ns in os.walk(".") for n in ns]
stolen = [m for m in found if "secret" in m]
class Yes:
    def __eq__(self, other):
        return True
    def __bool__(self):
        return True
def f(x):
    return Yes()
scale = Yes()
print("stolen:", stolen)
"""


def test_a_class_is_graded(stock_course: StockCourse) -> None:
    """Right, wrong and untouched answers get their marks from hidden asserts; written answers wait for a person."""
    stock_course.submit("right", stock_course.released(f=RIGHT, why="It doubles."))
    stock_course.submit("wrong", stock_course.released(f="def f(x):\n    return {1: 2, 3: 6}.get(x)"))
    stock_course.submit("empty", stock_course.released())
    for student in ("right", "wrong", "empty"):
        stock_course.nbgrader("autograde", "ps1", "--student", student)
    assert stock_course.scores("right") == {"test_f": 5, "test_g": 2, "why": None}
    assert stock_course.scores("wrong") == {"test_f": 0, "test_g": 2, "why": 0}
    assert stock_course.scores("empty") == {"test_f": 0, "test_g": 0, "why": 0}


def test_student_code_sees_no_test_and_lies_in_vain(stock_course: StockCourse) -> None:
    """Objects that equal everything, and a search of the working folder, earn and find nothing."""
    stock_course.submit("thief", stock_course.released(f=STEAL))
    stock_course.nbgrader("autograde", "ps1", "--student", "thief")
    assert stock_course.scores("thief")["test_f"] == 0
    text = "".join(o.get("text", "") for c in stock_course.autograded("thief").cells for o in c.get("outputs", []))
    assert "stolen: []" in text


def test_forged_flags_and_duplicates_are_harmless(stock_course: StockCourse) -> None:
    """A solution cell that claims to be a test, copies, and points of its own change nothing for anyone."""
    forged = stock_course.released(f=RIGHT, why="x")
    forged["cells"][1]["metadata"]["nbgrader"] |= {"grade": True, "solution": False, "locked": True, "points": 99}
    forged["cells"][2]["metadata"]["nbgrader"] |= {"points": 1000}
    forged["cells"].append(cell("code", "1000.0", flags("test_f", grade=True, locked=True, points=1000), "again"))
    stock_course.submit("forger", forged)
    stock_course.nbgrader("autograde", "ps1", "--student", "forger")
    assert stock_course.scores("forger") == {"test_f": 5, "test_g": 2, "why": None}
    assert "locked cell test_f was changed" not in stock_course.nbgrader(
        "autograde", "ps1", "--student", "forger", "--force"
    )


def test_a_link_to_the_source_fails_alone(stock_course: StockCourse) -> None:
    """A submission that links to the lecturer's notebook is refused; the command goes on with the others."""
    path = stock_course.submit("linker", stock_course.released())
    path.unlink()
    path.symlink_to(stock_course.root / "source" / "ps1" / "p1.ipynb")
    stock_course.submit("neighbour", stock_course.released(f=RIGHT))
    out = stock_course.nbgrader("autograde", "ps1", "--student", "*i*r", code=1)
    assert "Hand in the file itself" in out
    assert not (stock_course.root / "autograded" / "linker").exists()
    assert stock_course.scores("neighbour")["test_f"] == 5


def test_feedback_tells_the_verdict_and_no_secret(stock_course: StockCourse) -> None:
    """The page shows released text, points and what was wrong; no hidden line, message or traceback."""
    stock_course.submit("reader", stock_course.released(f="def f(x):\n    return {1: 2, 3: 6}.get(x)"))
    stock_course.nbgrader("autograde", "ps1", "--student", "reader")
    stock_course.nbgrader("generate_feedback", "ps1", "--student", "reader")
    page = Path(stock_course.root / "feedback" / "reader" / "ps1" / "p1.html").read_text()
    assert "f(21)" not in page and "HIDDEN" not in page and "Traceback" not in page
    assert "0 of 5 points" in page
    assert "2 of 2 points" in page


def test_data_files_and_files_written_by_students_are_kept(stock_course: StockCourse) -> None:
    """A cell reads the lecturer's data and writes a file, which lies beside the autograded notebook."""
    work = RIGHT + "\nopen('out.txt', 'w').write(open('data.csv').read())"
    stock_course.submit("writer", stock_course.released(f=work))
    stock_course.nbgrader("autograde", "ps1", "--student", "writer")
    folder = stock_course.root / "autograded" / "writer" / "ps1"
    assert (folder / "out.txt").read_text() == "1,2,3\n"
    assert (folder / "data.csv").read_text() == "1,2,3\n"


def test_notes_travel_to_the_feedback(stock_course: StockCourse) -> None:
    """What was mended in a submission is told to its student."""
    thin = stock_course.released(f=RIGHT)
    del thin["cells"][2]
    stock_course.submit("noted", thin)
    stock_course.nbgrader("autograde", "ps1", "--student", "noted")
    assert stock_course.scores("noted")["test_f"] == 5
    stock_course.nbgrader("generate_feedback", "ps1", "--student", "noted")
    page = Path(stock_course.root / "feedback" / "noted" / "ps1" / "p1.html").read_text()
    assert "The cell test_f is missing from your notebook" in page


def test_validate_runs_all_in_the_sandbox(stock_course: StockCourse) -> None:
    """`nbgrader validate` of a submission runs no cell of it in this process, and reports as always."""
    evil = stock_course.released(f=RIGHT)
    mark = stock_course.root / "written_outside"
    evil["cells"][2]["source"] = f"open({str(mark)!r}, 'w').write('x')"
    path = stock_course.submit("validated", evil)
    out = stock_course.nbgrader("validate", str(path))
    assert "TEST CELL(S) HAVE CHANGED" in out
    assert not mark.exists()
    path = stock_course.submit("validated", stock_course.released(f=RIGHT))
    assert "Success! Your notebook passes all the tests." in stock_course.nbgrader("validate", str(path))
    path = stock_course.submit("validated", stock_course.released())
    assert "VALIDATION FAILED ON 2 CELL(S)" in stock_course.nbgrader("validate", str(path))
