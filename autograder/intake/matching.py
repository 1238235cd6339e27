"""Which of a student's cells belongs to which of the lecturer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.cells import Role, grade_id, role
from autograder.intake.definitions import defined_names
from autograder.intake.parse import StudentCell
from autograder.intake.reading import shown

__all__ = ["Extra", "Match", "joined", "match", "same_text"]


@dataclass(frozen=True)
class Extra:
    """A cell that the student added, and where: after the released cell `after`, "" for the top.

    `beside` is "before" or "after" when the cell is a piece of the answer `after`, otherwise "".
    """

    cell: StudentCell
    after: str
    beside: str = ""


@dataclass
class Match:
    """What was found in a submission.

    Args:
        answers: the student's text for an answer cell; absent where there is none.
        extras: cells that the student added, in the student's order.
        known: grade_ids of released cells that the submission holds, in the student's order.
        notes: for the student.
    """

    answers: dict[str, StudentCell] = field(default_factory=dict)
    extras: list[Extra] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def joined(source: str | list[str]) -> str:
    """A cell's text, which the notebook format also allows as a list of lines."""
    return source if isinstance(source, str) else "".join(source)


def same_text(a: str, b: str) -> bool:
    """Equal but for white space at the ends of lines and of the text."""
    return [x.rstrip() for x in a.strip().split("\n")] == [y.rstrip() for y in b.strip().split("\n")]


def match(base: Sequence[dict[str, Any]], stubs: dict[str, str], cells: Sequence[StudentCell]) -> Match:
    """Find the student's answers and added cells.

    Args:
        base: the lecturer's cells.
        stubs: the released text of every cell that has a grade_id.
        cells: the student's cells.
    """
    roles = {grade_id(cell): role(cell) for cell in base}
    names = _names(base, cells)
    found = Match()
    copies: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        if name:
            copies.setdefault(name, []).append(position)
    found.known = list(copies)
    kept = {name: _choose(name, roles[name], copies[name], cells, stubs, found) for name in copies}
    _collect_extras(names, kept, cells, stubs, found)
    _note_unknown_ids(names, cells, stubs, found)
    _note_order(base, found)
    return found


def _names(base: Sequence[dict[str, Any]], cells: Sequence[StudentCell]) -> list[str]:
    """For each of the student's cells the released cell's grade_id, or "".

    An editor may have dropped nbgrader's metadata: then the cell's own id tells, if nothing else claims the name.
    """
    by_cell_id = {str(cell.get("id", "")): grade_id(cell) for cell in base if cell.get("id")}
    released = {grade_id(cell) for cell in base}
    claimed = {cell.grade_id for cell in cells}
    names = []
    for cell in cells:
        name = cell.grade_id if cell.grade_id in released else ""
        if not name:
            by_id = by_cell_id.get(cell.cell_id, "")
            name = by_id if by_id not in claimed else ""
        names.append(name)
    return names


def _choose(
    name: str, part: Role, positions: list[int], cells: Sequence[StudentCell], stubs: dict[str, str], found: Match
) -> int:
    """Position of the copy that stands for the released cell."""
    stub = stubs.get(name, "")
    if part in (Role.SOLUTION, Role.MANUAL):
        chosen = _answer(positions, cells, stub)
        found.answers[name] = cells[chosen]
        if len(positions) > 1:
            found.notes.append(_copies_note(name, len(positions)))
        return chosen
    unchanged = [p for p in positions if same_text(cells[p].source, stub)]
    if unchanged:
        return unchanged[0]
    found.notes.append(f"The locked cell {name} was changed in your notebook; the released text was used.")
    return positions[0]


def _copies_note(name: str, count: int) -> str:
    return f"The cell {name} is {count} times in your notebook: the last edited copy counts, other edited ones ran too."


def _answer(positions: list[int], cells: Sequence[StudentCell], stub: str) -> int:
    """Of several copies the last edited one that defines what the stub defines, else the last edited, else the last."""
    edited = [p for p in positions if not same_text(cells[p].source, stub)]
    wanted = defined_names(stub)
    defining = [p for p in edited if wanted & defined_names(cells[p].source)]
    return (defining or edited or positions)[-1]


def _collect_extras(
    names: list[str], kept: dict[str, int], cells: Sequence[StudentCell], stubs: dict[str, str], found: Match
) -> None:
    """The student's other cells: copies that say something of their own, and cells that were added."""
    anchor = ""
    seen: set[tuple[str, str]] = set()
    for position, (name, cell) in enumerate(zip(names, cells, strict=True)):
        if not name:
            found.extras.append(Extra(cell, anchor))
        elif position == kept[name]:
            anchor = name
        elif (name, cell.source) not in seen and not _repeats(cell, cells[kept[name]], stubs.get(name, "")):
            seen.add((name, cell.source))
            beside = "before" if position < kept[name] else "after"
            found.extras.append(Extra(cell, name, beside) if name in found.answers else Extra(cell, anchor))


def _repeats(cell: StudentCell, chosen: StudentCell, stub: str) -> bool:
    """A copy that adds nothing to the chosen one."""
    return same_text(cell.source, chosen.source) or same_text(cell.source, stub)


def _note_unknown_ids(names: list[str], cells: Sequence[StudentCell], stubs: dict[str, str], found: Match) -> None:
    unknown = [c.grade_id for name, c in zip(names, cells, strict=True) if not name and c.grade_id]
    unknown = [name for name in unknown if name not in stubs]
    for name in unknown:
        found.notes.append(f"The cell id {shown(name)} is not one of this notebook: that cell ran as one of your own.")


def _note_order(base: Sequence[dict[str, Any]], found: Match) -> None:
    if [n for n in map(grade_id, base) if n in set(found.known)] != found.known:
        found.notes.append("The released cells were put back in their released order.")
