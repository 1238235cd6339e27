"""What attacking tests share: run code in the sandbox and see what it could do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from autograder.sandbox.session import Session


def printed(session: Session, source: str) -> str:
    """What a cell printed, or what stopped it."""
    outcome = session.run_cell(source, "attack")
    streams = [o["text"] for o in outcome.outputs if o["output_type"] == "stream" and o["name"] == "stdout"]
    return "".join(streams).strip() or f"{outcome.status}: {outcome.error}"


def refused(session: Session, source: str) -> str:
    """The name of the exception that the code raises; "THROUGH" when it gets through."""
    indented = "\n".join("    " + line for line in source.splitlines())
    ending = "    print('THROUGH')\nexcept BaseException as e:\n    print(type(e).__name__)"
    return printed(session, f"try:\n{indented}\n{ending}")


def processes_with(mark: str) -> list[int]:
    """Processes of the whole machine that have `mark` in their command line."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as f:
                    if mark.encode() in f.read():
                        found.append(int(name))
            except OSError:
                continue
    return found


def until(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether the condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())
