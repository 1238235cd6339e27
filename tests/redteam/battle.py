"""A graded class of attackers and honest students, and everything that they and their readers get to see of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.course import Course
from autograder.record import results
from autograder.results import SubmissionResult
from tests.redteam import ordinary
from tests.redteam.attack import Attack
from tests.redteam.course import UNIT, canaries
from tests.redteam.fight import fighters

__all__ = ["Battle", "Combination", "fought"]


class Combination(str):
    """A level of isolation and the user that grades: "landlock, ordinary"."""

    @property
    def level(self) -> str:
        return self.split(", ")[0]

    @property
    def user(self) -> str:
        """ "root" or "ordinary"."""
        return self.split(", ")[1]


class Battle:
    """What one combination led to.

    Attributes:
        outcome: what the grading process said, see `tests.redteam.fight`.
        record: pytest's `record_property` of the test that runs.
    """

    def __init__(self, folder: Path, how: Combination, all_of_them: bool) -> None:
        self.how = how
        self.record: Callable[[str, object], None] = lambda name, value: None
        self.course = Course.at(folder / "course")
        self.outcome: dict[str, Any] = json.loads((folder / "outcome.json").read_text())
        self.results: dict[str, SubmissionResult] = {e.result.student: e.result for e in results(self.course, UNIT)}
        self.secrets = canaries(self.course)
        self.fighters = fighters(how.level, self.outcome["uid"], all_of_them)

    def told(self, student: str) -> str:
        """Everything that a student can read: the pages, and what the student's own cells left in the notebook."""
        pages = [p.read_text(errors="replace") for p in _files(self.course.feedback / student)]
        others = [p for p in _files(self.course.autograded / student) if p.suffix != ".ipynb"]
        names = [str(p.relative_to(self.course.autograded)) for p in others]
        kept = [p.read_text(errors="replace") for p in others]
        return "\n".join([*pages, *names, *kept, json.dumps(self.outputs(student))])

    def outputs(self, student: str) -> list[Any]:
        """What the notebook's cells printed, and what was stored beside them."""
        path = self.course.autograded / student / UNIT / "attack.ipynb"
        cells = json.loads(path.read_bytes())["cells"] if path.is_file() else []
        return [(c.get("outputs"), c["metadata"]) for c in cells]

    def count(self, attack: Attack, what: str) -> None:
        """For the summary: "attempts", "gained", "learned" or "harmed"."""
        self.record("redteam", (str(self.how), attack.row, what))

    @cached_property
    def pages(self) -> dict[str, list[Path]]:
        """All pages by kind: feedback, the class page, and nbgrader's."""
        found = {"feedback": list(_files(self.course.feedback)), "report": [self.course.work / "report" / "class.html"]}
        return found | {kind: list(_files(self.course.work / "pages" / kind)) for kind in ("hub", "stock")}


@contextmanager
def fought(how: Combination, all_of_them: bool) -> Iterator[Battle]:
    """Let a process of its own grade the class; as an ordinary user where that is asked for.

    Not below pytest's folders, which other users may not enter.
    """
    uid = ordinary.UID if how.user == "ordinary" and os.getuid() == 0 else os.getuid()
    with tempfile.TemporaryDirectory(prefix="redteam-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for path in (folder, folder / "home", folder / "tmp"):
            path.mkdir(exist_ok=True)
            path.chmod(0o711)
            os.chown(path, uid, uid if uid != os.getuid() else -1)
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "XDG", "JUPYTER"))},
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PYTHONPATH": str(ordinary.ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_PASSWORD": "CANARY-environment",
        }
        words = [
            sys.executable,
            "-m",
            "tests.redteam.fight",
            str(folder),
            how.level,
            str(uid),
            "all" if all_of_them else "some",
        ]
        with open(folder / "log", "wb") as log:
            done = subprocess.run(words, cwd=ordinary.ROOT, env=environment, stdout=log, stderr=log, check=False)
        assert done.returncode == 0, (folder / "log").read_text(errors="replace")[-6000:]
        yield Battle(folder, how, all_of_them)
        if keep := os.environ.get("REDTEAM_KEEP"):  # for a look at what went wrong
            shutil.copytree(folder / "course", Path(keep) / str(how), symlinks=True, dirs_exist_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.is_file())
