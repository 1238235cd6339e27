"""CIFAR-10 is read from its archive, and from nothing else."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from dlmath_kit import data
from dlmath_kit.data import cifar, pickled
from dlmath_kit.data.sources import SOURCES
from tests.kit.cifar_files import FOLDER, archive_bytes, batch_bytes
from tests.kit.loopback import Server

NAME = "cifar-10-python.tar.gz"
TRAIN = [f"data_batch_{k}" for k in range(1, 6)]


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    """Two images for each of six batches, the test batch last, and their labels."""
    rng = np.random.default_rng(7)
    return rng.integers(0, 256, size=(6, 2, 3, 32, 32)), rng.integers(0, 10, size=(6, 2))


@pytest.fixture
def batches(images: tuple[np.ndarray, np.ndarray]) -> dict[str, bytes]:
    X, y = images
    return {name: batch_bytes(X[k], y[k].tolist()) for k, name in enumerate([*TRAIN, "test_batch"])}


def put(root: Path, content: bytes, monkeypatch: pytest.MonkeyPatch, server: str = "http://127.0.0.1:9/") -> Path:
    """The archive under root; its sum becomes the expected one."""
    sums = {NAME: hashlib.sha256(content).hexdigest()}
    monkeypatch.setitem(SOURCES, "cifar10", ((server,), sums))
    (root / "cifar10").mkdir(exist_ok=True)
    (root / "cifar10" / NAME).write_bytes(content)
    return root


def test_images_come_with_their_channels(tmp_path: Path, images, batches, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Five batches make the training part, one the test part; red, green, blue; float32 in [0, 1]; nothing is left."""
    X, y = images
    put(tmp_path, archive_bytes(batches), monkeypatch)
    got, labels = data.load_cifar10(tmp_path)
    np.testing.assert_array_equal(got, (X[:5].reshape(10, 3, 32, 32) / np.float32(255)).astype(np.float32))
    np.testing.assert_array_equal(labels, y[:5].reshape(10))
    assert got.dtype == np.float32 and labels.dtype == np.int64
    got, labels = data.load_cifar10(str(tmp_path), "test")
    np.testing.assert_allclose(got * 255, X[5], atol=1e-4)
    np.testing.assert_array_equal(labels, y[5])
    assert len(data.CIFAR10_CLASSES) == 10
    assert os.listdir(tmp_path / "cifar10") == [NAME]


def test_an_unpacked_folder_serves_as_well(tmp_path: Path, images, batches) -> None:  # type: ignore[no-untyped-def]
    """Without the archive its folder is read."""
    folder = tmp_path / "cifar10" / FOLDER
    folder.mkdir(parents=True)
    for name, content in batches.items():
        (folder / name).write_bytes(content)
    np.testing.assert_allclose(data.load_cifar10(tmp_path)[0] * 255, images[0][:5].reshape(10, 3, 32, 32), atol=1e-4)
    (folder / "data_batch_3").unlink()
    assert data.load_cifar10(tmp_path, "test")[0].shape == (2, 3, 32, 32)
    with pytest.raises(data.DataNotFound, match=rf'got no {NAME}, .*download\("cifar10"'):
        data.load_cifar10(tmp_path)


def test_get_gives_it_as_rows(tmp_path: Path, batches, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    """By name, flattened, or the fallback where it is not there."""
    put(tmp_path, archive_bytes(batches), monkeypatch)
    assert data.get("cifar10", root=tmp_path)[0].shape == (10, 3072)
    assert data.get("cifar10", root=tmp_path / "none", fallback="digits")[0].shape == (1797, 64)
    assert "Using digits instead." in capsys.readouterr().out


def test_download_resumes_and_checks(tmp_path: Path, server: Server, batches, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """A broken line is resumed; the file gets its name when its sum is right; then it is read."""
    content = archive_bytes(batches)
    put(tmp_path, content, monkeypatch, server.url + "/")
    (tmp_path / "cifar10" / NAME).unlink()
    server.files["/" + NAME], server.cut = content, 500
    with pytest.raises(data.DownloadError, match=f"got 500 of {len(content)} bytes"):
        data.download("cifar10", tmp_path)
    server.cut = None
    assert data.download("cifar10", tmp_path) == tmp_path / "cifar10"
    assert [asked for _, asked in server.requests] == [None, "bytes=500-"]
    assert len(data.load_cifar10(tmp_path)[1]) == 10


def test_another_archive_is_not_opened(tmp_path: Path, batches, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The SHA-256 is compared before anything is read."""
    put(tmp_path, archive_bytes(batches), monkeypatch)
    path = tmp_path / "cifar10" / NAME
    path.write_bytes(path.read_bytes() + b"\0")
    monkeypatch.setattr(cifar.tarfile, "open", lambda *args, **named: pytest.fail("the archive was opened"))
    with pytest.raises(data.ArchiveError, match=f"{NAME}: got SHA-256 [0-9a-f]+, expected [0-9a-f]+. Download it"):
        data.load_cifar10(tmp_path)


def test_the_published_sum_is_expected() -> None:
    """170 498 071 bytes whose sum Keras states too."""
    assert SOURCES["cifar10"][1] == {NAME: "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"}


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.size, found.linkname = kind, size, "/etc/passwd"
    return found


@pytest.mark.parametrize(
    ("extra", "match"),
    [
        (member("../outside"), r"got the member '\.\./outside', expected files in cifar-10-batches-py"),
        (member(f"{FOLDER}/../../outside"), "got the member"),
        (member("/etc/cron.d/job"), "got the member '/etc/cron.d/job'"),
        (member(f"{FOLDER}/link", tarfile.SYMTYPE), "got the member 'cifar-10-batches-py/link'"),
        (member(f"{FOLDER}/hard", tarfile.LNKTYPE), "got the member"),
        (member(f"{FOLDER}/pipe", tarfile.FIFOTYPE), "got the member"),
    ],
)
def test_members_without_a_place_are_refused(tmp_path: Path, batches, monkeypatch, extra, match: str) -> None:  # type: ignore[no-untyped-def]
    """Paths out of the folder, links and pipes, though nothing would be unpacked; nothing is written either."""
    put(tmp_path, archive_bytes(batches, [extra]), monkeypatch)
    with pytest.raises(data.ArchiveError, match=match):
        data.load_cifar10(tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == [NAME, "cifar10"]


def test_a_huge_member_is_refused_unread(tmp_path: Path, batches, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """What the header announces is enough."""
    monkeypatch.setattr(cifar, "MOST_BYTES", 6000)
    put(tmp_path, archive_bytes(batches), monkeypatch)
    with pytest.raises(data.ArchiveError, match=r"got \d+ bytes in data_batch_1, expected less"):
        data.load_cifar10(tmp_path)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"no gzip at all"])
def test_a_damaged_archive_is_refused(tmp_path: Path, batches, monkeypatch, damage) -> None:  # type: ignore[no-untyped-def]
    """Truncated, or something else under the name, with the sum that is expected."""
    put(tmp_path, damage(archive_bytes(batches)), monkeypatch)
    with pytest.raises(data.ArchiveError, match="got a damaged archive"):
        data.load_cifar10(tmp_path)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (pickle.dumps([1, 2], 2), "got no array of images"),
        (pickle.dumps({"data": 1}, 2), "got no array of images"),
        (batch_bytes(np.zeros((2, 3071)), [1, 2]), r"expected \(n, 3072\) unsigned bytes"),
        (batch_bytes(np.zeros((2, 3072)), [1]), r"expected 2 integers in \[0, 10\)"),
        (batch_bytes(np.zeros((2, 3072)), [1, 10]), r"expected 2 integers in \[0, 10\)"),
        (batch_bytes(np.zeros((2, 3072)), [1, 2])[:-40], "got a damaged pickle"),
        (batch_bytes(np.zeros((2, 3072)), [1, 2]).replace(b"U\x02u1", b"U\x02O8"), "not of unsigned bytes"),
        (batch_bytes(np.zeros((2, 3072)), [1, 2]).replace(b"M\x02\x00", b"M\x03\x00"), "or is damaged"),
        (b"", "got a damaged pickle"),
    ],
)
def test_a_wrong_batch_is_refused(tmp_path: Path, batches, monkeypatch, content: bytes, match: str) -> None:  # type: ignore[no-untyped-def]
    """Wrong shapes, labels, dtypes and damaged pickles are named with their batch."""
    put(tmp_path, archive_bytes({**batches, "test_batch": content}), monkeypatch)
    with pytest.raises(data.ArchiveError, match=f"test_batch: .*{match}"):
        data.load_cifar10(tmp_path, "test")


def test_a_missing_batch_is_named(tmp_path: Path, batches, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The archive says which of its files is not there."""
    batches.pop("data_batch_4")
    put(tmp_path, archive_bytes(batches), monkeypatch)
    with pytest.raises(data.ArchiveError, match="got no cifar-10-batches-py/data_batch_4"):
        data.load_cifar10(tmp_path)
    with pytest.raises(ValueError, match="kind: got 'dev', expected one of train, test"):
        data.load_cifar10(tmp_path, "dev")


def test_the_reader_agrees_with_pickle_on_plain_data() -> None:
    """What pickle itself makes of the tiny batches, and of plain data of any protocol, our reader makes too."""
    rows = np.random.default_rng(0).integers(0, 256, size=(3, 3072))
    content = batch_bytes(rows, [3, 1, 4])
    ours, theirs = pickled.read_pickle(io.BytesIO(content)), pickle.loads(content, encoding="bytes")
    assert ours.keys() == theirs.keys() and ours[b"labels"] == theirs[b"labels"] == [3, 1, 4]
    np.testing.assert_array_equal(ours[b"data"], theirs[b"data"])
    np.testing.assert_array_equal(ours[b"data"], rows)
    for columns in (np.asfortranarray(rows.astype(np.uint8)), np.zeros((0, 3), np.uint8)):
        np.testing.assert_array_equal(pickled.read_pickle(io.BytesIO(pickle.dumps(columns, 4))), columns)
    for protocol in range(3, 5):
        plain = {"a": [1, 2.5, "b", b"c", None, True], "x": rows.astype(np.uint8)}
        again = pickled.read_pickle(io.BytesIO(pickle.dumps(plain, protocol)))
        assert again["a"] == plain["a"]
        np.testing.assert_array_equal(again["x"], rows)


class Runs:
    """A pickle of it runs `call(*args)` where it is read."""

    def __init__(self, call, *args) -> None:  # type: ignore[no-untyped-def]
        self.call, self.args = call, args

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return self.call, self.args


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_runs_something_is_refused(tmp_path: Path, protocol: int) -> None:
    """Programs in pickles are not run, whatever they call: the file that they would make is not made."""
    target = tmp_path / "made"
    for attack in (
        Runs(os.mkdir, str(target)),
        Runs(eval, f"open({str(target)!r}, 'w')"),
        Runs(np.load, "x"),
        Server(),
    ):
        with pytest.raises(pickled.PickleRefused, match=r"asks for (posix|nt|builtins|__builtin__|numpy|tests|copy)"):
            pickled.read_pickle(io.BytesIO(pickle.dumps({"data": attack}, protocol)))
    assert not target.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02cnumpy\nndarray\nK\x05\x85R.",  # calls what stands for the class
        b"\x80\x02cnumpy\ndtype\n)R.",  # a dtype by itself
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R.",  # an array without state
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\x02tb.",  # an array with another state
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)RN}U\x05stateU\x01xs\x86b.",  # attributes
        b"\x80\x02Pabc\n.",
        b"\x80\x02U\x03abcQ.",
        b"\x80\x02cnumpy.core.multiarray\nscalar\n.",
    ],
)
def test_odd_uses_of_what_is_known_are_refused(content: bytes) -> None:
    """Nothing of numpy is called, and nothing half-made comes out."""
    with pytest.raises(pickled.PickleRefused):
        pickled.read_pickle(io.BytesIO(content))
