"""The notebooks that `build` and `release` write."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Course as CourseRow
from nbgrader.api import Gradebook

from autograder.build import build, release
from autograder.build.leaks import released_texts
from autograder.build.testcells import points_comment
from autograder.course import Course
from autograder.errors import BuildError
from autograder.key import load_key
from tests.build.small_course import TEXT, UNIT, make_course


def cells(path: Path) -> dict[str, nbformat.NotebookNode]:
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return make_course(tmp_path)


def test_two_builds_are_byte_identical(course: Course) -> None:
    """The second build finds every notebook as it should be."""
    (first,) = build(course)
    before = snapshot(course.source)
    (second,) = build(course)
    assert [n.changed for n in first.notebooks] == [True]
    assert [n.changed for n in second.notebooks] == [False]
    assert snapshot(course.source) == before


def test_cell_ids_are_grade_ids_and_survive_insertion(course: Course) -> None:
    """A cell keeps its id when another is put before it."""
    build(course)
    path = course.source / UNIT / "basics.ipynb"
    before = set(cells(path))
    assert {"doubled", "test_doubled", "derive_mean"} <= before
    (course.source / UNIT / "basics.py").write_text(TEXT.replace("# %%\nimport", "# %%\nx = 1\n\n# %%\nimport"))
    build(course)
    assert before < set(cells(path))


def test_test_cells_name_parts_and_weights(course: Course) -> None:
    """Students read what counts in front of the hidden region."""
    build(course)
    source = cells(course.source / UNIT / "basics.ipynb")["test_doubled"].source
    assert source.startswith("# 50 points: two numbers 1, agrees with the reference 49\n### BEGIN HIDDEN TESTS\n")


def test_long_comments_are_folded(course: Course) -> None:
    """A comment never needs a scroll bar."""
    parts = list(load_key(course.solutions, f"{UNIT}/doubled").parts) * 6
    lines = points_comment(300, parts).split("\n")
    assert len(lines) > 2 and all(line.startswith("# ") and len(line) <= 100 for line in lines)


def test_dry_run_writes_nothing(course: Course) -> None:
    """`dry_run` says what would change and changes nothing, the gradebook included."""
    before = snapshot(course.home)
    assert build(course, dry_run=True)[0].notebooks[0].changed
    assert release(course, dry_run=True)[0].changed
    assert snapshot(course.home) == before


def test_release_has_stubs_and_no_private_line(course: Course) -> None:
    """Students get signatures, stubs, the points comment and data files, and nothing else."""
    (unit,) = release(course)
    assert unit.files == (f"release/{UNIT}/basics.ipynb", f"release/{UNIT}/data.csv")
    released = cells(course.release / UNIT / "basics.ipynb")
    assert released["doubled"].source.endswith("# YOUR CODE HERE\n    raise NotImplementedError()")
    assert released["test_doubled"].source == "# 50 points: two numbers 1, agrees with the reference 49"
    assert released["derive_mean"].source == "YOUR ANSWER HERE"
    assert released["test_doubled"].metadata.nbgrader.checksum
    text = "\n".join(text for _, text in released_texts(course.release, course.home))
    assert not any(word in text for word in ("mark(", "np.asarray", "sum(x)", "squared distances", "BEGIN"))


def test_release_runs_on_python3(course: Course) -> None:
    """The kernel is the one that every student has."""
    release(course)
    node = nbformat.read(course.release / UNIT / "basics.ipynb", as_version=4)
    assert node.metadata.kernelspec.name == "python3"
    nbformat.validate(node)


def test_second_release_changes_nothing(course: Course) -> None:
    """Releasing twice gives the same bytes."""
    release(course)
    before = snapshot(course.release)
    (again,) = release(course)
    assert again.changed == again.removed == () and snapshot(course.release) == before


def test_release_tells_the_gradebook(course: Course) -> None:
    """nbgrader knows the assignment with its points."""
    release(course)
    with Gradebook(course.database) as gradebook:
        assert gradebook.find_assignment(UNIT).max_score == 100
        assert {c.name for c in gradebook.find_notebook("basics", UNIT).grade_cells} >= {"test_doubled", "derive_mean"}


def test_release_takes_away_what_no_longer_belongs(course: Course) -> None:
    """A data file that the unit lost is not handed out any more."""
    release(course)
    (course.source / UNIT / "data.csv").unlink()
    (again,) = release(course)
    assert again.removed == (f"release/{UNIT}/data.csv",)
    assert not (course.release / UNIT / "data.csv").exists()


def test_hidden_line_in_a_data_file_is_not_released(course: Course) -> None:
    """What students get is searched as it lies on disk, data files too; the old release stays."""
    release(course)
    before = snapshot(course.release)
    (course.source / UNIT / "data.csv").write_text(f'mark("{UNIT}/doubled",doubled)\n')
    with pytest.raises(BuildError, match=r'data.csv: got the hidden line "mark\('):
        release(course)
    assert snapshot(course.release) == before


def test_unknown_unit_is_refused(course: Course) -> None:
    """A misspelt unit is named with the units there are."""
    with pytest.raises(Exception, match=f"unit: got 'unit99', expected one of {UNIT}"):
        build(course, ["unit99"])


def test_a_course_without_an_id_has_a_row_in_the_gradebook(course: Course) -> None:
    """An assignment's course is one that the gradebook knows, also where nobody named it: PostgreSQL insists."""
    release(course)
    with Gradebook(course.database) as gradebook:
        known = {row.id for row in gradebook.db.query(CourseRow)}
        assert {assignment.course_id for assignment in gradebook.assignments} == {"default_course"} <= known
