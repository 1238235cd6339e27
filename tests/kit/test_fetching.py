"""Downloads end with the right file or with none."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from dlmath_kit.data import fetching, load_mnist
from dlmath_kit.data.fetching import DownloadError, download, fetch
from tests.kit.idx_files import idx_bytes
from tests.kit.loopback import Server

CONTENT = bytes(range(256)) * 40
SUM = hashlib.sha256(CONTENT).hexdigest()


def test_a_file_arrives(server: Server, tmp_path: Path) -> None:
    """The file has its name and content, nothing else is left, and it is not fetched twice."""
    server.files["/f"] = CONTENT
    target = tmp_path / "new" / "f"
    fetch([server.url + "/f"], target, SUM)
    fetch([server.url + "/f"], target, SUM)
    assert target.read_bytes() == CONTENT
    assert [p.name for p in target.parent.iterdir()] == ["f"]
    assert len(server.requests) == 1


def test_a_broken_line_is_resumed(server: Server, tmp_path: Path) -> None:
    """The next try asks for the missing bytes only."""
    server.files["/f"], server.cut = CONTENT, 4000
    target = tmp_path / "f"
    with pytest.raises(DownloadError, match="got 4000 of 10240 bytes"):
        fetch([server.url + "/f"], target, SUM)
    assert not target.exists() and (tmp_path / "f.part").stat().st_size == 4000
    server.cut = None
    fetch([server.url + "/f"], target, SUM)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=4000-"]


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    """The whole body replaces the part that was there."""
    server.files["/f"], server.ranges = CONTENT, False
    (tmp_path / "f.part").write_bytes(CONTENT[:100])
    fetch([server.url + "/f"], tmp_path / "f", SUM)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_complete_part_only_needs_its_name(server: Server, tmp_path: Path) -> None:
    """A process that died before the renaming costs nothing: the server answers 416, the sum is right."""
    server.files["/f"] = CONTENT
    (tmp_path / "f.part").write_bytes(CONTENT)
    fetch([server.url + "/f"], tmp_path / "f", SUM)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_mirrors_are_asked_in_order(server: Server, tmp_path: Path) -> None:
    """One mirror lacks the file, one has another file; the third one's is taken."""
    server.files |= {"/b": CONTENT[::-1], "/c": CONTENT}
    fetch([f"{server.url}/{name}" for name in "abc"], tmp_path / "f", SUM)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["/a", "/b", "/c"]


def test_a_wrong_sum_is_thrown_away(server: Server, tmp_path: Path) -> None:
    """Neither the file nor its part stays, and the text says what came."""
    server.files["/f"] = CONTENT + b"!"
    with pytest.raises(DownloadError, match=f"got SHA-256 [0-9a-f]+, expected {SUM}"):
        fetch([server.url + "/f"], tmp_path / "f", SUM)
    assert list(tmp_path.iterdir()) == []


def test_a_huge_file_is_refused(server: Server, tmp_path: Path) -> None:
    """Not more than the limit is kept on disk."""
    server.files["/f"] = CONTENT
    with pytest.raises(DownloadError, match="got more than 5000 bytes"):
        fetch([server.url + "/f"], tmp_path / "f", SUM, most_bytes=5000)
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 5000 and not (tmp_path / "f").exists()


def test_a_file_that_went_bad_is_replaced(server: Server, tmp_path: Path) -> None:
    """A file under the right name with the wrong content is fetched again."""
    server.files["/f"] = CONTENT
    (tmp_path / "f").write_bytes(b"old")
    fetch([server.url + "/f"], tmp_path / "f", SUM)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_nobody_answers(tmp_path: Path) -> None:
    """Every mirror and its fault is named."""
    with pytest.raises(DownloadError, match=r"(?s)no mirror.*127\.0\.0\.1:9/f.*127\.0\.0\.1:9/g"):
        fetch(["http://127.0.0.1:9/f", "http://127.0.0.1:9/g"], tmp_path / "f", SUM)


def test_download_leaves_what_the_loader_reads(server: Server, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """`download`, then `load_mnist`: train and test parts."""
    sums = {}
    for stem, n in (("train", 12), ("t10k", 5)):
        for name, shape in ((f"{stem}-images-idx3-ubyte.gz", (n, 28, 28)), (f"{stem}-labels-idx1-ubyte.gz", (n,))):
            content = gzip.compress(idx_bytes(np.ones(shape)), mtime=0)
            server.files[f"/{name}"], sums[name] = content, hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(fetching.SOURCES, "mnist", ((server.url + "/",), sums))
    assert download("mnist", tmp_path) == tmp_path / "mnist"
    assert load_mnist(tmp_path)[0].shape == (12, 28, 28)
    assert load_mnist(tmp_path, "test")[1].tolist() == [1] * 5
    with pytest.raises(ValueError, match="name: got 'imagenet', expected one of mnist, fashion_mnist"):
        download("imagenet", tmp_path)
