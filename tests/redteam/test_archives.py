"""Archives that climb out of their folder: row 15 of docs/threat_model.md. Backups are the one kind that is unpacked."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from autograder.errors import AutograderError
from autograder.hub.backup_archive import MANIFEST, Manifest, Member, opened, read_manifest, unpack


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def file(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = 4
    return info


def device(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 5
    return info


CLIMBING: dict[str, Callable[[Path], list[tarfile.TarInfo]]] = {
    "parents": lambda outside: [file("../outside/evil")],
    "parents within": lambda outside: [file("a/../../outside/evil")],
    "an absolute name": lambda outside: [file(str(outside / "evil"))],
    "a link and a file through it": lambda outside: [link("way", str(outside)), file("way/evil")],
    "a relative link and a file through it": lambda outside: [link("way", "../outside"), file("way/evil")],
    "a link in place of a file": lambda outside: [link("evil", str(outside / "secret"))],
    "a hard link": lambda outside: [link("evil", str(outside / "secret"), tarfile.LNKTYPE)],
    "a device": lambda outside: [device("evil")],
    "a pipe": lambda outside: [link("evil", "", tarfile.FIFOTYPE)],
    "the same name twice": lambda outside: [file("evil"), link("evil", str(outside)), file("evil/evil")],
    "an empty part": lambda outside: [file("a//../../outside/evil")],
}


@pytest.mark.parametrize("what", CLIMBING)
def test_nothing_leaves_the_folder(tmp_path: Path, what: str) -> None:
    """Such an archive is refused or its member named as a fault, even where its own list has it; nothing is written outside."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret").write_text("CANARY-file")
    members = CLIMBING[what](outside)
    listed = tuple(Member(name=m.name, bytes=m.size, sha256="0" * 64 if m.isreg() else "") for m in members)
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"evil") if member.isreg() else None)
        manifest = Manifest(
            made="", course="c", parts=(), databases={}, rows={}, versions={}, left_out=(), members=listed
        )
        content = msgspec.json.encode(manifest)
        last = tarfile.TarInfo(MANIFEST)
        last.size = len(content)
        tar.addfile(last, io.BytesIO(content))
    try:
        with opened(archive) as tar:
            assert unpack(tar, read_manifest(tar, archive), inside)
    except AutograderError as refusal:
        assert "damaged" in str(refusal)
    assert [p.name for p in outside.iterdir()] == ["secret"]
    assert not [p for p in tmp_path.rglob("evil") if p.is_symlink() or p.is_char_device() or p.is_fifo()]
    assert not [p for p in inside.rglob("*") if p.is_file() and "CANARY" in p.read_text()]
