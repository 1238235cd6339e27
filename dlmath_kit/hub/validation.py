"""Validations under way: the checker's process, what it told so far, its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlmath_kit.hub.errors import Refusal

__all__ = ["Validation", "Validations"]

log = logging.getLogger(__name__)
CELL_SECONDS = 60
ALL_SECONDS = 900
LINE = 2**20  # bytes of one event


@dataclass
class Validation:
    """One run of a unit's visible checks.

    Args:
        unit: its name.
        notebooks: in order, what was told of each: cells, done, problem, notes, exercises.
        state: running, done, stopped, failed.
        message: a sentence where the run did not end well.
    """

    unit: str
    notebooks: dict[str, dict[str, Any]]
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: str = "running"
    message: str = ""
    task: asyncio.Task[None] | None = None

    def hear(self, event: dict[str, Any]) -> None:
        """Take in one event of the checker."""
        if event["event"] == "end":
            self.state = "done"
            return
        if event["event"] == "fault":  # ours: it goes to the log, and the run ends as failed
            log.error("validation of %s: %s", self.unit, event["text"])
            return
        notebook = self.notebooks[event.pop("notebook", None) or self._current()]
        match event.pop("event"):
            case "start":
                notebook["cells"] = event["cells"]
            case "cell":
                notebook["done"] = event["index"]
            case "notebook":
                notebook.update(done=notebook["cells"], finished=True, **event)
            case "exercise":
                notebook["exercises"].append(event)

    def _current(self) -> str:
        return next((n for n, b in self.notebooks.items() if not b["finished"]), next(iter(self.notebooks)))

    def document(self) -> dict[str, Any]:
        """For the page."""
        done = sum(n["done"] / n["cells"] if n["cells"] else float(n["finished"]) for n in self.notebooks.values())
        return {
            "unit": self.unit,
            "state": self.state,
            "message": self.message,
            "begun": self.begun.isoformat(),
            "progress": round(done / max(len(self.notebooks), 1), 3),
            "notebooks": [{"name": name, **told} for name, told in self.notebooks.items()],
        }


class Validations:
    """The last validation of each unit; at most one runs at a time, a student has one machine."""

    def __init__(self) -> None:
        self._last: dict[str, Validation] = {}

    def get(self, unit: str) -> Validation | None:
        """The last validation of a unit."""
        return self._last.get(unit)

    def start(self, unit: str, folder: Path, notebooks: list[dict[str, str]]) -> Validation:
        """Start checking; where this unit is already being checked, that run is the answer."""
        busy = next((v for v in self._last.values() if v.state == "running"), None)
        if busy and busy.unit == unit:
            return busy
        if busy:
            raise Refusal(f"Another unit, {busy.unit}, is still being validated. Wait until that is done, or stop it.")
        told = {n["name"]: {"cells": 0, "done": 0, "finished": False, "exercises": []} for n in notebooks}
        run = self._last[unit] = Validation(unit, told)
        order = {"folder": str(folder), "seconds": CELL_SECONDS, "notebooks": notebooks}
        run.task = asyncio.get_running_loop().create_task(_follow(run, order))
        return run

    async def stop(self, unit: str) -> None:
        """End a run; its kernel goes with it."""
        run = self._last.get(unit)
        if run and run.task and not run.task.done():
            run.state, run.message = "stopped", "You stopped the validation."
            run.task.cancel()
            await asyncio.wait([run.task])


async def _follow(run: Validation, order: dict[str, Any]) -> None:
    """Start the checker and hear it out."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "dlmath_kit.hub.checker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a student's code may print there without end
        limit=LINE,
    )
    try:
        async with asyncio.timeout(ALL_SECONDS):
            await _hear(run, process, order)
    except TimeoutError:
        run.state, run.message = (
            "stopped",
            f"It took more than {ALL_SECONDS // 60} minutes and was stopped.",
        )
    except (OSError, ValueError, KeyError):
        log.exception("validation of %s", run.unit)
    finally:
        await _end(process)
        if run.state == "running":
            run.state = "failed"
            run.message = "The checks stopped unexpectedly: perhaps this server ran out of memory. Try again."


async def _hear(run: Validation, process: asyncio.subprocess.Process, order: dict[str, Any]) -> None:
    assert process.stdin and process.stdout  # both were asked for
    process.stdin.write(json.dumps(order).encode())
    process.stdin.close()
    async for line in process.stdout:
        run.hear(json.loads(line))


async def _end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM first: the checker then ends its kernel."""
    for stop in (process.terminate, process.kill):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 10)
