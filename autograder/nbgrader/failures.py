"""What nbgrader's settings make of cells that raise or take too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

from autograder.marking.kept import stored_result
from autograder.results import ExerciseResult, Verdict
from autograder.sandbox import CellOutcome, Session

__all__ = ["Watched"]


class Watched:
    """A session that remembers how the cells ended.

    Args:
        session: runs the cells.
        on_timeout: the error that nbgrader puts into a cell that took too long.
    """

    def __init__(self, session: Session, on_timeout: dict[str, Any]) -> None:
        self.session = session
        self._on_timeout = on_timeout
        self._failed: list[tuple[str, CellOutcome]] = []

    def run_cell(self, source: str, cell_id: str = "", keep: Sequence[str] = ()) -> CellOutcome:
        outcome = self.session.run_cell(source, cell_id, keep)
        if outcome.status == "timeout":
            kept = [o for o in outcome.outputs if o["output_type"] != "error"]
            outcome = CellOutcome(
                status="timeout",
                outputs=[*kept, {"output_type": "error", **self._on_timeout}],
                error=outcome.error,
                seconds=outcome.seconds,
            )
        if outcome.status != "ok":
            self._failed.append((source, outcome))
        return outcome

    def set_variable(self, name: str, value: str) -> None:
        """Give the student's process an environment variable."""
        self.session.run_cell(f"__import__('os').environ[{name!r}] = {value!r}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)

    def raise_first(self, cells: Sequence[NotebookNode], settings: Any) -> None:
        """Raise for the first cell whose failure the executor's settings do not allow."""
        failed = dict(reversed(self._failed))
        for cell in cells:
            result = stored_result(cell)
            if cell.cell_type == "code" and result is not None:
                _judge_test(cell, result, settings)
            elif cell.cell_type == "code" and cell.source in failed:
                _judge(cell, failed[cell.source], settings)


def _judge(cell: NotebookNode, outcome: CellOutcome, settings: Any) -> None:
    if outcome.status == "timeout":
        _judge_timeout(cell, outcome.error, settings)
    errors = [o for o in cell.outputs if o["output_type"] == "error"]
    error = errors[-1] if errors else {"ename": "Error", "evalue": outcome.error, "traceback": []}
    if not _allowed(cell, str(error["ename"]), settings):
        raise CellExecutionError.from_cell_and_msg(cell, dict(error))


def _judge_test(cell: NotebookNode, result: ExerciseResult, settings: Any) -> None:
    """A test of asserts that earned nothing is what an exception is in nbgrader; a key's marks are never an error."""
    if result.verdict is Verdict.TIMEOUT:
        _judge_timeout(cell, result.message, settings)
    if result.parts or result.points or result.verdict is Verdict.PASS:
        return
    if not _allowed(cell, "AssertionError", settings):
        error = {"ename": "AssertionError", "evalue": result.message, "traceback": []}
        raise CellExecutionError.from_cell_and_msg(cell, error)


def _judge_timeout(cell: NotebookNode, message: str, settings: Any) -> None:
    if not settings.interrupt_on_timeout:
        raise CellTimeoutError.error_from_timeout_and_cell(message, settings.timeout, cell)


def _allowed(cell: NotebookNode, name: str, settings: Any) -> bool:
    if settings.force_raise_errors:
        return False
    return bool(
        settings.allow_errors
        or name in settings.allow_error_names
        or "raises-exception" in cell.metadata.get("tags", [])
    )
