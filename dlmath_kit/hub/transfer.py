"""nbgrader's exchange, so that a transfer happens wholly or not at all.

Stock nbgrader copies file by file to the final place: a full disk leaves half a notebook that counts as fetched, and a
lecturer who collects at that moment takes half a submission. Here the copy is made under a hidden name, which no
command of nbgrader looks at, and renamed when it is complete and closed to others.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import (
    ExchangeFetchAssignment,
    ExchangeFetchFeedback,
    ExchangeList,
    ExchangeSubmit,
)
from nbgrader.utils import ignore_patterns

from dlmath_kit.hub.closing import close
from dlmath_kit.hub.errors import Refusal
from dlmath_kit.hub.place import Place

__all__ = ["Feedback", "Fetch", "Listing", "Submit", "make"]


def make(kind: type[Any], place: Place, unit: str = "", **traits: Any) -> Any:
    """One of nbgrader's exchange objects for this student and unit, with the configuration that its commands use."""
    config = place.config.copy()
    coursedir = CourseDirectory(config=config)
    coursedir.assignment_id = unit
    return kind(coursedir=coursedir, authenticator=Authenticator(config=config), config=config, **traits)


Listing = ExchangeList


class Fetch(ExchangeFetchAssignment):
    """Fetches a unit, or brings back files of it that are missing. Never changes a file that exists."""

    restored: tuple[str, ...] = ()

    def do_copy(self, src: str, dest: str) -> None:
        target = Path(dest)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as aside:
            copy = Path(aside, target.name)
            shutil.copytree(src, copy, ignore=regular(shutil.ignore_patterns(*self.coursedir.ignore)))
            for path in (copy, *copy.rglob("*")):  # a release may be read-only; the student's copy is to be worked on
                path.chmod(path.stat().st_mode | stat.S_IWUSR)
            if target.is_dir():
                self.restored = tuple(_add_missing(copy, target))
            else:
                copy.rename(target)


def _add_missing(copy: Path, target: Path) -> Iterator[str]:
    """Put the files of `copy` where there is none, and name them."""
    for path in sorted(copy.rglob("*")):
        name = path.relative_to(copy)
        if path.is_dir():
            (target / name).mkdir(exist_ok=True)
        else:
            with contextlib.suppress(FileExistsError):  # a hard link never replaces what is there
                os.link(path, target / name)
                yield name.as_posix()


class Submit(ExchangeSubmit):
    """Hands a unit in: the submission appears in the exchange when it is complete."""

    assignment_filename: str  # set by nbgrader before it copies

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        limit = 1000 * self.coursedir.max_dir_size
        size = sum(Path(src, name).stat().st_size for name in files(Path(src), self.leave_out()))
        if size > limit:
            raise Refusal(
                f"Your folder holds {size / 1e6:.0f} MB, at most {limit / 1e6:.0f} MB can be handed in. "
                "Move large files out of it, then submit again."
            )
        shutil.copytree(src, dest, ignore=self.leave_out())

    def leave_out(self) -> Any:
        """What is not handed in: nbgrader's patterns and limits, and anything that is not a plain file."""
        rules = self.coursedir
        return regular(ignore_patterns(exclude=rules.ignore, include=rules.include, max_file_size=rules.max_file_size))

    def copy_files(self) -> None:
        name = self.assignment_filename
        cached = name.rsplit("+", 1)[0] if self.add_random_string else name
        hidden, hidden_cached = (Path(self.inbound_path, f".{name}"), Path(self.cache_path, f".{cached}"))
        self.submission, self.kept = Path(self.inbound_path, name), Path(self.cache_path, cached)
        self.assignment_filename = f".{name}"
        try:
            super().copy_files()
            close(hidden)
            hidden_cached.rename(self.kept)
            hidden.rename(self.submission)  # from here on it is handed in
        except BaseException:
            for left in (hidden, hidden_cached, self.kept):
                shutil.rmtree(left, ignore_errors=True)
            raise


class Feedback(ExchangeFetchFeedback):
    """Fetches the feedback pages of a unit; a page is replaced in one step."""

    fetched: int = 0

    def do_copy(self, src: str, dest: str) -> None:
        for notebook, stamp, page in self.feedback_files:
            folder = Path(dest, stamp)
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".feedback.", dir=folder) as aside:
                copy = shutil.copyfile(page, Path(aside, "page.html"))
                os.replace(copy, folder / f"{notebook}.html")
            self.fetched += 1


def regular(ignore: Any) -> Any:
    """An ignore function for copytree that also passes over links, pipes and devices."""

    def function(folder: str, names: list[str]) -> set[str]:
        odd = {name for name in names if not _is_plain(Path(folder, name))}
        return odd | set(ignore(folder, [name for name in names if name not in odd]))

    return function


def _is_plain(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def files(folder: Path, ignore: Any) -> Iterable[str]:
    """Names below `folder` of the files that copytree takes with this ignore function."""
    for here, folders, names in os.walk(folder):
        left_out = set(ignore(here, [*folders, *names]))
        folders[:] = sorted(set(folders) - left_out)
        yield from (Path(here, name).relative_to(folder).as_posix() for name in sorted(set(names) - left_out))
