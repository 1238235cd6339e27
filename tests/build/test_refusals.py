"""What a unit is refused for: each fault is named with file, cell, what was got and what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from autograder.build import build
from autograder.course import Course
from autograder.errors import BuildError
from tests.build.small_course import DERIVATION, TEXT, UNIT, header, make_course, write_key

FILE = f"source/{UNIT}/basics.py"
HIDDEN = "### BEGIN HIDDEN TESTS"
MARK = f'mark("{UNIT}/doubled", doubled)'

TEXT_FAULTS = {
    "misspelt": (
        (HIDDEN, "### BEGIN HIDEN TESTS"),
        'cell test_doubled: got marker "### BEGIN HIDEN TESTS", expected one',
    ),
    "misspelt_edge": ((HIDDEN, "### BEGNI HIDDEN TESTS"), 'got marker "### BEGNI HIDDEN TESTS"'),
    "edge_left_out": ((HIDDEN, "### HIDDEN TESTS"), 'got marker "### HIDDEN TESTS"'),
    "singular": ((HIDDEN, "### BEGIN HIDDEN TEST"), 'got marker "### BEGIN HIDDEN TEST"'),
    "lower_case": ((HIDDEN, "### begin hidden tests"), 'got marker "### begin hidden tests"'),
    "no_space": ((HIDDEN, "###BEGIN HIDDEN TESTS"), 'got marker "###BEGIN HIDDEN TESTS"'),
    "two_hashes": ((HIDDEN, "## BEGIN HIDDEN TESTS"), 'got marker "## BEGIN HIDDEN TESTS"'),
    "double_space": ((HIDDEN, "### BEGIN  HIDDEN TESTS"), 'got marker "### BEGIN  HIDDEN TESTS"'),
    "unknown": ((HIDDEN, "### BEGIN SECRET"), 'got marker "### BEGIN SECRET"'),
    "trailing_words": (
        ("### BEGIN SOLUTION", "### BEGIN SOLUTION here"),
        'cell doubled: got marker "### BEGIN SOLUTION here"',
    ),
    "in_a_string": (("import numpy as np", 's = "END SOLUTION"'), 'got marker "s = "END SOLUTION""'),
    "not_closed": (("    ### END SOLUTION\n", ""), 'cell doubled: got "### BEGIN SOLUTION" without its end'),
    "not_opened": (("    ### BEGIN SOLUTION\n", ""), 'cell doubled: got "### END SOLUTION" without its beginning'),
    "nested": ((HIDDEN, f"{HIDDEN}\n{HIDDEN}"), f'got "{HIDDEN}" inside HIDDEN TESTS'),
    "crossed": (
        ("    ### END SOLUTION", "    ### END HIDDEN TESTS"),
        'got "### END HIDDEN TESTS" without its beginning',
    ),
    "bad_json": (('"grade_id": "doubled",', '"grade_id": "doubled"'), "line 29: got metadata that is not JSON"),
    "python_json": (('"grade": false, "grade_id": "doubled"', '"grade": False, "grade_id": "doubled"'), "not JSON"),
    "schema": (
        ('"schema_version": 3', '"schema_version": 2'),
        "got schema_version 2, expected 3: run `nbgrader update`",
    ),
    "flag": (
        ('"grade": false, "grade_id": "doubled"', '"grade": 0, "grade_id": "doubled"'),
        "cell doubled: got grade 0",
    ),
    "id": (
        ('"grade_id": "doubled"', '"grade_id": "Doubled"'),
        "cell Doubled: got grade_id 'Doubled', expected snake_case",
    ),
    "no_id": (('"grade_id": "check_doubled"', '"grade_id": ""'), "got grade_id '', expected 1 to 64"),
    "duplicate": (
        ('"grade_id": "check_doubled"', '"grade_id": "doubled"'),
        "cell doubled: got the id of cell number 4 again",
    ),
    "points_text": (
        ('"points": 50', '"points": "50"'),
        "cell test_doubled: got points '50', expected a number above 0",
    ),
    "points_nan": (('"points": 50', '"points": NaN'), "cell test_doubled: got points nan"),
    "points_of_key": (('"points": 50', '"points": 51'), "got 51 points, expected 50, the sum of its key's weights"),
    "sum": (('"points": 10', '"points": 9'), f"source/{UNIT}: got 99 points, expected 100"),
    "unlocked": (
        ('"grade_id": "test_doubled", "locked": true', '"grade_id": "test_doubled", "locked": false'),
        "cell test_doubled: got an unlocked test cell",
    ),
    "no_region": (
        ("    ### BEGIN SOLUTION\n    return sum(x) / len(x)\n    ### END SOLUTION", "    return sum(x) / len(x)"),
        "cell mean_of: got a solution cell without region",
    ),
    "hidden_elsewhere": (
        ("assert callable(doubled)", f"{HIDDEN}\n### END HIDDEN TESTS\nassert callable(doubled)"),
        f'cell check_doubled: got "{HIDDEN}" in a locked cell, expected a graded test cell around it',
    ),
    "solution_elsewhere": (
        ("assert callable(doubled)", "### BEGIN SOLUTION\n### END SOLUTION\nassert callable(doubled)"),
        'cell check_doubled: got "### BEGIN SOLUTION" in a locked cell, expected a solution cell around it',
    ),
    "other_exercise": (
        (MARK, f'mark("{UNIT}/mean_of", doubled)'),
        f'cell test_doubled: got mark("{UNIT}/mean_of", …), expected one line mark("{UNIT}/doubled", …)',
    ),
    "no_mark": ((MARK, "assert doubled(1) == 2"), "cell test_doubled: got no mark line"),
    "open_mark": ((HIDDEN, f"{MARK}\n{HIDDEN}"), "cell test_doubled: got a mark line that students see"),
    "bool_tail": ((MARK, f"{MARK}\nTrue"), "got `True` as last line, expected an assert or a mark"),
    "comparison_tail": ((MARK, f"{MARK}\n1 < 2"), "got the truth value of `1 < 2` as last line"),
    "numpy_tail": ((MARK, f"{MARK}\nnp.float64(0.5)"), "got the array value of `np.float64(0.5)` as last line"),
    "nested_numpy_tail": (
        (MARK, f"{MARK}\n2 * np.mean([1])"),
        "got the array value of `2 * np.mean([1])` as last line",
    ),
    "public_tail": ((HIDDEN, f"isinstance(doubled(1), float)\n{HIDDEN}"), "got the truth value of `isinstance("),
    "syntax": ((MARK, "mark("), "cell test_doubled: got code that does not parse"),
    "hidden_leak": (
        ("Write it yourself.", f"Run `{MARK}` to see."),
        f'cell about_doubled: got the hidden line "{MARK}" of {FILE}, cell test_doubled, expected it nowhere',
    ),
    "solution_leak": (
        (
            "import numpy as np",
            "import numpy as np\ny = 1\ndef f(x): return np.asarray(x,dtype=float)*2.0 + 0.0*np.sum(x)",
        ),
        f"{FILE}, cell 2: got the solution line",
    ),
    "no_answer": (
        ('"grade_id": "mean_of"', '"grade_id": "mean_off"'),
        "got a test without answer, expected a solution cell",
    ),
    "test_name": (
        ('"grade_id": "test_mean_of"', '"grade_id": "tests_mean_of"'),
        "got a test cell called tests_mean_of",
    ),
}


@pytest.mark.parametrize("name", TEXT_FAULTS)
def test_text_fault_is_refused(name: str, tmp_path: Path) -> None:
    """A unit with this one fault is refused by a sentence that names it; nothing is written."""
    (old, new), sentence = TEXT_FAULTS[name]
    assert old in TEXT
    course = make_course(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(BuildError, match=re.escape(sentence)) as caught:
        build(course)
    assert all(
        line.startswith(f"source/{UNIT}") or line.startswith("solutions/") for line in str(caught.value).split("\n")
    )
    assert not list(tmp_path.rglob("*.ipynb"))


def test_exercise_without_key_is_refused(tmp_path: Path) -> None:
    """An exercise needs an answer key."""
    course = make_course(tmp_path)
    (course.solutions / UNIT / "doubled.py").unlink()
    with pytest.raises(
        BuildError, match=f"cell test_doubled: got an exercise without answer key, expected solutions/{UNIT}"
    ):
        build(course)


def test_key_without_exercise_is_refused(tmp_path: Path) -> None:
    """An answer key needs an exercise."""
    course = make_course(tmp_path)
    write_key(course, "tripled", 5, "return 3 * x")
    with pytest.raises(BuildError, match=f"solutions/{UNIT}/tripled.py: got an answer key without exercise"):
        build(course)


def test_id_of_two_notebooks_is_refused(tmp_path: Path) -> None:
    """Graded ids are unique in a unit, not only in a notebook."""
    course = make_course(tmp_path)
    (course.source / UNIT / "more.py").write_text(f"# %%\nx = 1\n{DERIVATION}")
    with pytest.raises(BuildError, match=f"more.py, cell derive_mean: got an id that {FILE} uses"):
        build(course)


def test_locked_cells_may_share_ids_between_notebooks(tmp_path: Path) -> None:
    """Each notebook of a unit may have its own locked `imports` cell."""
    course = make_course(tmp_path)
    (course.source / UNIT / "more.py").write_text(f"{header('check_doubled', locked=True)}\nimport math\n")
    assert len(build(course)[0].notebooks) == 2


def test_notebook_without_text_is_refused(tmp_path: Path) -> None:
    """A notebook in source/ that no text makes would be released unseen."""
    course = make_course(tmp_path)
    (course.source / UNIT / "stray.ipynb").write_text("{}")
    with pytest.raises(BuildError, match=r"stray.ipynb: got a notebook without text, expected stray.py"):
        build(course)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """A lecturer sees every fault of a notebook in one run."""
    text = TEXT.replace(HIDDEN, "### BEGIN HIDEN TESTS").replace("    ### END SOLUTION\n", "")
    with pytest.raises(BuildError) as caught:
        build(make_course(tmp_path, text))
    assert len(str(caught.value).split("\n")) >= 4


@pytest.mark.parametrize(
    "line",
    ["# hidden layer of 30 units", "# end of the loop", "# the solution by hand", "### Step 2", "# begin with zeros"],
)
def test_ordinary_comments_are_no_markers(line: str, tmp_path: Path) -> None:
    """Comments that only share a word with a marker are left alone."""
    course = make_course(tmp_path, TEXT.replace("import numpy as np", f"import numpy as np\n\n{line}"))
    assert built_lines(course).count(line) == 1


@pytest.mark.parametrize("line", ["### Hidden tests", "### Solution", "## Begin with the mean", "### The end"])
def test_headings_are_no_markers(line: str, tmp_path: Path) -> None:
    """In markdown `### …` is a heading."""
    assert built_lines(make_course(tmp_path, TEXT.replace("# Basics", line))).count(line) == 1


def built_lines(course: Course) -> list[str]:
    """All lines of the notebook that `build` writes."""
    build(course)
    notebook = nbformat.read(course.source / UNIT / "basics.ipynb", as_version=4)
    return [line for cell in notebook.cells for line in cell.source.splitlines()]
