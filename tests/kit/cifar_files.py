"""Writes tiny CIFAR-10 archives, their batches pickled as Python 2 did it."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Mapping, Sequence

import numpy as np

FOLDER = "cifar-10-batches-py"


def batch_bytes(images: np.ndarray, labels: Sequence[int]) -> bytes:
    """A pickle of protocol 2 with strings of Python 2: batch_label, labels, data and filenames."""
    items = {
        b"batch_label": _string(b"training batch 1 of 5"),
        b"labels": b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e",
        b"data": _array(images.reshape(len(images), -1)),
        b"filenames": b"](" + b"".join(_string(b"cat_%d.png" % k) for k in range(len(images))) + b"e",
    }
    return b"\x80\x02}(" + b"".join(_string(key) + value for key, value in items.items()) + b"u."


def archive_bytes(batches: Mapping[str, bytes], extra: Sequence[tarfile.TarInfo] = ()) -> bytes:
    """A gzipped tar with the folder, the batches and further members without content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        folder = tarfile.TarInfo(FOLDER)
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in {"readme.html": b"<html></html>", **batches}.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member)
    return stream.getvalue()


def _string(text: bytes) -> bytes:
    return b"U" + bytes([len(text)]) + text


def _array(rows: np.ndarray) -> bytes:
    """What numpy's __reduce__ gives for unsigned bytes: an empty array, then its state."""
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = b"".join(b"M" + struct.pack("<H", size) for size in rows.shape)
    content = rows.astype(np.uint8).tobytes()
    return empty + b"(K\x01" + shape + b"\x86" + dtype + b"\x89T" + struct.pack("<I", len(content)) + content + b"tb"
