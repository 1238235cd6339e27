"""Files are there whole, or as they were before."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from autograder.files import write_whole


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
