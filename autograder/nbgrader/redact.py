"""Feedback without secrets: what a student may read of a graded notebook.

Stock feedback prints test cells as they were run: hidden tests, traceback lines and assert messages.
Here a test cell shows the text that was released and what the marker says about the answer.
"""

from __future__ import annotations

from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode, v4
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme
from nbgrader.preprocessors.base import NbGraderPreprocessor

from autograder.cells import grade_id
from autograder.marking.kept import notes_of, sentences, stored_result

__all__ = ["Redact"]

NOT_PASSED = "This test did not pass."
NOT_SHOWN = "# The test is not shown."


class Redact(NbGraderPreprocessor):
    """Take hidden tests and marking schemes out of a notebook, and put the verdicts in.

    Comes after `GetGrades` among `GenerateFeedback.preprocessors`. It is safe by itself: it reads what
    our executor stored where it is there, and gives nothing away where a notebook was graded by another.
    """

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        for cell in nb.cells:
            if utils.is_grade(cell) and not utils.is_solution(cell):
                self._redact(cell)
            elif utils.is_task(cell):
                cell.source = self._released(cell) or ""
        notes = notes_of(nb)
        if notes:
            nb.cells.insert(0, _notes_cell(notes))
        return nb, resources

    def _redact(self, cell: NotebookNode) -> None:
        released = self._released(cell)
        secret = released != cell.source
        cell.source = NOT_SHOWN if released is None else released
        if cell.cell_type != "code":
            return
        result = stored_result(cell)
        lines = sentences(result) if result is not None else _lines_of(cell.outputs, secret)
        cell.outputs = [v4.new_output("stream", name="stdout", text="\n".join(lines) + "\n")] if lines else []

    def _released(self, cell: NotebookNode) -> str | None:
        """The cell's text as students received it; None when its markers are unbalanced."""
        node = v4.new_notebook(cells=[v4.new_code_cell(cell.source, metadata=cell.metadata)])
        node.cells[0].cell_type = cell.cell_type
        try:
            for preprocessor in (ClearHiddenTests, ClearMarkScheme):
                node, _ = preprocessor(parent=self.parent).preprocess(node, {})
        except Exception as fault:  # nbgrader raises RuntimeError; whatever it is, the text is not shown
            self.log.warning("cell %s: %s", grade_id(cell), fault)
            return None
        return str(node.cells[0].source)


def _lines_of(outputs: list[Any], secret: bool) -> list[str]:
    """What an output that another executor wrote may tell: never a traceback, and no text of a hidden test."""
    lines = []
    for output in outputs:
        if output.output_type == "error":
            lines.append(NOT_PASSED if secret else f"{NOT_PASSED} {output.ename}: {output.evalue}")
        elif output.output_type == "stream" and output.name == "stdout" and not secret:
            lines.append(output.text.rstrip())
    return lines


def _notes_cell(notes: list[str]) -> NotebookNode:
    cell = v4.new_raw_cell("\n".join(f"- {note}" for note in notes))
    cell.cell_type = "markdown"
    return cell
