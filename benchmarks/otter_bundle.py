"""The same notebooks and tests for otter-grader: a bundle for each notebook, and one submission."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import otter.generate
from courses import Class

from autograder.cells import Role, grade_id, points, role
from autograder.marking.cellcode import defines, parse, text
from autograder.marking.testcell import mark_line

__all__ = ["bundles", "require_full_marks"]

TEST = """from otter.test_files import test_case
OK_FORMAT = False
name = {name!r}
points = {points}

@test_case(points={points}, hidden=True)
def {name}({arguments}):
{body}
"""
MARK = """import os
from autograder import mark
here = os.getcwd()
os.chdir({course!r})
try:
    assert mark({exercise!r}, {arguments}) == {points}
finally:
    os.chdir(here)
"""


def bundles(material: Class, student: str, folder: Path) -> list[tuple[list[str], Path]]:
    """The command that grades each notebook of a student's submission, and where to run it."""
    made = []
    for path in sorted((material.course.source / material.unit).glob("*.ipynb")):
        here = folder / path.stem
        (here / "tests").mkdir(parents=True)
        for name, test in _tests(json.loads(path.read_bytes())["cells"], material.folder):
            (here / "tests" / f"{name}.py").write_text(test)
        otter.generate.main(
            tests_dir=str(here / "tests"),
            output_path=str(here / "autograder.zip"),
            no_environment=True,
            python_version=f"{sys.version_info.major}.{sys.version_info.minor}",
        )
        handed_in = material.course.submitted / student / material.unit / path.name
        (here / path.name).write_bytes(handed_in.read_bytes())
        made.append(([sys.executable, "-m", "otter", "run", "-a", "autograder.zip", path.name, "--no-logo"], here))
    return made


def require_full_marks(folders: Iterable[Path]) -> None:
    """The answers are right: RuntimeError when otter did not find them so."""
    for folder in folders:
        tests = json.loads((folder / "results.json").read_bytes())["tests"]
        lost = [t["name"] for t in tests if t.get("max_score") is not None and t["score"] != t["max_score"]]
        if lost or not any(t.get("max_score") for t in tests):
            raise RuntimeError(f"otter run, {folder.name}: got less than full marks in {lost or 'all'}, expected all.")


def _tests(cells: list[dict[str, Any]], course: Path) -> Iterator[tuple[str, str]]:
    """Names and texts of otter's test files. They share nothing, so each makes what earlier tests of asserts made."""
    own: set[str] = set()
    before = [text(cell) for cell in cells if role(cell) is Role.LOCKED and text(cell).startswith("import ")]
    for cell in cells:
        if role(cell) is Role.SOLUTION:
            own |= defines(parse(text(cell)))
        if role(cell) is not Role.TEST:
            continue
        found = mark_line(text(cell))
        if found:
            arguments = ", ".join(found.names)
            body = MARK.format(course=str(course), exercise=found.exercise, arguments=arguments, points=points(cell))
        else:
            arguments, lines = ", ".join(sorted(own)), text(cell).splitlines()
            body = "\n".join([*before, *lines])
            before += [line for line in lines if not line.startswith(("assert", "###"))]
        named = {"name": grade_id(cell), "points": points(cell), "arguments": arguments}
        yield grade_id(cell), TEST.format(body=indent(body, "    "), **named)
