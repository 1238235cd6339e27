"""Why a unit cannot be released: every fault that stock nbgrader would pass over in silence.

Each check yields sentences `file, cell id: got X, expected Y.`; a unit without a sentence is sound.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.build.markers import HIDDEN, RUBRIC, SOLUTION, marker_faults, public_text, regions
from autograder.build.testcells import marked_exercises, parse_cell, tail_problem
from autograder.build.text import CELL_ID, SourceNotebook
from autograder.cells import Role, grade_id, points, role

__all__ = ["UNIT_POINTS", "cell_faults", "unit_faults"]

UNIT_POINTS = 100
SCHEMA_VERSION = 3
FLAGS = ("grade", "locked", "solution")
EXERCISE_ID = re.compile(r"^[a-z][a-z0-9_]*$")
HOMES = {  # where a region may stand
    SOLUTION: ((Role.SOLUTION, Role.MANUAL), "a solution cell around it"),
    HIDDEN: ((Role.TEST,), "a graded test cell around it"),
    RUBRIC: ((Role.TASK,), "a task cell around it"),
}


def cell_faults(notebook: SourceNotebook) -> Iterator[str]:
    """Faults that one notebook shows by itself."""
    sound = list(metadata_faults(notebook))
    yield from sound
    yield from duplicate_faults(notebook)
    for position, cell in enumerate(notebook.cells):
        wrong = marker_faults(cell.source, cell.cell_type == "code")
        yield from (notebook.fault(position, got, expected) for got, expected in wrong)
        if not wrong and not sound:
            yield from region_faults(notebook, position, cell)
            if cell.cell_type == "code":
                yield from syntax_faults(notebook, position, cell)


def metadata_faults(notebook: SourceNotebook) -> Iterator[str]:
    for position, cell in enumerate(notebook.cells):
        if "nbgrader" not in cell.metadata:
            continue
        flags = cell.metadata.nbgrader
        if flags.get("schema_version") != SCHEMA_VERSION:
            got = f"schema_version {flags.get('schema_version')!r}"
            yield notebook.fault(position, got, f"{SCHEMA_VERSION}: run `nbgrader update`")
        for flag in FLAGS:
            if not isinstance(flags.get(flag), bool):
                yield notebook.fault(position, f"{flag} {flags.get(flag)!r}", "true or false")
        if not isinstance(flags.get("task", False), bool):
            yield notebook.fault(position, f"task {flags['task']!r}", "true or false")
        yield from id_faults(notebook, position, cell)
        yield from point_faults(notebook, position, cell)
        yield from kind_faults(notebook, position, cell)


def id_faults(notebook: SourceNotebook, position: int, cell: Any) -> Iterator[str]:
    name = cell.metadata.nbgrader.get("grade_id")
    if not isinstance(name, str) or not CELL_ID.match(name):
        yield notebook.fault(position, f"grade_id {name!r}", "1 to 64 letters, digits, '_' or '-'")
    elif role(cell) in (Role.TEST, Role.SOLUTION, Role.MANUAL) and not EXERCISE_ID.match(name):
        yield notebook.fault(position, f"grade_id {name!r}", "snake_case")


def point_faults(notebook: SourceNotebook, position: int, cell: Any) -> Iterator[str]:
    value = cell.metadata.nbgrader.get("points")
    if role(cell) not in (Role.TEST, Role.MANUAL, Role.TASK):
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0:
        yield notebook.fault(position, f"points {value!r}", "a number above 0")


def kind_faults(notebook: SourceNotebook, position: int, cell: Any) -> Iterator[str]:
    part = role(cell)
    if part == Role.TEST and cell.metadata.nbgrader.get("locked") is not True:
        yield notebook.fault(position, "an unlocked test cell", '"locked": true')
    if part in (Role.TEST, Role.SOLUTION) and cell.cell_type != "code":
        yield notebook.fault(position, f"a {part.value} cell of type {cell.cell_type}", "a code cell")
    if part == Role.TASK and cell.cell_type != "markdown":
        yield notebook.fault(position, f"a task cell of type {cell.cell_type}", "a markdown cell")


def duplicate_faults(notebook: SourceNotebook) -> Iterator[str]:
    seen: dict[str, int] = {}
    for position, cell in enumerate(notebook.cells):
        name = grade_id(cell)
        if name and name in seen:
            yield notebook.fault(position, f"the id of cell number {seen[name] + 1} again", "an id of its own")
        seen.setdefault(name, position)


def region_faults(notebook: SourceNotebook, position: int, cell: Any) -> Iterator[str]:
    found = {region.kind for region in regions(cell.source)}
    part = role(cell)
    for kind in sorted(found):
        allowed, expected = HOMES[kind]
        if part not in allowed:
            yield notebook.fault(position, f'"### BEGIN {kind}" in a {part.value} cell', expected)
    if part == Role.TEST and HIDDEN not in found:
        yield notebook.fault(
            position, "a test cell without hidden region", '"### BEGIN HIDDEN TESTS" around the mark line'
        )
    answered = part == Role.SOLUTION or (part == Role.MANUAL and cell.cell_type == "code")
    if answered and SOLUTION not in found:
        yield notebook.fault(position, "a solution cell without region", '"### BEGIN SOLUTION" around the answer')


def syntax_faults(notebook: SourceNotebook, position: int, cell: Any) -> Iterator[str]:
    try:
        parse_cell(cell.source)
    except SyntaxError as error:
        yield notebook.fault(position, f"code that does not parse ({error.msg}, line {error.lineno})", "Python")
        return
    if role(cell) != Role.TEST:
        return
    problems = [tail_problem(cell.source)]
    try:
        problems.append(tail_problem(public_text(cell.source)))
    except SyntaxError as error:
        yield notebook.fault(
            position, f"public lines that do not parse alone ({error.msg})", "Python without the region"
        )
    for problem in dict.fromkeys(filter(None, problems)):
        yield notebook.fault(position, problem, "an assert or a mark: stock nbgrader reads this value as full marks")


def unit_faults(unit: str, notebooks: list[SourceNotebook], keys: Mapping[str, Any]) -> Iterator[str]:
    """Faults between the notebooks of a unit, and between notebooks and answer keys.

    Args:
        unit: id of the unit.
        notebooks: without `cell_faults`.
        keys: answer keys of the unit by exercise, without the unit's name.
    """
    yield from shared_id_faults(notebooks)
    tested = set()
    for notebook in notebooks:
        answers = {grade_id(cell): position for position, cell in notebook.of_role(Role.SOLUTION)}
        for position, cell in notebook.of_role(Role.TEST):
            exercise = grade_id(cell).removeprefix("test_")
            tested.add(exercise)
            yield from exercise_faults(notebook, position, cell, keys.get(exercise), answers.get(exercise))
    for exercise in sorted(set(keys) - tested):
        got = "an answer key without exercise"
        yield f"solutions/{unit}/{exercise}.py: got {got}, expected a test cell test_{exercise} in source/{unit}/."
    total = sum(points(cell) for notebook in notebooks for cell in notebook.cells)
    if not math.isclose(total, UNIT_POINTS):
        yield f"source/{unit}: got {total:g} points, expected {UNIT_POINTS} over the notebooks of the unit."


def shared_id_faults(notebooks: list[SourceNotebook]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for notebook in notebooks:
        for position, cell in notebook.of_role(Role.TEST, Role.SOLUTION, Role.MANUAL, Role.TASK):
            name = grade_id(cell)
            if seen.get(name, notebook.file) != notebook.file:
                yield notebook.fault(position, f"an id that {seen[name]} uses", "an id of its own in the unit")
            seen.setdefault(name, notebook.file)


def exercise_faults(notebook: SourceNotebook, position: int, cell: Any, key: Any, answer: int | None) -> Iterator[str]:
    name = grade_id(cell)
    exercise = f"{notebook.unit}/{name.removeprefix('test_')}"
    if not name.startswith("test_"):
        yield notebook.fault(position, f"a test cell called {name}", f"test_{name} for the exercise {name}")
        return
    if answer is None or answer > position:
        yield notebook.fault(position, "a test without answer", f"a solution cell {name[5:]} before it")
    hidden = "\n".join(line for r in regions(cell.source) if r.kind == HIDDEN for line in r.lines(cell.source))
    marked = marked_exercises(hidden)
    if marked != [exercise]:
        got = ", ".join(f'mark("{m}", …)' for m in marked) or "no mark line"
        yield notebook.fault(position, got, f'one line mark("{exercise}", …) in the hidden region')
    if marked_exercises(public_text(cell.source)):
        yield notebook.fault(position, "a mark line that students see", "it in the hidden region alone")
    if key is None:
        yield notebook.fault(position, "an exercise without answer key", f"solutions/{exercise}.py")
        return
    weight = sum(part.weight for part in key.parts)
    if not math.isclose(weight, points(cell)):
        yield notebook.fault(position, f"{points(cell):g} points", f"{weight:g}, the sum of its key's weights")
