"""source/unit/*.py -> source/unit/*.ipynb."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from autograder.build.checks import cell_faults, unit_faults
from autograder.build.keys import unit_keys
from autograder.build.leaks import PrivateLine, leaks, private_lines
from autograder.build.markers import public_text
from autograder.build.testcells import points_comment, with_points_comment
from autograder.build.text import SourceNotebook, notebook_bytes, read_notebook
from autograder.cells import Role, grade_id, points
from autograder.course import Course
from autograder.errors import BuildError
from autograder.files import write_whole

__all__ = ["BuiltNotebook", "BuiltUnit", "Checked", "Progress", "build", "check", "read_unit", "write"]

Progress = Callable[[int, int, str], None]  # done, total, what is next
Checked = dict[str, list[SourceNotebook]]  # by unit


class BuiltNotebook(msgspec.Struct, frozen=True, kw_only=True):
    """One notebook that `build` wrote, or found as it should be."""

    name: str  # without suffix
    path: str  # relative to the course
    cells: int
    exercises: tuple[str, ...]  # "unit02_logistic/softmax", in the notebook's order
    points: float
    changed: bool  # False when the file was there already, byte for byte


class BuiltUnit(msgspec.Struct, frozen=True, kw_only=True):
    """One unit that `build` found sound."""

    unit: str
    points: float
    notebooks: tuple[BuiltNotebook, ...]


def build(
    course: Course, units: Sequence[str] = (), *, dry_run: bool = False, progress: Progress | None = None
) -> list[BuiltUnit]:
    """Check the units and write their notebooks; nothing is written when one of them has a fault.

    Args:
        course: where `source/` and `solutions/` are.
        units: ids of units; all of them when empty.
        dry_run: check and say what would change, write nothing.
        progress: told the number of units done, their total, and the unit that comes next.

    Raises:
        BuildError: one line per fault, `file, cell id: got X, expected Y.`
    """
    return write(course, check(course, units, progress), dry_run)


def check(course: Course, units: Sequence[str] = (), progress: Progress | None = None) -> Checked:
    """The notebooks of each unit, ready to be written; BuildError with the faults of all units."""
    chosen = course.choose(tuple(units))
    checked: Checked = {}
    faults = []
    for number, unit in enumerate(chosen):
        if progress:
            progress(number, len(chosen), unit)
        try:
            checked[unit] = checked_unit(course, unit)
        except BuildError as error:
            faults.append(str(error))
    if faults:
        raise BuildError("\n".join(faults))
    return checked


def write(course: Course, checked: Checked, dry_run: bool = False) -> list[BuiltUnit]:
    """Write what `check` found sound beside its text."""
    return [written_unit(course, unit, notebooks, dry_run) for unit, notebooks in checked.items()]


def read_unit(course: Course, unit: str) -> list[SourceNotebook]:
    """The notebooks of a unit as their authors wrote them."""
    folder = course.source / unit
    read, faults = [], []
    for path in sorted(folder.glob("*.py")):
        try:
            read.append(read_notebook(path, course.home))
        except BuildError as error:
            faults.append(str(error))
    names = {p.stem for p in folder.glob("*.py")}
    for stray in sorted(p for p in folder.glob("*.ipynb") if p.stem not in names):
        got = f"source/{unit}/{stray.name}: got a notebook without text"
        faults.append(f"{got}, expected {stray.stem}.py: `jupytext --to py:percent {stray.name}`, or remove it.")
    if faults:
        raise BuildError("\n".join(faults))
    return read


def checked_unit(course: Course, unit: str) -> list[SourceNotebook]:
    """The notebooks of a unit with the comments that name the parts; BuildError when it is not sound."""
    notebooks = read_unit(course, unit)
    faults = [fault for notebook in notebooks for fault in cell_faults(notebook)]
    if not faults:
        keys, faults = unit_keys(course, unit)
        faults += [] if faults else unit_faults(unit, notebooks, keys)
    if not faults:
        private = [line for notebook in notebooks for line in private_lines(notebook)]
        faults = list(public_leaks(private, notebooks))
    if faults:
        raise BuildError("\n".join(faults))
    return [commented(notebook, keys) for notebook in notebooks]


def public_leaks(private: list[PrivateLine], notebooks: list[SourceNotebook]) -> Iterator[str]:
    """Private lines that stand outside of every region of the source."""
    for notebook in notebooks:
        texts = (
            (notebook.place(position), public_text(cell.source))
            for position, cell in enumerate(notebook.cells)
            if position not in {p for p, _ in notebook.of_role(Role.MANUAL)}
        )
        yield from leaks(private, texts)


def commented(notebook: SourceNotebook, keys: dict[str, Any]) -> SourceNotebook:
    node = copy.deepcopy(notebook.node)
    for position, cell in notebook.of_role(Role.TEST):
        parts = keys[grade_id(cell).removeprefix("test_")].parts
        node.cells[position].source = with_points_comment(cell.source, points_comment(points(cell), parts))
    return SourceNotebook(notebook.unit, notebook.name, notebook.file, node)


def written_unit(course: Course, unit: str, notebooks: list[SourceNotebook], dry_run: bool) -> BuiltUnit:
    built = tuple(written_notebook(course, notebook, dry_run) for notebook in notebooks)
    return BuiltUnit(unit=unit, points=sum(n.points for n in built), notebooks=built)


def written_notebook(course: Course, notebook: SourceNotebook, dry_run: bool) -> BuiltNotebook:
    path: Path = course.source / notebook.unit / f"{notebook.name}.ipynb"
    data = notebook_bytes(notebook.node)
    changed = not path.is_file() or path.read_bytes() != data
    if changed and not dry_run:
        write_whole(path, data)
    tests = notebook.of_role(Role.TEST)
    return BuiltNotebook(
        name=notebook.name,
        path=path.relative_to(course.home).as_posix(),
        cells=len(notebook.cells),
        exercises=tuple(f"{notebook.unit}/{grade_id(cell).removeprefix('test_')}" for _, cell in tests),
        points=sum(points(cell) for cell in notebook.cells),
        changed=changed,
    )
