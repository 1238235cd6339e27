"""Where a course keeps its things: one home for every path."""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import CourseError, UsageError
from autograder.files import write_first

__all__ = ["UNNAMED", "Course"]

UNNAMED = "default_course"  # nbgrader's own id; for an empty one it makes no row, which PostgreSQL insists on


@dataclass(frozen=True)
class Course:
    """The folders of a course.

    Args:
        home: holds `source/`, `solutions/` and `release/`: what lecturers write and build.
        work: holds `submitted/`, `autograded/`, `feedback/`, `gradebook.db` and `.autograder/`:
            what a class leaves behind. The same folder as `home` unless said otherwise.
        database: SQLAlchemy URL of nbgrader's gradebook; SQLite in `work` unless said otherwise.
    """

    home: Path
    work: Path
    database: str

    @classmethod
    def find(cls, start: Path | None = None, work: Path | None = None, database: str | None = None) -> Course:
        """The course around `start` (default: the current folder or one above it)."""
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "source").is_dir() and (folder / "solutions").is_dir():
                return cls.at(folder, work, database)
        raise CourseError(f"{start}: got no course, expected a folder with source/ and solutions/. Use --course DIR.")

    @classmethod
    def at(cls, home: Path, work: Path | None = None, database: str | None = None) -> Course:
        work = (work or home).resolve()
        return cls(home.resolve(), work, database or f"sqlite:///{work / 'gradebook.db'}")

    @property
    def source(self) -> Path:
        return self.home / "source"

    @property
    def release(self) -> Path:
        return self.home / "release"

    @property
    def solutions(self) -> Path:
        return self.home / "solutions"

    @property
    def submitted(self) -> Path:
        return self.work / "submitted"

    @property
    def autograded(self) -> Path:
        return self.work / "autograded"

    @property
    def feedback(self) -> Path:
        return self.work / "feedback"

    @property
    def private(self) -> Path:
        """Our own records, readable by the owner alone: results, secret, caches."""
        return self.work / ".autograder"

    def units(self) -> list[str]:
        """Ids of the units, in order: folders of notebooks, as text or as plain nbgrader `.ipynb`."""
        return sorted(p.name for p in self.source.iterdir() if p.is_dir() and self.notebooks(p.name))

    def choose(self, names: tuple[str, ...]) -> list[str]:
        """The named units, or all of them; an unknown name is refused."""
        known = self.units()
        for name in names:
            if name not in known:
                raise UsageError(f"unit: got {name!r}, expected one of {', '.join(known)}.")
        return [u for u in known if u in names] if names else known

    def notebooks(self, unit: str) -> list[str]:
        """Names (without suffix) of the unit's notebooks, in order."""
        folder = self.source / unit
        return sorted({p.stem for pattern in ("*.py", "*.ipynb") for p in folder.glob(pattern)})

    def texts(self, units: Iterable[str]) -> Iterator[str]:
        """The units' notebooks and keys as text."""
        for unit in units:
            for folder in (self.source / unit, self.solutions / unit):
                for path in sorted([*folder.glob("*.py"), *folder.glob("*.ipynb")]):
                    yield path.read_text(encoding="utf-8", errors="replace")

    def library(self) -> list[Path]:
        """Packages that students' code may import besides the installed ones: where `dlmath_kit` is, if it is known."""
        spec = importlib.util.find_spec("dlmath_kit")
        return [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []

    def secret(self) -> bytes:
        """The course's secret, from which seeds derive; made at first use."""
        self.private.mkdir(mode=0o700, parents=True, exist_ok=True)
        return write_first(self.private / "secret", secrets.token_hex(16).encode(), 0o600)
