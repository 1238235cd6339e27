"""What the gradebook says of a unit's submissions: scores, a lecturer's marks and comments."""

from __future__ import annotations

from collections import defaultdict

import msgspec
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import select

__all__ = ["CellMark", "NotebookMarks", "unit_marks"]


class CellMark(msgspec.Struct, kw_only=True):
    """One graded or commented cell of one submission."""

    auto: float | None = None
    manual: float | None = None
    extra: float = 0.0
    max_score: float = 0.0
    waits: bool = False
    comment: str = ""

    @property
    def score(self) -> float:
        """nbgrader's sum: a lecturer's score before ours, extra credit on top."""
        mark = self.manual if self.manual is not None else self.auto
        return 0.0 if mark is None else mark + self.extra


class NotebookMarks(msgspec.Struct, kw_only=True):
    """All marks of one submitted notebook."""

    cells: dict[str, CellMark] = {}  # by grade_id
    penalty: float = 0.0  # for handing in late


def unit_marks(gradebook: Gradebook, unit: str) -> dict[tuple[str, str], NotebookMarks]:
    """The marks of every submitted notebook of a unit, by student and notebook; a few statements for all."""
    db = gradebook.db
    marks: dict[tuple[str, str], NotebookMarks] = defaultdict(NotebookMarks)
    places = db.execute(
        select(
            SubmittedNotebook.id,
            SubmittedAssignment.student_id,
            Notebook.name,
            SubmittedNotebook.late_submission_penalty,
        )
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Notebook, SubmittedNotebook.notebook_id == Notebook.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .where(Assignment.name == unit)
    ).all()
    by_id = {}
    for place, student, notebook, penalty in places:
        by_id[place] = marks[student, notebook]
        by_id[place].penalty = penalty or 0.0
    worth: dict[str, float] = {}
    for table in (GradeCell.__table__, TaskCell.__table__):
        worth.update((cell, score) for cell, score in db.execute(select(table.c.id, table.c.max_score)))
    g, c, b = Grade.__table__.c, Comment.__table__.c, BaseCell.__table__.c
    grades = select(g.notebook_id, b.id, b.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade)
    of_unit = (
        select(SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .where(Assignment.name == unit)
    )
    for place, id, cell, auto, manual, extra, waits in db.execute(
        grades.join(BaseCell.__table__, g.cell_id == b.id).where(g.notebook_id.in_(of_unit))
    ):
        by_id[place].cells[cell] = CellMark(
            auto=auto, manual=manual, extra=extra or 0.0, max_score=worth.get(id, 0.0), waits=waits
        )
    comments = select(c.notebook_id, b.name, c.auto_comment, c.manual_comment)
    for place, cell, auto, manual in db.execute(
        comments.join(BaseCell.__table__, c.cell_id == b.id).where(c.notebook_id.in_(of_unit))
    ):
        by_id[place].cells.setdefault(cell, CellMark()).comment = manual or auto or ""
    return dict(marks)
