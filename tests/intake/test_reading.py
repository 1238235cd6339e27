"""Files of a submission are read without being led elsewhere."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from autograder.intake import IntakeError, copy_files, rebuild, scan, shown, submission_files, submission_hash
from autograder.intake.reading import read_file
from tests.intake.notebooks import handed_in, packed, released, source

LIMIT = 2**20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "submitted"
    made.mkdir()
    (made / "a.ipynb").write_bytes(packed(handed_in()))
    (made / "data").mkdir()
    (made / "data" / "points.csv").write_text("1,2\n")
    (tmp_path / "secret.ipynb").write_bytes(packed(source()))
    return made


def names(folder: Path) -> list[str]:
    return [f.name for f in submission_files(folder)]


def test_ordinary_files_are_found(folder: Path) -> None:
    """Notebooks and data, also in folders, by relative name; hidden files are passed over."""
    (folder / ".hidden").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "m.pyc").write_text("x")
    assert names(folder) == ["a.ipynb", "data/points.csv"]
    assert scan(folder).notebooks == ("a",)
    assert scan(folder).notes == ()


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_to_the_source_is_not_read(folder: Path, link) -> None:
    """A symbolic or hard link to the solved notebook is refused and named."""
    (folder / "a.ipynb").unlink()
    link(folder.parent / "secret.ipynb", folder / "a.ipynb")
    with pytest.raises(IntakeError, match="link"):
        rebuild(released(), source(), folder / "a.ipynb")
    assert names(folder) == ["data/points.csv"]
    assert any("a.ipynb" in note and "link" in note for note in scan(folder).notes)


def test_a_linked_folder_is_not_entered(folder: Path) -> None:
    """Neither a folder that is a link nor a file reached through one is read."""
    (folder / "more").symlink_to(folder.parent)
    assert "more/secret.ipynb" not in names(folder)
    with pytest.raises(IntakeError, match="link or cannot be read"):
        read_file(folder, "more/secret.ipynb", LIMIT)


def test_a_linked_submission_is_refused(folder: Path) -> None:
    """The folder of a submission must itself be a folder."""
    (folder.parent / "other").symlink_to(folder)
    with pytest.raises(IntakeError, match="no such folder"):
        scan(folder.parent / "other")


def test_pipes_sockets_and_devices_do_not_block(folder: Path) -> None:
    """A FIFO without a writer is refused at once, and so is a socket."""
    os.mkfifo(folder / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)
        try:
            server.bind("sock")
        finally:
            os.chdir(here)
        assert names(folder) == ["a.ipynb", "data/points.csv"]
        assert len(scan(folder).notes) == 2
    with pytest.raises(IntakeError, match="not an ordinary file"):
        read_file(folder, "pipe.csv", LIMIT)
    with pytest.raises(IntakeError):
        read_file(Path("/dev"), "zero", LIMIT)


@pytest.mark.parametrize("name", ["../secret.ipynb", "/etc/passwd", "data/../../secret.ipynb", "", ".", "a\\b", "a//b"])
def test_names_that_lead_out_are_refused(folder: Path, name: str) -> None:
    """No name reaches outside the submission."""
    with pytest.raises(IntakeError):
        read_file(folder, name, LIMIT)


@pytest.mark.parametrize("name", [b"\xff\xfe.csv", "exe\u202excod.csv".encode(), b"new\nline.csv", b"x" * 220])
def test_deceptive_names_are_left_out_and_escaped(folder: Path, name: bytes) -> None:
    """Names that are not UTF-8, turn the text's direction, break lines or are very long are refused."""
    (folder / os.fsdecode(name)).write_text("1")
    found = scan(folder)
    assert [f.name for f in found.files] == ["a.ipynb", "data/points.csv"]
    note = found.notes[0]
    assert note.isprintable() and len(note) < 200
    note.encode("utf-8")


def test_shown_names_are_printable() -> None:
    """What a report prints holds no control, direction or surrogate character."""
    assert shown("a\u202eb") == "a\\u202eb"
    assert shown(b"\xff") == "\\udcff"
    assert shown("é x.csv") == "é x.csv"


def test_too_large_files_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file above the limit is not read, and is left out of the data with a note."""
    with pytest.raises(IntakeError, match="larger than 1 MiB"):
        (folder / "big.bin").write_bytes(b"x" * (LIMIT + 1))
        read_file(folder, "big.bin", LIMIT)
    monkeypatch.setattr("autograder.intake.files.MAX_FILE_BYTES", LIMIT)
    assert "big.bin" not in names(folder)


def test_too_many_files_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of files is bounded, with one note; notebooks come first."""
    monkeypatch.setattr("autograder.intake.files.MAX_FILES", 3)
    for i in range(5):
        (folder / f"f{i}.txt").write_text("1")
    assert names(folder) == ["a.ipynb", "data/points.csv", "f0.txt"]
    assert len(scan(folder).notes) == 1


def test_data_files_are_copied_and_code_files_are_only_data(folder: Path, tmp_path: Path) -> None:
    """Notebooks and the time stamp stay behind; a conftest.py is a file like any other in a private folder."""
    for name in ("conftest.py", "timestamp.txt"):
        (folder / name).write_text("x")
    to = tmp_path / "private"
    to.mkdir()
    assert [f.name for f in copy_files(folder, to)] == ["conftest.py", "data/points.csv"]
    assert (to / "data" / "points.csv").read_text() == "1,2\n"
    assert not (to / "a.ipynb").exists()


def test_the_hash_follows_names_and_contents(folder: Path) -> None:
    """Equal folders have equal hashes; a changed byte, name or refused file changes it; times and order do not."""
    first = submission_hash(folder)
    os.utime(folder / "a.ipynb", (0, 0))
    assert submission_hash(folder) == first
    seen = {first}
    (folder / "data" / "points.csv").write_text("1,3\n")
    seen.add(submission_hash(folder))
    (folder / "data" / "points.csv").rename(folder / "data" / "other.csv")
    seen.add(submission_hash(folder))
    (folder / "link").symlink_to("/etc/passwd")
    seen.add(submission_hash(folder))
    assert len(seen) == 4
