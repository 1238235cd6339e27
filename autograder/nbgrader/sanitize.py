"""nbgrader's first step in autograding, ours: rebuild the notebook before anything reads its flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors.base import NbGraderPreprocessor

from autograder.intake import read_file, rebuild
from autograder.intake.parse import MAX_NOTEBOOK_BYTES
from autograder.marking.kept import add_notes
from autograder.nbgrader.trusted import as_released, lecturers_notebook, released_order

__all__ = ["Rebuild"]


class Rebuild(NbGraderPreprocessor):
    """Put the student's text into the lecturer's notebook, as the gradebook stores it.

    Comes first among `Autograde.sanitize_preprocessors`, so that duplicated cells, forged flags, moved and
    deleted cells reach none of nbgrader's own preprocessors. With `--no-execute` the outputs in a submission are
    its marks, and nothing is rebuilt.
    """

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        if not _executes(self):
            self.log.warning("--no-execute: the marks are read from the outputs that the submission came with.")
            return nb, resources
        names = resources["nbgrader"]
        submitted = _submitted(nb, resources)
        with Gradebook(names["db_url"]) as gradebook:
            order = released_order(_places(self, names["assignment"]), names["notebook"]) or _own_order(nb)
            ours = lecturers_notebook(gradebook, names["assignment"], names["notebook"], order, nb.metadata)
        rebuilt = rebuild(as_released(ours, self), ours, submitted)
        for note in rebuilt.notes:
            self.log.warning("%s: %s", names["notebook"], note)
        node = nbformat.from_dict(rebuilt.notebook)
        add_notes(node, rebuilt.notes)
        return node, resources


def _executes(preprocessor: NbGraderPreprocessor) -> bool:
    section = preprocessor.config.get("Execute", {})
    return bool(section.get("enabled", True))


def _submitted(nb: NotebookNode, resources: ResourcesDict) -> bytes:
    """The submitted file's bytes, read again without following links; a notebook in memory where there is no file."""
    place = resources.get("metadata", {})
    if "path" not in place or "name" not in place:
        return nbformat.writes(nb).encode()
    return read_file(Path(place["path"]), f"{place['name']}.ipynb", MAX_NOTEBOOK_BYTES)


def _places(preprocessor: NbGraderPreprocessor, assignment: str) -> list[Path]:
    """Where the released notebook may lie, best first."""
    courses = CourseDirectory(parent=preprocessor)
    folders = (courses.release_directory, courses.source_directory)
    return [Path(courses.format_path(folder, ".", assignment)) for folder in folders]


def _own_order(nb: NotebookNode) -> list[str]:
    """grade_ids in the order of the submission, for a course that keeps neither release nor source here."""
    flags: list[Any] = [cell.metadata.get("nbgrader", {}) for cell in nb.cells]
    return [str(f.get("grade_id", "")) for f in flags if isinstance(f, dict)]
