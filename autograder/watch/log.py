"""`.autograder/log/RUN.jsonl`: what happened in a run, one JSON object a line.

Everything that is not ASCII is escaped: a name can neither begin a line of its own nor move a terminal's cursor.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from autograder.course import Course
from autograder.errors import AutograderError, UsageError

__all__ = ["RunLog", "brief", "log_folder", "open_log", "run_id"]

KEPT = 20  # runs
TEXT = 1000  # characters of a failure
_RUN = re.compile(r"\d{8}T\d{6}\.\d{6}Z-\d+")
_LOGIN = re.compile(r"(?<=://)[^/\s]*(?=@)")


class _Formatter(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(["asctime", "levelname"], rename_fields={"asctime": "time", "levelname": "level"})

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _Lines(logging.Handler):
    """A file, to which each line is added by one write: runs may share it.

    A log that cannot be written any more is told once, and stops nobody.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor, self._cut, self._failed = descriptor, False, False

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n".encode("ascii")
        try:
            written = os.write(self._descriptor, b"\n" + line if self._cut else line)
            self._cut = written < len(line)
        except OSError as fault:
            self._tell(fault.strerror or "")
        else:
            if self._cut:
                self._tell("no space for a whole line")

    def close(self) -> None:
        os.close(self._descriptor)
        super().close()

    def _tell(self, why: str) -> None:
        if not self._failed:
            self._failed = True
            print(_gone(why), file=sys.stderr)


class RunLog:
    """The log of one run.

    Args:
        run: its id; stands in each line.
        path: the file; "-" for stderr, "" for none.
    """

    def __init__(self, run: str, path: str, handler: logging.Handler) -> None:
        self.run, self.path = run, path
        self._began = time.monotonic()
        self._logger = logging.Logger(run)
        self._handler = handler
        handler.setFormatter(_Formatter())
        self._logger.addHandler(handler)

    def tell(self, event: str, level: int = logging.INFO, /, **facts: Any) -> None:
        """One line. `seconds_in` is the time since the log was opened, by a clock that is never set."""
        since = round(time.monotonic() - self._began, 6)
        self._logger.log(level, {"event": event, "run": self.run, "seconds_in": since, **facts})

    def close(self) -> None:
        self._handler.close()


def run_id() -> str:
    """Sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}"


def log_folder(course: Course) -> Path:
    return course.private / "log"


@contextmanager
def open_log(course: Course, command: str, where: str = "", run: str = "", **facts: Any) -> Iterator[RunLog]:
    """The log of a run from beginning to end; a failure is told in it and passed on.

    Args:
        where: a file to which the lines are added, or "-" for stderr; a file of its own in `.autograder/log/` if empty.
        facts: about the beginning.
    """
    run = run or run_id()
    path = where or str(log_folder(course) / f"{run}.jsonl")
    log = RunLog(run, "" if path == os.devnull else path, _handler(course, path, chosen=bool(where)))
    try:
        log.tell("began", command=command, process=os.getpid(), **facts)
        yield log
    except BaseException as fault:
        interrupted = isinstance(fault, KeyboardInterrupt)
        level = logging.WARNING if interrupted else logging.ERROR
        log.tell("interrupted" if interrupted else "failed", level, command=command, why=brief(fault))
        raise
    finally:
        log.close()


def _handler(course: Course, path: str, chosen: bool) -> logging.Handler:
    if path == "-":
        return logging.StreamHandler(sys.stderr)
    try:
        if not chosen:
            for folder in (course.private, log_folder(course)):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        if chosen:
            raise UsageError(f"--log: got {path}, expected a file that can be written ({fault.strerror}).") from None
        print(_gone(fault.strerror or ""), file=sys.stderr)
        return logging.NullHandler()
    if not chosen:
        _prune(log_folder(course))
    return _Lines(handle)


def _gone(why: str) -> str:
    return f"log: cannot be written ({why}); grading goes on without."


def _prune(folder: Path) -> None:
    """Remove the logs of all but the last runs, and nothing else that lies there."""
    logs = sorted(p for p in folder.glob("*.jsonl") if _RUN.fullmatch(p.stem))
    for path in logs[:-KEPT]:
        path.unlink(missing_ok=True)


def brief(fault: BaseException) -> str:
    """A failure in one line, without the login of a database.

    Of errors that are not ours only the first line: what follows may be a statement with its values.
    """
    text = str(fault) if isinstance(fault, AutograderError) else (str(fault).splitlines() or [""])[0]
    return f"{type(fault).__name__}: {_LOGIN.sub('***', text)}"[:TEXT]
