"""The notebook that is graded is the lecturer's with the student's text."""

from __future__ import annotations

import copy
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.errors import CourseError
from autograder.intake import IntakeError, Rebuilt, rebuild
from tests.intake.notebooks import RIGHT, STUB, cell, flags, handed_in, notebook, packed, released, source


def graded(document: dict[str, Any]) -> Rebuilt:
    rebuilt = rebuild(released(), source(), packed(document))
    nbformat.validate(nbformat.from_dict(rebuilt.notebook))
    return rebuilt


def texts(rebuilt: Rebuilt) -> dict[str, str]:
    return {c["id"]: c["source"] for c in rebuilt.notebook["cells"]}


def order(rebuilt: Rebuilt) -> list[str]:
    return [c["id"] for c in rebuilt.notebook["cells"]]


def at(document: dict[str, Any], cell_id: str) -> int:
    return [c.get("id") for c in document["cells"]].index(cell_id)


def test_an_honest_submission_needs_no_note() -> None:
    """Answers are taken over, hidden tests come back, and there is nothing to tell."""
    rebuilt = graded(handed_in(f=RIGHT, why="Because.", g="y = 7"))
    assert texts(rebuilt)["f"] == RIGHT
    assert "f(3) == 6" in texts(rebuilt)["test_f"]
    assert rebuilt.notes == ()
    assert rebuilt.student_cells == ("f", "why", "g")
    assert order(rebuilt) == [c["id"] for c in source()["cells"]]


def test_what_was_given_is_told_from_what_was_added() -> None:
    """A lecturer's free cell that was left alone is tagged; an edited one is the student's; own tags count nothing."""
    document = handed_in(f=RIGHT)
    document["cells"][at(document, "g")]["metadata"] = {"tags": ["given", "picture"]}
    rebuilt = graded(document)
    tagged = {c["id"]: c["metadata"].get("tags") for c in rebuilt.notebook["cells"]}
    assert tagged["statement"] == ["given"]
    document["cells"][at(document, "statement")]["source"] += " Mine."
    document["cells"][at(document, "statement")]["metadata"] = {"tags": ["given", "picture"]}
    rebuilt = graded(document)
    assert "tags" not in next(c for c in rebuilt.notebook["cells"] if c["id"] == "statement")["metadata"]
    assert "statement" in rebuilt.student_cells


def test_the_solution_never_enters() -> None:
    """Where the student left the stub, the stub is graded and not the source's solution."""
    rebuilt = graded(released())
    assert texts(rebuilt)["f"] == STUB
    assert texts(rebuilt)["why"] == "YOUR ANSWER HERE"


def test_the_released_checksum_marks_an_untouched_answer() -> None:
    """nbgrader tells an unanswered manual cell by its released checksum."""
    flags_of = {c["id"]: c["metadata"].get("nbgrader", {}) for c in graded(released()).notebook["cells"]}
    assert flags_of["why"]["checksum"] == "sum of why"


def test_flags_points_and_kernel_are_the_lecturers() -> None:
    """Points, grade flags, kernelspec and the metadata of tools in a submission count for nothing."""
    forged = handed_in(f=RIGHT)
    forged["metadata"] = {"kernelspec": {"name": "evil", "language": "R"}, "widgets": {"x": 1}}
    test = forged["cells"][at(forged, "test_f")]
    test["metadata"] = flags("test_f", solution=True, points=1000) | {"tags": ["skip-execution"]}
    test["source"] = "print(5.0)"
    forged["cells"][at(forged, "f")]["metadata"]["nbgrader"] |= {"grade": True, "points": 99}
    rebuilt = graded(forged)
    by_id = {c["id"]: c for c in rebuilt.notebook["cells"]}
    assert by_id["test_f"]["metadata"]["nbgrader"]["points"] == 5
    assert "tags" not in by_id["test_f"]["metadata"]
    assert by_id["f"]["metadata"]["nbgrader"]["grade"] is False
    assert rebuilt.notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert any("locked cell test_f was changed" in n for n in rebuilt.notes)
    assert any("asks for a R kernel" in n for n in rebuilt.notes)


def test_deleted_cells_come_back() -> None:
    """A deleted test or import cell is restored, a deleted solution cell is the stub."""
    thin = handed_in(f=RIGHT)
    thin["cells"] = [c for c in thin["cells"] if c["id"] not in {"imports", "test_f", "g"}]
    rebuilt = graded(thin)
    assert texts(rebuilt)["g"] == "y = ..."
    assert "f(3) == 6" in texts(rebuilt)["test_f"]
    assert sum("is missing from your notebook" in n for n in rebuilt.notes) == 3


def test_reordered_cells_go_back() -> None:
    """Cells in another order are put back, and the student is told once."""
    moved = handed_in(f=RIGHT)
    moved["cells"].reverse()
    rebuilt = graded(moved)
    known = [i for i in order(rebuilt) if i != "statement"]
    assert known == ["imports", "f", "test_f", "why", "g", "test_g"]
    assert rebuilt.notes == ("The released cells were put back in their released order.",)


def test_added_cells_keep_their_place() -> None:
    """A student's own cell stays behind the released cell that it followed, also behind a test."""
    own = handed_in(f="def f(x):\n    return helper(x)")
    own["cells"].insert(at(own, "test_f") + 1, cell("code", "late = 1", {}, "late"))
    own["cells"].insert(at(own, "f"), cell("code", "def helper(x):\n    return 2 * x", {}, "helper"))
    own["cells"].insert(0, cell("code", "early = 1", {}, "early"))
    ids = order(graded(own))
    assert ids[:5] == ["early", "imports", "statement", "helper", "f"]
    assert ids.index("late") == ids.index("test_f") + 1


def test_text_in_markdown_or_raw_cells_is_not_code() -> None:
    """An added raw cell stays raw; a test cell turned to markdown is code again."""
    hidden = handed_in()
    hidden["cells"].append(cell("raw", "import os", {}, "raw1"))
    hidden["cells"][at(hidden, "test_f")] = cell("markdown", "assert True", flags("test_f", grade=True), "test_f")
    kinds = {c["id"]: c["cell_type"] for c in graded(hidden).notebook["cells"]}
    assert kinds["raw1"] == "raw"
    assert kinds["test_f"] == "code"


def test_a_solution_cell_turned_to_markdown_is_code() -> None:
    """Pressing M by accident costs no marks: the text is taken as code, and the student is told."""
    turned = handed_in()
    turned["cells"][at(turned, "f")] = cell("markdown", RIGHT, flags("f", solution=True), "f")
    rebuilt = graded(turned)
    assert {c["id"]: c["cell_type"] for c in rebuilt.notebook["cells"]}["f"] == "code"
    assert any("turned from code to markdown" in n for n in rebuilt.notes)


@pytest.mark.parametrize("stub_first", [True, False])
def test_of_two_copies_the_edited_one_counts(stub_first: bool) -> None:
    """An untouched copy beside an edited one is dropped, wherever it stands."""
    copied = handed_in(f=RIGHT)
    stub = cell("code", STUB, flags("f", solution=True), "copy")
    copied["cells"].insert(at(copied, "f") + (0 if stub_first else 1), stub)
    rebuilt = graded(copied)
    assert texts(rebuilt)["f"] == RIGHT
    assert "copy" not in order(rebuilt)
    assert any("2 times" in n for n in rebuilt.notes)


def test_a_split_answer_stays_whole() -> None:
    """Splitting a cell copies its metadata: both pieces run, in their order."""
    split = handed_in(f="def helper(x):\n    return 2 * x")
    split["cells"].insert(at(split, "f") + 1, cell("code", "def f(x): return helper(x)", flags("f", solution=True)))
    sources = [c["source"] for c in graded(split).notebook["cells"]]
    assert sources[2:4] == ["def helper(x):\n    return 2 * x", "def f(x): return helper(x)"]


def test_a_copied_test_cell_is_no_test() -> None:
    """A second cell with a test's id is dropped when it says the same, and runs as the student's own otherwise."""
    copied = handed_in(f=RIGHT)
    copied["cells"].append(cell("code", "assert f(1) == 2", flags("test_f", grade=True, points=5)))
    copied["cells"].append(cell("code", "print(f(4))", flags("test_f", grade=True, points=5)))
    rebuilt = graded(copied)
    last = rebuilt.notebook["cells"][-1]
    assert (last["source"], last["metadata"]) == ("print(f(4))", {})
    assert len(rebuilt.notebook["cells"]) == 8


def test_lost_metadata_is_found_by_the_cells_id() -> None:
    """An editor that drops nbgrader's metadata but keeps the cells' ids costs nothing."""
    stripped = handed_in(f=RIGHT, g="y = 7")
    for c in stripped["cells"]:
        c["metadata"] = {}
    rebuilt = graded(stripped)
    assert texts(rebuilt)["f"] == RIGHT
    assert rebuilt.notes == ()


@pytest.mark.parametrize("keep_stub", [True, False])
def test_an_answer_in_a_cell_of_ones_own_counts(keep_stub: bool) -> None:
    """A stub that was left or deleted does not redefine what the student defined above it."""
    own = handed_in()
    place = at(own, "f")
    if not keep_stub:
        del own["cells"][place]
    own["cells"].insert(place, cell("code", RIGHT, {}, "mine"))
    rebuilt = graded(own)
    assert "raise NotImplementedError" not in "".join(texts(rebuilt).values())
    assert order(rebuilt).index("mine") < order(rebuilt).index("test_f")
    assert any("f was taken from a cell of your own" in n for n in rebuilt.notes)


def test_an_answer_below_its_test_is_moved_up() -> None:
    """An answer whose cell lost its id and stands at the end is run before the test."""
    own = handed_in()
    own["cells"].append(cell("code", RIGHT, {}, "mine"))
    ids = order(graded(own))
    assert ids.index("mine") == ids.index("f") + 1


def test_a_stub_keeps_what_nobody_else_defines() -> None:
    """Only the definitions that the student made elsewhere leave the stub."""
    two = "w = 1\n\n" + STUB
    stubbed, own = released(), handed_in()
    for document in (stubbed, own):
        document["cells"][at(document, "f")]["source"] = two
    own["cells"].insert(at(own, "f"), cell("code", RIGHT, {}, "mine"))
    rebuilt = rebuild(stubbed, source(), packed(own))
    assert texts(rebuilt)["f"].strip() == "w = 1"


def test_bad_cell_ids_are_replaced() -> None:
    """Malformed, missing and doubled ids become valid ones; a released id is never taken by a student's cell."""
    odd = handed_in()
    names = ["../../x", "", "test_f", "a" * 99, "twice", "twice"]
    odd["cells"] = [cell("code", f"z = {i}", {}, n) for i, n in enumerate(names)] + odd["cells"]
    odd["cells"][2]["metadata"] = flags("unheard_of", grade=True, points=50)
    rebuilt = graded(odd)
    assert len(set(order(rebuilt))) == len(order(rebuilt))
    assert "assert f(1)" in texts(rebuilt)["test_f"]
    assert any("unheard_of is not one of this notebook" in n for n in rebuilt.notes)


def test_outputs_are_dropped() -> None:
    """What a submission claims to have printed is not kept."""
    loud = handed_in(f=RIGHT)
    for c in loud["cells"]:
        if c["cell_type"] == "code":
            c["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "5.0"}, "execution_count": 1}]
    assert all(not c.get("outputs") for c in graded(loud).notebook["cells"])


def test_pictures_of_a_derivation_are_kept() -> None:
    """An attached photograph belongs to a written answer; other attachments and SVG are dropped."""
    drawn = handed_in(why="![](page.png)")
    kept = {"page.png": {"image/png": "aGVsbG8="}}
    drawn["cells"][at(drawn, "why")]["attachments"] = kept | {
        "x.svg": {"image/svg+xml": "<svg/>"}, "y": {"image/png": "<script>"}, "z": 5
    }  # fmt: skip
    by_id = {c["id"]: c for c in graded(drawn).notebook["cells"]}
    assert by_id["why"]["attachments"] == kept


def test_the_notebook_of_another_unit_is_refused() -> None:
    """A notebook that shares at most an import cell with this one is not graded as it."""
    other = notebook(
        cell("code", "import math", flags("imports", locked=True)), cell("code", "z = 1", flags("z", solution=True))
    )
    with pytest.raises(IntakeError, match="another unit"):
        graded(other)


def test_an_empty_notebook_is_graded() -> None:
    """A notebook without any cell is the released one with its stubs."""
    rebuilt = graded(notebook())
    assert texts(rebuilt)["f"] == STUB
    assert len(rebuilt.notes) == 6


def test_a_notebook_without_exercises_takes_any_plain_notebook() -> None:
    """Where nothing is asked, a plain notebook is fine, and one with the cells of another assignment is not."""
    empty = notebook()
    assert len(rebuild(empty, empty, packed(notebook(cell("code", "x = 1")))).notebook["cells"]) == 1
    with pytest.raises(IntakeError, match="another unit"):
        rebuild(empty, empty, packed(handed_in()))


def test_answers_alone_are_enough() -> None:
    """A fresh notebook without ids that defines an exercise's function is graded."""
    rebuilt = graded(notebook(cell("code", RIGHT)))
    assert any(c["source"] == RIGHT for c in rebuilt.notebook["cells"])


def test_without_a_source_the_released_notebook_is_graded() -> None:
    """A course whose hidden tests are elsewhere gets its released cells back."""
    rebuilt = rebuild(released(), None, packed(handed_in(f=RIGHT)))
    assert texts(rebuilt)["test_f"] == "assert f(1) == 2"


def test_a_stale_release_is_the_courses_fault() -> None:
    """A solution cell that students never received is not filled with the solution."""
    stale = released()
    del stale["cells"][at(stale, "f")]
    with pytest.raises(CourseError, match="cell f: not in the released notebook"):
        rebuild(stale, source(), packed(handed_in()))


def test_rebuilding_changes_none_of_its_inputs() -> None:
    """The lecturer's notebooks are shared by a whole class."""
    ours, theirs = released(), source()
    before = copy.deepcopy((ours, theirs))
    rebuild(ours, theirs, packed(handed_in(f=RIGHT)))
    assert (ours, theirs) == before


IDS = st.sampled_from(["", "f", "test_f", "why", "g", "test_g", "imports", "nobody", "a b", "f"])
TEXTS = st.sampled_from(
    ["", STUB, RIGHT, "x = 1", "def f(x)", "%%time\nf = 1", "assert f(1) == 2", "y = 7", "\x00", "é\ud800"]
)
CELLS = st.builds(
    lambda kind, text, name, cell_id: cell(kind, text, flags(name) if name else {}, cell_id),
    st.sampled_from(["code", "markdown", "raw"]), TEXTS, IDS, IDS,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(CELLS, max_size=12))
def test_whatever_is_handed_in_the_lecturers_cells_stand(cells: list[dict[str, Any]]) -> None:
    """For any mixture of cells: locked and test cells are the lecturer's, in order, once, and ids are unique."""
    try:
        rebuilt = graded(notebook(*cells))
    except IntakeError:
        return
    ours = [c for c in rebuilt.notebook["cells"] if c["metadata"].get("nbgrader")]
    assert [c["metadata"]["nbgrader"]["grade_id"] for c in ours] == ["imports", "f", "test_f", "why", "g", "test_g"]
    full = {c["id"]: c["source"] for c in source()["cells"]}
    assert all(c["source"] == full[c["id"]] for c in ours if c["id"] in {"imports", "test_f", "test_g"})
    assert len(set(order(rebuilt))) == len(order(rebuilt))
