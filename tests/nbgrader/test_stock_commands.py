"""nbgrader's own commands, with our preprocessors, on a course that knows nothing of us."""

from __future__ import annotations

from tests.nbgrader.conftest import RIGHT, GradedCourse


def test_a_class_is_graded(stock_course: GradedCourse) -> None:
    """Right, wrong and untouched answers get their marks from hidden asserts; written answers wait for a person."""
    assert stock_course.scores("right") == {"test_f": 5, "test_g": 2, "why": None}
    assert stock_course.scores("wrong") == {"test_f": 0, "test_g": 2, "why": 0}
    assert stock_course.scores("empty") == {"test_f": 0, "test_g": 0, "why": 0}


def test_student_code_sees_no_test_and_lies_in_vain(stock_course: GradedCourse) -> None:
    """Objects that equal everything, and a search of the working folder, earn and find nothing."""
    assert stock_course.scores("thief")["test_f"] == 0
    text = "".join(o.get("text", "") for c in stock_course.autograded("thief").cells for o in c.get("outputs", []))
    assert "stolen: []" in text


def test_forged_flags_and_duplicates_are_harmless(stock_course: GradedCourse) -> None:
    """A solution cell that claims to be a test, copies, and points of its own change nothing for anyone."""
    assert stock_course.scores("forger") == {"test_f": 5, "test_g": 2, "why": None}


def test_a_link_to_the_source_fails_alone(stock_course: GradedCourse) -> None:
    """A submission that links to the lecturer's notebook is refused; the command goes on with the others."""
    assert "Hand in the file itself" in stock_course.said
    assert not (stock_course.root / "autograded" / "linker" / "ps1").exists()
    assert stock_course.scores("noted")["test_f"] == 5


def test_feedback_tells_the_verdict_and_no_secret(stock_course: GradedCourse) -> None:
    """The page shows released text, points and what was wrong; no hidden line and no traceback."""
    page = stock_course.page("wrong")
    assert "f(21)" not in page and "HIDDEN" not in page and "Traceback (most recent" not in page
    assert "0 of 5 points" in page
    assert "2 of 2 points" in page


def test_nothing_of_a_student_runs_in_the_reader(stock_course: GradedCourse) -> None:
    """Autograded notebooks, which the formgrader shows, hold text and pictures; pages keep formatting only."""
    outputs = [o for c in stock_course.autograded("painter").cells for o in c.get("outputs", [])]
    assert {kind for o in outputs for kind in o.get("data", {})} == {"text/plain"}
    page = stock_course.page("painter")
    assert "<strong>doubles</strong>" in page and 'href="https://example.org"' in page and "$x &lt; y$" in page
    for attack in ("<script>attack", 'onerror="', "<svg xmlns", "javascript:attack", ":text/html"):
        assert attack not in page, attack


def test_data_files_and_files_written_by_students_are_kept(stock_course: GradedCourse) -> None:
    """A cell reads the lecturer's data and writes a file, which lies beside the autograded notebook."""
    folder = stock_course.root / "autograded" / "writer" / "ps1"
    assert (folder / "out.txt").read_text() == "1,2,3\n"
    assert (folder / "data.csv").read_text() == "1,2,3\n"


def test_notes_travel_to_the_feedback(stock_course: GradedCourse) -> None:
    """What was mended in a submission is told to its student."""
    assert stock_course.scores("noted")["test_f"] == 5
    assert "The cell test_f is missing from your notebook" in stock_course.page("noted")


def test_validate_runs_all_in_the_sandbox(stock_course: GradedCourse) -> None:
    """`nbgrader validate` runs no cell of a submission in its own process, and reports as always."""
    evil = stock_course.released(f=RIGHT)
    mark = stock_course.root / "written_outside"
    evil["cells"][2]["source"] = f"open({str(mark)!r}, 'w').write('x')"
    paths = [stock_course.submit("validated_evil", evil)]
    paths += [stock_course.submit("validated_right", stock_course.released(f=RIGHT, why="It doubles."))]
    paths += [stock_course.submit("validated_empty", stock_course.released())]
    said = stock_course.nbgrader("validate", *map(str, paths))
    assert not mark.exists()
    places = [
        said.index(words)
        for words in (
            "TEST CELL(S) HAVE CHANGED",
            "Success! Your notebook passes all the tests.",
            "VALIDATION FAILED ON 3 CELL(S)",
        )
    ]
    assert places == sorted(places)
