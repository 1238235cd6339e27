"""The bytes of a submitted notebook: rebuilt as the lecturer's with the student's text, or refused with a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec

from autograder.cells import Role, grade_id, role
from autograder.intake import IntakeError, Rebuilt, rebuild
from tests.fuzz.exact import require_sentence, require_writable
from tests.fuzz.target import Target
from tests.fuzz.trees import mutated, mutated_bytes
from tests.intake import notebooks

__all__ = ["TARGET"]

RELEASED, SOURCE = notebooks.released(), notebooks.source()
LECTURERS = [cell for cell in SOURCE["cells"] if grade_id(cell)]
WORDS: tuple[Any, ...] = (
    "f", "test_f", "why", "g", "test_g", "imports", "statement", "cells", "metadata", "nbgrader", "grade_id", "source",
    "cell_type", "code", "markdown", "raw", "id", "attachments", "kernelspec", "language", "nbformat", "worksheets",
    "input",
    "points", "locked", "\ud800", "\udfff", notebooks.STUB, notebooks.RIGHT, "y = 8", "# added", {"image/png": "aGk="},
    3, 4, notebooks.cell("code", notebooks.RIGHT), notebooks.cell("code", "f = 1", notebooks.flags("f",
    solution=True), "f"),
)  # fmt: skip


def run(data: bytes) -> None:
    """Rebuild the notebook, and hold the result to what intake promises."""
    try:
        rebuilt = rebuild(RELEASED, SOURCE, data)
    except IntakeError as refusal:
        require_sentence(str(refusal))
        return
    _require_promises(rebuilt)


def _require_promises(rebuilt: Rebuilt) -> None:
    cells = rebuilt.notebook["cells"]
    require_writable(rebuilt.notebook)
    msgspec.json.encode(rebuilt.notebook)
    for note in rebuilt.notes:
        require_sentence(note)
    ids = [cell["id"] for cell in cells]
    assert len(set(ids)) == len(ids), "two cells with one id"
    assert set(rebuilt.student_cells) <= set(ids)
    assert rebuilt.notebook["metadata"] == SOURCE["metadata"], "the kernel is not the lecturer's"
    found = [cell for cell in cells if grade_id(cell)]
    assert [grade_id(c) for c in found] == [grade_id(c) for c in LECTURERS], "cells are missing or out of order"
    for cell, ours in zip(found, LECTURERS, strict=True):
        _require_ours(cell, ours)
    for cell in cells:
        assert cell["cell_type"] in ("code", "markdown", "raw") and type(cell["source"]) is str
        assert not cell.get("outputs") and (grade_id(cell) or role(cell) is Role.FREE)


def _require_ours(cell: dict[str, Any], ours: dict[str, Any]) -> None:
    """Role, points and type are the lecturer's, and so is the text of what students may not change."""
    flags, wanted = dict(cell["metadata"]["nbgrader"]), dict(ours["metadata"]["nbgrader"])
    flags.pop("checksum", None)
    wanted.pop("checksum", None)
    assert flags == wanted and cell["cell_type"] == ours["cell_type"], f"{grade_id(cell)}: its flags are not ours"
    if role(ours) not in (Role.SOLUTION, Role.MANUAL):
        assert cell["source"] == ours["source"], f"{grade_id(cell)}: its text is not ours"


def mutate(data: bytes, random: Random) -> bytes:
    """Change the document as a tree, or its bytes."""
    if random.random() < 0.1:
        return mutated_bytes(data, random)
    try:
        return json.dumps(mutated(json.loads(data), random, WORDS), ensure_ascii=random.random() < 0.7).encode()
    except (ValueError, RecursionError):  # not JSON, or too deep
        return mutated_bytes(data, random)


def seeds() -> Iterator[bytes]:
    """Notebooks as students hand them in, and as they should not."""
    answered = notebooks.handed_in(f=notebooks.RIGHT, why="Because.", g="y = 7")
    added = notebooks.cell("code", "%time\ndef f(x): return x + x", {"tags": ["picture"]}, "extra")
    picture = notebooks.cell("markdown", "![](a.png)", {}) | {"attachments": {"a.png": {"image/png": "aGVsbG8="}}}
    lines = notebooks.cell("code", "a\nb", notebooks.flags("g", solution=True)) | {"source": ["y = 8\n", "z = 9"]}
    v3 = {
        "cell_type": "code",
        "input": "f = 1",
        "outputs": [],
        "language": "python",
        "metadata": {},
        "collapsed": False,
    }
    for document in (
        notebooks.released(),
        answered,
        {**answered, "cells": [*answered["cells"], added, picture, lines]},
        {**answered, "cells": [added, *reversed(answered["cells"])]},
        {**answered, "cells": answered["cells"] * 2},
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [v3], "metadata": {}}]},
        notebooks.notebook(notebooks.cell("code", "x = 1", notebooks.flags("other", solution=True))),
        {"nbformat": 4, "cells": []},
    ):
        yield notebooks.packed(document)
    yield b"\xef\xbb\xbf" + notebooks.packed(notebooks.released())


TARGET = Target("intake", "a submitted notebook, rebuilt", run, mutate, seeds, 40_000)
