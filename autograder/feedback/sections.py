"""The parts of a feedback page: what belongs to each graded cell of a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from autograder.cells import Role, grade_id, is_given, points, role
from autograder.feedback.code import highlighted
from autograder.feedback.marks import CellMark, NotebookMarks
from autograder.feedback.outputs import Pictures, outputs
from autograder.feedback.statements import markdown, plain, title
from autograder.record.answers import NO_RESPONSE, text
from autograder.results import ExerciseResult, NotebookResult, Verdict

__all__ = ["Section", "StudentCell", "sections"]

MAX_PROSE = 40_000  # characters of a student's markdown that are rendered on a page


@dataclass(frozen=True)
class StudentCell:
    """A cell that the student wrote, ready to be shown."""

    label: str
    body: Markup  # highlighted code, or rendered markdown
    outputs: Markup
    is_code: bool
    comment: str = ""


@dataclass
class Section:
    """One graded cell and what led up to it."""

    anchor: str
    title: str
    statement: Markup
    answers: list[StudentCell]
    mark: CellMark
    max_points: float
    exercise: ExerciseResult | None = None  # None: a person marks it
    written: bool = False
    checks: Markup = field(default_factory=Markup)  # outputs of the visible checks

    @property
    def state(self) -> str:
        """The word that the page's colours and icons hang on."""
        if self.mark.manual is not None and not self.mark.waits:
            return "MARKED"
        if self.exercise is not None:
            return "LEFT" if self.untouched else _verdict(self.exercise)
        return "WAITS" if self.mark.waits else "MARKED"

    @property
    def untouched(self) -> bool:
        """Whether the student wrote nothing: then what its parts did says nothing either."""
        return not self.mark.score and bool(self.answers) and all(a.comment == NO_RESPONSE for a in self.answers)

    @property
    def word(self) -> str:
        """The outcome in words where the state's own words say too little."""
        return "partly right" if self.state == Verdict.FAIL and self.mark.score > 0 else ""


def _verdict(exercise: ExerciseResult) -> str:
    broken = any(p.verdict is Verdict.BROKEN for p in exercise.parts)
    return Verdict.BROKEN if broken else exercise.verdict


def sections(notebook: dict[str, Any], result: NotebookResult, marks: NotebookMarks | None) -> Iterator[Section]:
    """The page's sections, in the notebook's order; a last one without points holds cells that follow the last test."""
    exercises = {e.cell: e for e in result.exercises}
    gathered = _Gathered(marks or NotebookMarks())
    for cell in notebook["cells"]:
        part, name = role(cell), grade_id(cell)
        if part in (Role.TEST, Role.MANUAL, Role.TASK):
            if part is not Role.TEST:
                gathered.add(cell)
            exercise = exercises.get(name)
            mark = _mark(name, exercise, marks, name in result.manual)
            yield gathered.section(name, mark, points(cell), exercise, part is not Role.TEST)
        else:
            gathered.add(cell)
    if gathered.answers:
        yield gathered.section("after", CellMark(), 0.0, None, False)


def _mark(name: str, exercise: ExerciseResult | None, marks: NotebookMarks | None, waits: bool) -> CellMark:
    if marks is not None and name in marks.cells:
        return marks.cells[name]
    return CellMark(auto=None if waits else exercise.points if exercise else 0.0, waits=waits)


class _Gathered:
    """Cells on the way to the next graded cell."""

    def __init__(self, marks: NotebookMarks) -> None:
        self.marks, self.pictures = marks, Pictures()
        self.prose_left = MAX_PROSE
        self._clear()

    def _clear(self) -> None:
        self.statement: list[str] = []
        self.answers: list[StudentCell] = []
        self.checks: list[str] = []

    def add(self, cell: dict[str, Any]) -> None:
        part, is_code, source = role(cell), cell["cell_type"] == "code", text(cell)
        if part in (Role.LOCKED, Role.TASK):
            if is_code:
                self.checks.append(outputs(cell, self.pictures))
            else:
                self.statement.append(source)
        elif source.strip() and not is_given(cell):
            name = grade_id(cell)
            comment = self.marks.cells[name].comment if name in self.marks.cells else ""
            body = highlighted(source) if is_code else self._prose(source)
            label = "Your answer" if part in (Role.SOLUTION, Role.MANUAL) else "A cell that you added"
            shown = outputs(cell, self.pictures) if is_code else ""
            self.answers.append(StudentCell(label, Markup(body), Markup(shown), is_code, comment))

    def _prose(self, source: str) -> str:
        """A student's markdown; what is beyond all measure is not rendered, which could take long."""
        self.prose_left -= len(source)
        return markdown(source) if self.prose_left >= 0 else plain(source)

    def section(
        self, name: str, mark: CellMark, worth: float, exercise: ExerciseResult | None, written: bool
    ) -> Section:
        headings = [t for t in map(title, self.statement) if t]
        fallback = "After the last exercise" if name == "after" else name.removeprefix("test_").replace("_", " ")
        made = Section(
            anchor=name,
            title=headings[-1] if headings else fallback,
            statement=Markup("".join(markdown(s) for s in self.statement)),
            answers=self.answers,
            mark=mark,
            max_points=worth,
            exercise=exercise,
            written=written,
            checks=Markup("".join(self.checks)),
        )
        self._clear()
        return made
