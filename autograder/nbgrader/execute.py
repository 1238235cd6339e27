"""nbgrader's executor, ours: the student's cells run in the sandbox, the tests in the marker."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import KernelManager
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode, from_dict
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute as StockExecute
from traitlets import Bool, Enum

from autograder.cells import Role, role
from autograder.course import Course
from autograder.errors import ConfigurationError, KeyFault
from autograder.intake import copy_files
from autograder.key import Key, load_key
from autograder.marking.kept import PLACE, add_notes, keep, stored_result
from autograder.marking.notebook import run_notebook
from autograder.marking.testcell import mark_line
from autograder.nbgrader.failures import Watched
from autograder.nbgrader.leftbehind import collect, keep_new
from autograder.nbgrader.sandboxes import limits_for, warm_sandbox
from autograder.nbgrader.trusted import gradebook_cells, is_trusted
from autograder.results import NotebookResult
from autograder.sandbox import Session
from autograder.sandbox.box import LEVELS
from autograder.sandbox.installation import needed

__all__ = ["Execute"]

NATIVE = frozenset({"python", "python3"})
SIGN = "NBGRADER_EXECUTION"  # nbgrader's environment variable: "autograde" or "validate"


class Execute(StockExecute):
    """Runs a notebook without giving it the tests.

    A cell is run by the marker only when its text, type and flags are the gradebook's to the letter, or when it is
    one `mark` line, which the answer key marks. Every other cell runs in the sandbox. So validating any notebook
    runs all of it in the sandbox, as stock nbgrader runs all of it in one kernel.

    `timeout`, `interrupt_on_timeout`, `error_on_timeout`, `allow_errors`, `allow_error_names`, `force_raise_errors`
    and `skip_cells_with_tag` mean what they mean in nbgrader. No kernel is started: settings of kernels
    (`extra_arguments`, `startup_timeout`, `iopub_timeout`, `timeout_func`, ...) apply to `stock_fallback` alone.
    """

    stock_fallback = Bool(
        False, help="Run notebooks in other languages than Python with nbgrader's own executor, unprotected."
    ).tag(config=True)
    isolation = Enum(("strongest", *LEVELS), "strongest", help="The sandbox's isolation.").tag(config=True)
    floor = Enum(LEVELS, "rlimits", help="Refuse to grade below this level of isolation.").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict | None = None, km: KernelManager | None = None
    ) -> tuple[NotebookNode, ResourcesDict]:
        resources = ResourcesDict() if resources is None else resources
        if not self._is_python(nb):
            return super().preprocess(nb, resources, km)
        document = self._prepared(nb, resources)
        with self._session(document, resources) as session:
            watched = Watched(session, self.error_on_timeout)
            if any(SIGN in c.source for c in nb.cells if role(c) in (Role.TEST, Role.LOCKED)):
                watched.set_variable(SIGN, os.environ.get(SIGN, ""))
            result, executed = self._run(document, watched, resources)
            if "nbgrader" in resources:
                keep_new(collect(session), _folder(resources))
        self._take_over(nb, executed, result)
        watched.raise_first(nb.cells, self)
        return nb, resources

    def _is_python(self, nb: NotebookNode) -> bool:
        """False when nbgrader's executor is to run the notebook; a kernel that nobody knows is refused."""
        spec = nb.metadata.get("kernelspec", {})
        name = self.kernel_name or spec.get("name", "python3")
        if name in NATIVE:
            return True
        try:
            language = KernelSpecManager(parent=self).get_kernel_spec(name).language
        except NoSuchKernel:
            language = ""
        if language.lower() in NATIVE:
            return True
        if self.stock_fallback:
            return False
        raise ConfigurationError(
            f"kernel: got {name!r} ({language or 'not installed'}), expected a Python kernel. Set "
            "c.Execute.stock_fallback = True to run such notebooks with nbgrader's own executor, unprotected."
        )

    def _prepared(self, nb: NotebookNode, resources: ResourcesDict) -> dict[str, Any]:
        """A copy in which cells that the marker must not run are ordinary cells, and skipped ones are no code."""
        trusted = _stored_cells(resources)
        document: dict[str, Any] = copy.deepcopy(nb)
        for cell in document["cells"]:
            if self.skip_cells_with_tag in cell["metadata"].get("tags", []):
                cell["cell_type"] = "raw"
            ours = role(cell) in (Role.TEST, Role.LOCKED)
            if ours and not is_trusted(cell, trusted) and not (role(cell) is Role.TEST and mark_line(cell["source"])):
                cell["metadata"] = {}
        return document

    @contextmanager
    def _session(self, document: dict[str, Any], resources: ResourcesDict) -> Iterator[Session]:
        """A fresh session with the data files beside the notebook; the notebooks there stay here."""
        course = self._course()
        library = tuple(course.library()) if course else ()
        heavy = needed(cell["source"] for cell in document["cells"])
        box = warm_sandbox(self.isolation, self.floor, limits_for(self.timeout), library, heavy)
        with tempfile.TemporaryDirectory(prefix="autograder-") as stage:
            copy_files(_folder(resources).resolve(), Path(stage))
            with box.session(files=Path(stage)) as session:
                yield session

    def _run(
        self, document: dict[str, Any], session: Watched, resources: ResourcesDict
    ) -> tuple[NotebookResult, dict[str, Any]]:
        names = resources.get("nbgrader", {})
        course = self._course()
        faults: list[str] = []
        outcome = run_notebook(
            document,
            session,
            unit=names.get("assignment", "notebook"),
            name=names.get("notebook", "notebook"),
            secret=course.secret() if course else b"",
            keys=_keys(course) if course else _no_keys,
            faults=faults,
        )
        for fault in faults:
            self.log.error("%s", fault)
        return outcome

    def _take_over(self, nb: NotebookNode, executed: dict[str, Any], result: NotebookResult) -> None:
        """Outputs, results and notes into the notebook."""
        keep(executed, result)
        add_notes(nb, result.notes)
        for cell, ran in zip(nb.cells, executed["cells"], strict=True):
            cell.metadata.pop(PLACE, None)
            if cell.cell_type != "code" or ran["cell_type"] != "code":
                continue
            cell.outputs = [from_dict(output) for output in ran["outputs"]]
            cell.execution_count = ran["execution_count"]
            if stored_result(ran) is not None:
                cell.metadata[PLACE] = from_dict(ran["metadata"][PLACE])

    def _course(self) -> Course | None:
        """The course around, if it is one of ours; any other course has no answer keys."""
        root = Path(CourseDirectory(parent=self).root)
        is_ours = (root / "source").is_dir() and (root / "solutions").is_dir()
        return Course.at(root) if is_ours else None


def _keys(course: Course) -> Callable[[str], Key]:
    return lambda exercise: load_key(course.solutions, exercise)


def _no_keys(exercise: str) -> Key:
    raise KeyFault(
        f"{exercise}: got no answer keys, expected a course with source/ and solutions/ around the notebook."
    )


def _stored_cells(resources: ResourcesDict) -> dict[str, dict[str, Any]]:
    """The gradebook's cells of the notebook that is autograded; none of any other notebook."""
    names = resources.get("nbgrader")
    if not names:
        return {}
    with Gradebook(names["db_url"]) as gradebook:
        try:
            return gradebook_cells(gradebook.find_notebook(names["notebook"], names["assignment"]))
        except MissingEntry:
            return {}


def _folder(resources: ResourcesDict) -> Path:
    return Path(resources.get("metadata", {}).get("path") or ".")
