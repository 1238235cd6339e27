"""Tells the student, in the notebook, before the GPU is taken back.

An IPython extension, loaded by the kernelspec of the GPU kernel. The notice appears below the cell that ran last: that
is where the student looks, and it is saved with the notebook.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

__all__ = ["IdleNotice", "load_ipython_extension"]

WARN_MINUTES = 5.0
WARN = (
    "\nGPU: nothing has run in this notebook for {idle}. In {left} its GPU goes to the next student and the kernel "
    "is shut down. Run any cell to keep it.\n"
)
TAKEN = (
    "\nGPU: taken back, because nothing ran here for {idle}. The kernel was shut down: variables are gone, the "
    'notebook is not. To go on: Kernel > Restart Kernel, or Kernel > Change Kernel > "Python (course, CPU)".\n'
)


def duration(seconds: float) -> str:
    """`30 minutes`, `45 seconds`."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes"


class IdleNotice:
    """Measures how long no cell has run, and speaks up."""

    def __init__(self, idle_seconds: float) -> None:
        self.limit = idle_seconds
        self.warn = min(WARN_MINUTES * 60, idle_seconds / 3)
        self.running = False
        self.active = time.monotonic()
        self.header: dict[str, Any] = {}
        self.changed = threading.Condition()

    def before(self, *_: object) -> None:
        with self.changed:
            self.running = True
            self.changed.notify()

    def after(self, *_: object) -> None:
        """A cell has ended: the time starts again, and notices go below this cell."""
        with self.changed:
            self.running, self.active = False, time.monotonic()
            self.header = dict(getattr(sys.stderr, "parent_header", {}))
            self.changed.notify()

    def quiet_until(self, moment: float) -> bool:
        """Wait for the moment; False when a cell ran in between."""
        active = self.active
        while (left := moment - time.monotonic()) > 0:
            self.changed.wait(left)
            if self.running or self.active != active:
                return False
        return not self.running

    def run(self) -> None:
        """Warn, then say that it is over; once for each time that the notebook falls idle."""
        with self.changed:
            while True:
                while self.running:
                    self.changed.wait()
                if not self.quiet_until(self.active + self.limit - self.warn):
                    continue
                self.say(WARN.format(idle=duration(self.limit - self.warn), left=duration(self.warn)))
                if self.quiet_until(self.active + self.limit):
                    self.say(TAKEN.format(idle=duration(self.limit)))
                    self.changed.wait()

    def say(self, text: str) -> None:
        """Print below the cell that ran last."""
        if hasattr(sys.stderr, "set_thread_parent"):
            # Jupyter takes a message that answers an execution for activity: this one must not count as such.
            sys.stderr.set_thread_parent({"header": {**self.header, "msg_type": "kernel_info_request"}})
        print(text, file=sys.stderr, flush=True)


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython when the kernel starts."""
    minutes = float(os.environ.get("DLMATH_GPU_IDLE_MINUTES") or 0)
    if minutes <= 0:
        return
    notice = IdleNotice(minutes * 60)
    shell.events.register("pre_run_cell", notice.before)
    shell.events.register("post_run_cell", notice.after)
    threading.Thread(target=notice.run, name="gpu-notice", daemon=True).start()
