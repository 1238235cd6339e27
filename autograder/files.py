"""Writing a file whole or not at all, and folders for a while that leave nothing behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["remove_unfinished", "temporary_folder", "write_first", "write_whole"]

UNFINISHED = (".autograder-", ".part")  # how the name of a file begins and ends while it is written
KEPT = "autograder.kept-"  # begins the name of a temporary folder


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> bool:
    """Make the file hold `data`, in one step; its content is on the disk before its name is.

    An interrupted run leaves the old file. A link is replaced, not followed. Missing folders are made.

    Returns:
        False when a file with this content and mode was there already: it is left as it is.

    Raises:
        OSError: what the system refused; it names `path`.
    """
    if _holds(path, data, mode):
        return False
    try:
        _replace(path, data, mode)
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(path)) from fault
    return True


def write_first(path: Path, data: bytes, mode: int) -> bytes:
    """Make the file hold `data` unless it is there: of several who do that at once, one decides. Its content."""
    if path.exists() and not path.stat().st_size:  # of a disk that was full
        path.unlink()
    if not path.exists():
        try:
            _replace(path, data, mode, os.link)
        except FileExistsError:
            pass
        except OSError as fault:
            raise OSError(fault.errno, fault.strerror, str(path)) from fault
    return path.read_bytes()


def _replace(path: Path, data: bytes, mode: int, put: Callable[[str, Path], None] = os.replace) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED[0], suffix=UNFINISHED[1])
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
            os.fchmod(f.fileno(), mode)
        put(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _holds(path: Path, data: bytes, mode: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != mode or found.st_size != len(data):
        return False
    return path.read_bytes() == data


def remove_unfinished(place: Path) -> None:
    """Remove what a killed process was writing below the folder; nobody may be writing there now."""
    for folder, _, files in os.walk(place):
        for name in files:
            if name.startswith(UNFINISHED[0]) and name.endswith(UNFINISHED[1]):
                Path(folder, name).unlink(missing_ok=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder of one's own below TMPDIR, gone afterwards; so are those whose owner was killed.

    The owner holds a lock on the folder, which the system lifts when its holder dies.
    """
    _sweep(Path(tempfile.gettempdir()))
    path, lock = _locked_folder()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _locked_folder() -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=KEPT))
        with suppress(FileNotFoundError):  # swept before it was locked: once more
            lock = _open_folder(path)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return path, lock
            os.close(lock)


def _sweep(place: Path) -> None:
    """Remove our own temporary folders that nobody holds any more."""
    for path in place.glob(f"{KEPT}*"):
        with suppress(OSError):  # another's, held, or swept by someone else
            lock = _open_folder(path)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def _open_folder(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
