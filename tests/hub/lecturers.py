"""A course with an exchange, and students who hand in through nbgrader's own submit."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeReleaseAssignment, ExchangeSubmit
from traitlets.config import Config

from autograder.course import Course
from autograder.hub.collecting import Collect
from tests.build.small_course import UNIT, released_course
from tests.grade.classroom import RIGHT

COURSE = "dlmath"


@dataclass
class Classroom:
    """A released unit, its exchange, and the homes of the students."""

    course: Course
    exchange: Path
    homes: Path

    @property
    def inbound(self) -> Path:
        return self.exchange / COURSE / "inbound"

    def config(self, **collect: Any) -> Config:
        c = Config()
        c.CourseDirectory.root = str(self.course.home)
        c.CourseDirectory.course_id = COURSE
        c.CourseDirectory.db_url = self.course.database
        c.Exchange.root = str(self.exchange)
        c.Exchange.path_includes_course = True
        for name, value in collect.items():
            c.Collect[name] = value
        return c

    def step(self, kind: type, student: str = "*", config: Config | None = None, **options: Any) -> Any:
        """One step of the exchange, as nbgrader's commands make it."""
        config = config or self.config()
        coursedir = CourseDirectory(config=config, assignment_id=UNIT, student_id=student)
        return kind(coursedir=coursedir, authenticator=Authenticator(config=config), config=config, **options)

    def cache(self, student: str) -> Path:
        return self.homes / student / ".local/share/jupyter/nbgrader_cache"

    def hand_in(self, student: str, home: str = "", **answers: str) -> Path:
        """Write the answers and submit them as `student`, from the home of `home`; the inbound folder."""
        work = self.homes / (home or student)
        folder = work / COURSE / UNIT
        folder.mkdir(parents=True, exist_ok=True)
        for released in (self.exchange / COURSE / "outbound" / UNIT).iterdir():
            shutil.copyfile(released, folder / released.name)
        path = folder / "basics.ipynb"
        path.write_text(json.dumps(answered(json.loads(path.read_text()), answers)))
        config = self.config()
        config.Exchange.cache = str(self.cache(home or student))
        before = set(self.inbound.iterdir())
        self.step(ExchangeSubmit, student, config, assignment_dir=str(work)).start()
        return (set(self.inbound.iterdir()) - before).pop()

    def collect(self, student: str = "*", **options: Any) -> Collect:
        """Collect, and what came of it in `.outcome`."""
        step: Collect = self.step(Collect, student, self.config(**options), update=True)
        step.start()
        return step

    def receipts(self) -> str:
        return str(self.cache("{student}"))


def answered(notebook: dict[str, Any], answers: dict[str, str]) -> dict[str, Any]:
    """The notebook with right answers, but for those that are given."""
    texts = {**RIGHT, "derive_mean": "Set the derivative to zero.", **answers}
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = texts.get(name, cell["source"])
    return notebook


def classroom(folder: Path) -> Classroom:
    """The small course, built, released, and put into an exchange."""
    course = released_course(folder / "course")
    room = Classroom(course, folder / "exchange", folder / "homes")
    room.exchange.mkdir()
    room.step(ExchangeReleaseAssignment).start()
    return room
