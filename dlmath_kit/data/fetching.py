"""Downloads data sets: mirrors in order, resumed where cut off, checked before they get their name."""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from dlmath_kit.data.choosing import data_root
from dlmath_kit.data.sources import SOURCES, digest

__all__ = ["SOURCES", "DownloadError", "download", "fetch"]

MOST_BYTES = 256 * 1024**2  # more than the largest file
SECONDS = 30.0  # without a byte arriving
CHUNK = 1 << 16


class DownloadError(OSError):
    """No mirror gave the file as it must be; the text says what each of them gave."""


def download(name: str, root: str | Path | None = None) -> Path:
    """Brings the files of a data set into `root/name`; files that are there and right are left alone.

    Args:
        name: "mnist", "fashion_mnist" or "cifar10".
        root: folder of data sets; `data_root()` unless given.

    Returns:
        The folder that holds the files, as they were published: still packed.

    Raises:
        ValueError: unknown name.
        DownloadError: a file could not be had from any mirror.
    """
    if name not in SOURCES:
        raise ValueError(f"name: got {name!r}, expected one of {', '.join(SOURCES)}.")
    mirrors, files = SOURCES[name]
    folder = Path(root or data_root()) / name
    for file, sha256 in files.items():
        fetch([mirror + file for mirror in mirrors], folder / file, sha256)
        print(f"{folder / file}: checked")
    return folder


def fetch(urls: Sequence[str], target: Path, sha256: str, most_bytes: int = MOST_BYTES) -> None:
    """Brings one file to `target`, which exists afterwards only with the right content.

    Bytes are kept in `target.part` when the line breaks, and the next try asks for the rest. A finished file
    with the wrong sum is thrown away and the next mirror is asked.

    Args:
        urls: the mirrors, in order.
        target: where the file goes; its folder is made.
        sha256: hexadecimal digest of the whole file.
        most_bytes: a longer file is refused.

    Raises:
        DownloadError: no mirror gave the file.
    """
    if target.is_file() and digest(target) == sha256:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    faults = []
    for url in urls:
        try:
            _complete(url, part, most_bytes)
        except (OSError, http.client.HTTPException) as fault:
            faults.append(f"{url}: {fault}")
            continue
        got = digest(part)
        if got == sha256:
            os.replace(part, target)
            return
        part.unlink()
        faults.append(f"{url}: got SHA-256 {got}, expected {sha256}.")
    raise DownloadError(f"{target.name}: got it from no mirror.\n" + "\n".join(faults))


def _complete(url: str, part: Path, most_bytes: int) -> None:
    """Appends to `part` what is missing from it."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=SECONDS)
    except urllib.error.HTTPError as fault:
        fault.close()
        if fault.code == 416 and have:  # nothing is missing: the digest decides
            return
        raise
    with response, part.open("ab" if response.status == 206 else "wb") as file:
        _copy(response, file, most_bytes)


def _copy(response: http.client.HTTPResponse, file: BinaryIO, most_bytes: int) -> None:
    announced = response.length
    start = file.tell()
    while chunk := response.read(CHUNK):
        if file.tell() + len(chunk) > most_bytes:
            file.truncate(0)
            raise DownloadError(f"got more than {most_bytes} bytes.")
        file.write(chunk)
    if announced is not None and file.tell() - start < announced:
        raise DownloadError(f"got {file.tell() - start} of {announced} bytes; the next try resumes.")
