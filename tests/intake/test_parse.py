"""A submitted file that is no notebook gets a sentence, and nothing that it holds is trusted."""

from __future__ import annotations

import json

import nbformat
import pytest

from autograder.intake import IntakeError, parse_notebook
from autograder.intake.definitions import defined_names, without_definitions
from tests.intake.notebooks import cell, handed_in, notebook, packed


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"not json", "damaged or cut short"),
        (packed(handed_in())[:-40], "damaged or cut short"),
        (b"[" * 200_000, "damaged or cut short"),
        (b'{"nbformat": ' + b"9" * 10_000 + b"}", "damaged or cut short"),
        (b"[1, 2]", "not a notebook"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 4, "cells": {"a": 1}}', "no list of cells"),
        (b'{"nbformat": 7, "cells": []}', "format 7"),
        (b'{"cells": []}', "format None"),
        (b'{"nbformat": 3, "worksheets": 5}', "old format 3"),
        (b'{"nbformat": 4, "cells": [' + b"0," * 6000 + b"0]}", "6001 cells"),
        (b'"' + b"x" * (21 * 2**20) + b'"', "larger than 20 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_notebook_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    """Each kind of damage is told apart and says what to do."""
    with pytest.raises(IntakeError, match=sentence):
        parse_notebook(data)


def test_a_damaged_cell_costs_itself() -> None:
    """Cells of unknown type, without text or too large are left out; the others are read."""
    cells = [cell("code", "x = 1"), 5, {"cell_type": "evil", "source": ""}, {"cell_type": "code"}]
    cells += [{"cell_type": "code", "source": [1]}, cell("code", "y" * (2**20 + 1)), cell("code", "z = 1")]
    read = parse_notebook(packed({"nbformat": 4, "cells": cells}))
    assert [c.source for c in read.cells] == ["x = 1", "z = 1"]
    assert len(read.notes) == 5


def test_the_fields_may_have_any_type() -> None:
    """Metadata, ids and kernels of the wrong type are ignored."""
    odd = {"cell_type": "code", "source": ["a\n", "b"], "metadata": [1], "id": {"x": 1}}
    odder = {"cell_type": "code", "source": "c", "metadata": {"nbgrader": {"grade_id": ["f"]}}, "id": "no spaces"}
    read = parse_notebook(packed({"nbformat": 4, "cells": [odd, odder], "metadata": {"kernelspec": 3}}))
    assert [(c.source, c.grade_id, c.cell_id) for c in read.cells] == [("a\nb", "", ""), ("c", "", "")]
    assert read.language == ""


def test_lone_surrogates_do_not_survive() -> None:
    """Every text that is taken over can be written to a file."""
    read = parse_notebook(b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = \'\\ud800\'"}]}')
    assert read.cells[0].source == "x = '?'"


def test_not_a_number_in_outputs_is_no_fault() -> None:
    """Plotting libraries write NaN into outputs, which strict JSON does not know."""
    document = handed_in()
    document["cells"][0]["outputs"] = [{"output_type": "display_data", "data": {"application/json": float("nan")}}]
    assert len(parse_notebook(json.dumps(document).encode()).cells) == 7


def test_format_3_is_upgraded() -> None:
    """A notebook in the format of 2013 is read."""
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell(input="a = 1")])]
    )
    assert [c.source for c in parse_notebook(json.dumps(old).encode()).cells] == ["a = 1"]


def test_a_byte_order_mark_is_no_fault() -> None:
    """Windows editors put one in front."""
    assert len(parse_notebook(b"\xef\xbb\xbf" + packed(handed_in())).cells) == 7


def test_names_are_read_from_functions_classes_and_assignments() -> None:
    """Magics and shell lines do not hide what a cell defines; cells of other languages define nothing."""
    text = (
        "%matplotlib inline\n!ls\n@dec\ndef f(x):\n    g = 1\nclass C: pass\na, (b, *c) = 1, (2, 3)\nd: int = 4\ne: int"
    )
    assert defined_names(text) == {"f", "C", "a", "b", "c", "d"}
    assert defined_names("%%time\nf = 1") == {"f"}
    assert defined_names("%%bash\nf=1") == frozenset()
    assert defined_names("def f(:") == frozenset()
    assert defined_names('"\\d"\nf = 1') == {"f"}


def test_definitions_are_taken_out_with_their_decorators() -> None:
    """Only statements that bind nothing else are taken out."""
    text = "import math\n\n@dec\ndef f(x):\n    return x\n\na = b = 1"
    assert without_definitions(text, frozenset({"f", "a"})).split() == ["import", "math", "a", "=", "b", "=", "1"]


@pytest.mark.parametrize("text", ["-" * 150_000 + "1", "(" * 150_000, "1" + "+1" * 90_000, "x" + ".y" * 90_000, "\x00"])
def test_hostile_text_defines_nothing(text: str) -> None:
    """Texts that exhaust a parser are no fault of ours."""
    assert defined_names(text) == frozenset()


def test_the_text_that_is_parsed_is_bounded() -> None:
    """A cell of 200,000 characters is searched for definitions, a longer one is not."""
    text = "f = 1\n" + "#" * 199_994
    assert defined_names(text) == {"f"}
    assert defined_names(text + "#") == frozenset()


def test_a_notebook_of_many_cells_is_read() -> None:
    """5,000 cells are within the limits."""
    many = notebook(*(cell("code", f"x{i} = {i}") for i in range(5000)))
    assert len(parse_notebook(packed(many)).cells) == 5000
