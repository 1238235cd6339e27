"""Grading for many lecturers at once: batches run in a process of their own, one after the other, seen by all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from autograder.hub.grading_runs import Run, remember, remembered
from autograder.hub.priority import AFTER_PAGES

__all__ = ["Board", "outside_environment"]

LINES = 60  # of what a batch says besides its progress


class Board:
    """The batches of one course: the one that runs, those that wait, and the last one of each unit.

    Used in one event loop, which never waits for grading: a batch is `python -m autograder grade`, whose progress is
    read line by line.

    Args:
        home: the course.
        memory: a file in which the last batches are kept, so that their results outlive the service.
        options: of the command line's group, before `grade`: `--database URL`.
        workers: processes of a batch; 0 leaves it to the batch.
        ended: told of each batch that has ended.
    """

    def __init__(
        self,
        home: Path,
        memory: Path,
        *,
        options: Sequence[str] = (),
        workers: int = 0,
        ended: Callable[[Run], None] = lambda run: None,
    ) -> None:
        self.home, self.memory, self.options, self.workers, self.ended = home, memory, tuple(options), workers, ended
        self.last = remembered(memory)
        self.running: Run | None = None
        self.waiting: list[Run] = []
        self.process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._ends: dict[int, asyncio.Event] = {}

    def press(self, unit: str, students: Sequence[str] = (), *, force: bool = False, who: str = "") -> Run:
        """Ask for grading: joins a batch that will do it already, or adds to one that waits, or makes a new one.

        Args:
            students: only these; the whole unit when left out.
            force: also what is unchanged.
        """
        wanted = Run(unit=unit, students=tuple(students), force=force, who=who)
        for run in filter(None, (self.running, *self.waiting)):
            if run.covers(wanted):
                return run
        for run in self.waiting:
            if run.takes(wanted):
                return run
        self.waiting.append(wanted)
        self._ends[wanted.number] = asyncio.Event()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())
        return wanted

    async def end_of(self, run: Run) -> Run:
        """The batch when it has ended."""
        if event := self._ends.get(run.number):
            await event.wait()
        return run

    def cancel(self, who: str = "") -> None:
        """Stop: what is in hand is finished and recorded, what waits is dropped; once more stops at once."""
        for run in self.waiting:
            run.finish("cancelled", f"Cancelled by {who}.")
            self._end(run)
        self.waiting.clear()
        if self.running and self.process and self.process.returncode is None:
            self.running.stopping = who or "somebody"
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGINT)

    def stop(self) -> None:
        """The service ends: the batch finishes what it has in hand by itself and records it."""
        if self.process and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)

    def view(self) -> dict[str, Any]:
        """What a page shows."""
        return {
            "running": self.running.shown() if self.running else None,
            "waiting": [run.shown() for run in self.waiting],
            "last": {unit: run.shown() for unit, run in self.last.items()},
        }

    async def _work(self) -> None:
        while self.waiting:
            self.running = self.waiting.pop(0)
            self.running.begin()
            try:
                await self._grade(self.running)
            except Exception as fault:
                self.running.finish("failed", f"The grader could not be started: {fault}")
            run, self.running, self.process = self.running, None, None
            self._end(run)

    async def _grade(self, run: Run) -> None:
        self.process = process = await asyncio.create_subprocess_exec(
            *self._command(run),
            cwd=self.home,
            env=outside_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C in the hub's terminal is not for the batch
        )
        assert process.stdout and process.stderr
        said: deque[str] = deque(maxlen=LINES)
        printed, _ = await asyncio.gather(process.stdout.read(), self._follow(run, process.stderr, said))
        run.read(await process.wait(), printed, list(said))

    def _command(self, run: Run) -> list[str]:
        words = [*AFTER_PAGES, sys.executable, "-m", "autograder", "--course", str(self.home), *self.options]
        words += ["--progress", "json", "grade", "--json"]
        words += ["--workers", str(self.workers)] if self.workers else []
        words += ["--force"] if run.force else []
        words += [f"--student={student}" for student in run.students]
        return [*words, "--", run.unit]

    async def _follow(self, run: Run, stream: asyncio.StreamReader, said: deque[str]) -> None:
        async for line in stream:
            try:
                news = msgspec.json.decode(line)
                run.news(int(news["done"]), int(news["total"]))
            except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
                said.append(line.decode("utf-8", "replace").rstrip())

    def _end(self, run: Run) -> None:
        self.last[run.unit] = run
        remember(self.memory, self.last)
        try:
            self.ended(run)
        finally:
            self._ends.pop(run.number).set()


def outside_environment() -> dict[str, str]:
    """This process's environment without what only the hub's service may know."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTERHUB_", "JPY_"))}
