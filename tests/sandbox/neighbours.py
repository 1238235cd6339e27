"""Two submissions of one ordinary user, of which one is a bomb: `python -m tests.sandbox.neighbours LEVEL FOLDER`."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path

from autograder.sandbox import CellOutcome, Limits, Sandbox, Session
from tests.redteam import ordinary

LIMITS = Limits(processes=32)
FORKS = """
import os, time
end = time.monotonic() + 8
while time.monotonic() < end:
    try: os.fork()
    except OSError: pass
"""
POLITE = "import subprocess\nstarted = [subprocess.Popen(['sleep', '60']) for _ in range(40)]"
THREADS = "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
FIRST = "import os\ndef parent(): return os.getppid()\nprint(os.getpid())"


def main() -> None:
    """Print who answers beside a fork bomb, and how each bomb ends."""
    level, folder = sys.argv[1], Path(sys.argv[2])
    if os.getuid() == 0:
        folder.chmod(0o777)
        for parent in folder.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
        ordinary.become(ordinary.UID)
    tempfile.tempdir = str(folder)
    os.environ["HOME"] = str(folder)
    with Sandbox(isolation=level, limits=LIMITS, heavy=()) as box:
        with box.session() as other, box.session() as bomber:  # the one that begins first may start the fewest
            first = other.run_cell(FIRST).outputs[0]["text"]
            outcomes: list[CellOutcome] = []
            running = threading.Thread(target=lambda: outcomes.append(bomber.run_cell(FORKS)))
            running.start()
            running.join(1.0)
            with other.fork() as branch:
                same = f"{branch.get('parent')()}\n" == first
            print("answered by", "a fork of the first process" if same else "another process")
            running.join()
        outcomes += [_alone(box.session(), bomb) for bomb in (POLITE, THREADS)]
    for outcome in outcomes:
        print(outcome.status, outcome.error, sep="\n")


def _alone(session: Session, bomb: str) -> CellOutcome:
    with session:
        return session.run_cell(bomb)


if __name__ == "__main__":
    main()
