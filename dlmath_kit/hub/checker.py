"""Runs the visible checks of notebooks, in a process of its own: `python -m dlmath_kit.hub.checker`.

Reads one JSON document from standard input, {"notebooks": [{"name", "student", "released"}], "folder", "seconds"}, and
writes one JSON event a line. The kernel is the one that the student works with, and runs nobody else's code.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from dlmath_kit.hub.cells import Exercise, Step, Unreadable, answers, exercises, program, read_cells, text_of
from dlmath_kit.hub.plain import explain_cell, explain_check, strip_colours

__all__ = ["main"]

KERNEL = "python3"
TIMEOUT: dict[str, Any] = {"ename": "CellTimeoutError", "evalue": "", "traceback": []}
Event = dict[str, Any]


def main() -> None:
    """Check what standard input names."""
    order = json.load(sys.stdin)
    # Kernels inherit descriptor 1: what a student's C code prints there must not be taken for our events.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**event: Any) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    try:
        for notebook in order["notebooks"]:
            asyncio.run(check(notebook, Path(order["folder"]), float(order["seconds"]), tell))
    except Exception:
        tell(event="fault", text=traceback.format_exc()[-4000:])
        raise
    tell(event="end")


async def check(notebook: Event, folder: Path, seconds: float, tell: Any) -> None:
    """Check one notebook and tell what came out, exercise by exercise."""
    name = notebook["name"]
    try:
        released = read_cells(Path(notebook["released"]))
        student = read_cells(Path(notebook["student"]))
    except Unreadable as fault:
        tell(event="notebook", notebook=name, problem=str(fault))
        return
    steps = program(released, student)
    tell(event="start", notebook=name, cells=len(steps))
    errors, problem = await _run(steps, kernel_of(Path(notebook["student"])), folder, seconds, tell)
    tell(event="notebook", notebook=name, problem=problem, notes=_notes(steps))
    for exercise in exercises(released):
        tell(event="exercise", notebook=name, **_verdict(exercise, released, student, errors))


def kernel_of(path: Path) -> str:
    """The kernel that the notebook asks for, if this server has it."""
    from jupyter_client.kernelspec import KernelSpecManager

    document = json.loads(path.read_bytes())
    spec = document.get("metadata", {}).get("kernelspec", {}) if isinstance(document.get("metadata"), dict) else {}
    name = spec.get("name") if isinstance(spec, dict) else None
    return name if isinstance(name, str) and name in KernelSpecManager().find_kernel_specs() else KERNEL


async def _run(steps: list[Step], kernel: str, folder: Path, seconds: float, tell: Any) -> tuple[dict[str, Event], str]:
    """Run the cells in order; the first error of each named cell, and a sentence if the kernel failed as a whole.

    A cell that was not reached has the error {"ename": ""}.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(step.source) for step in steps])
    client = NotebookClient(
        book,
        timeout=seconds,
        kernel_name=kernel,
        allow_errors=True,
        interrupt_on_timeout=True,
        error_on_timeout=TIMEOUT,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(folder)}},
    )
    errors: dict[str, Event] = {step.grade_id: {"ename": ""} for step in steps if step.grade_id}
    try:
        async with client.async_setup_kernel():
            for index, (step, cell) in enumerate(zip(steps, book.cells, strict=True)):
                tell(event="cell", index=index, id=step.grade_id)
                error = await _execute(client, cell, index)
                if step.grade_id:
                    _note_error(errors, step.grade_id, error)
    except DeadKernelError:
        return errors, "The kernel died while a cell ran: it ran out of memory or crashed. What came after was not run."
    except Exception as fault:
        return errors, f"The kernel could not be started: {strip_colours(str(fault)).strip()[:500]}"
    return errors, ""


async def _execute(client: Any, cell: Any, index: int) -> Event:
    """Run one cell; its error, {} where there is none. A cell that was interrupted for its time says so."""
    from nbclient.exceptions import CellTimeoutError

    begun = time.monotonic()
    try:
        await client.async_execute_cell(cell, index, store_history=True)
    except CellTimeoutError:
        return TIMEOUT
    error = next((dict(o) for o in reversed(cell.outputs) if o.output_type == "error"), {})
    if error.get("ename") == "KeyboardInterrupt" and time.monotonic() - begun >= client.timeout:
        return TIMEOUT
    return error


def _note_error(errors: dict[str, Event], name: str, error: Event) -> None:
    """A copied cell has the id of its original: the later one counts, as its definitions do."""
    if error:
        errors[name] = error
    else:
        errors.pop(name, None)


def _notes(steps: list[Step]) -> list[str]:
    changed = [step.grade_id for step in steps if step.restored]
    if not changed:
        return []
    which = ", ".join(changed[:5]) + (" and others" if len(changed) > 5 else "")
    return [f"Locked cells were changed or deleted ({which}). The original ones were used, as in grading."]


def _verdict(exercise: Exercise, released: list[Event], student: list[Event], errors: dict[str, Event]) -> Event:
    """State and sentence of one exercise."""
    state, message = _state(exercise, dict(answers(released)), dict(answers(student)), errors)
    return {
        "name": exercise.name,
        "title": exercise.title,
        "written": exercise.written,
        "state": state,
        "message": message,
    }


def _state(
    exercise: Exercise, stubs: dict[str, Event], mine: dict[str, Event], errors: dict[str, Event]
) -> tuple[str, str]:
    name = exercise.name
    stub, cell = stubs[name], mine.get(name)
    if exercise.written and cell is not None:
        same = text_of(cell).strip() in ("", text_of(stub).strip())
        return ("todo", "Not answered yet.") if same else ("written", "Answered. A person marks this one.")
    failed = [errors[check] for check in exercise.checks if check in errors]
    if cell is None and (failed or not exercise.checks):
        return "missing", (
            f'The cell "{name}" is no longer in your notebook. Rename the notebook, restore it on this page, '
            "and copy your other answers over."
        )
    if cell is not None and cell.get("cell_type") != stub.get("cell_type"):
        return "missing", f'The cell "{name}" is no longer a {stub.get("cell_type")} cell. Change its type back.'
    own = errors.get(name, {})
    if own.get("ename") == "" or any(e.get("ename") == "" for e in failed):
        return "unknown", "Not checked: the run stopped before it came here."
    if own and own.get("ename") != "NotImplementedError":
        return "error", explain_cell(own)
    if own or any(e.get("ename") == "NotImplementedError" for e in failed):
        return "todo", explain_cell(own) if own else explain_check(failed[0])
    if failed:
        return "failed", explain_check(failed[0])
    if exercise.checks:
        return "passed", "All visible checks passed."
    return "unchecked", "Ran without an error. This exercise has no visible check."


if __name__ == "__main__":
    main()
