"""Files are there whole, or as they were before."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.files import remove_unfinished, temporary_folder, write_whole

OWNER = "from autograder.files import temporary_folder as t\nwith t() as f: print(f, flush=True); input()"


def test_a_file_is_written_once(tmp_path: Path) -> None:
    """The second time there is nothing to do, unless content or mode differ."""
    path = tmp_path / "new" / "marks.csv"
    assert write_whole(path, b"a", 0o600) and not write_whole(path, b"a", 0o600)
    assert write_whole(path, b"a", 0o444) and stat.S_IMODE(path.stat().st_mode) == 0o444
    assert write_whole(path, b"b", 0o444) and path.read_bytes() == b"b"


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing new lies in the folder, either."""
    path = tmp_path / "page.html"
    write_whole(path, b"old")

    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced(tmp_path: Path) -> None:
    """What a link points to stays as it is, even where it holds the same."""
    target, link = tmp_path / "target", tmp_path / "link"
    write_whole(target, b"same")
    link.symlink_to(target)
    assert write_whole(link, b"same") and not link.is_symlink() and target.read_bytes() == b"same"


def test_what_the_system_refuses_names_the_file(tmp_path: Path) -> None:
    """Also where the system itself does not: a disk that is full says nothing of the kind."""
    path = tmp_path / "file" / "sub" / "marks.csv"
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError) as refused:
        write_whole(path, b"a")
    assert (refused.value.errno, refused.value.filename) == (errno.ENOTDIR, str(path))


def test_only_unfinished_files_are_cleared_away(tmp_path: Path) -> None:
    """A student's own file may be called much like one."""
    kept = [tmp_path / "sub" / name for name in ("notes.part", ".part", "autograder-x.part", ".autograder-x.csv")]
    half = tmp_path / "sub" / ".autograder-1a2b.part"
    for path in (*kept, half):
        write_whole(path, b"x")
    remove_unfinished(tmp_path)
    assert sorted((tmp_path / "sub").iterdir()) == sorted(kept)


def test_temporary_folders_go_with_their_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose owner was killed is removed by the next; one that is in use stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        theirs = Path(owner.stdout.readline().decode().strip())
        with temporary_folder() as mine:
            assert mine.parent == theirs.parent == tmp_path and theirs.is_dir()
        assert theirs.is_dir() and not mine.exists()
        owner.kill()
    assert theirs.is_dir()
    with temporary_folder():
        assert not theirs.exists()
    assert not list(tmp_path.iterdir())
