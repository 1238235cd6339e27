"""What a student can show later: which files were handed in, when, and their SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from dlmath_kit.hub.times import parse_stamp

__all__ = ["Receipt", "receipt_text", "take_receipt"]

SECRETS = frozenset({"submission_secret.txt"})  # part of the digest, but nobody else's business
OWN = frozenset({"timestamp.txt", *SECRETS})


@dataclass(frozen=True)
class Receipt:
    """A submission as it lies in the exchange.

    Args:
        unit: the unit handed in.
        stamp: its time, in nbgrader's form: also its name.
        sha256: digest of the names and contents of all files; the grader records the same one with the marks.
        files: name and SHA-256 of each file of the student.
    """

    unit: str
    stamp: str
    sha256: str
    files: tuple[tuple[str, str], ...]


def take_receipt(folder: Path, unit: str, stamp: str) -> Receipt:
    """The receipt of the submission in `folder`.

    The digest goes over every visible file in the order of the names: name, NUL, length, NUL, SHA-256 of the content.
    """
    digest = hashlib.sha256()
    files = []
    for name in _visible(folder):
        content = (folder / name).read_bytes()
        own = hashlib.sha256(content)
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(own.digest())
        if name not in OWN:
            files.append((name, own.hexdigest()))
    return Receipt(unit, stamp, digest.hexdigest(), tuple(files))


def _visible(folder: Path) -> list[str]:
    names = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    return sorted(n.as_posix() for n in names if not any(part.startswith(".") for part in n.parts))


def receipt_text(receipt: Receipt, course: str, student: str, zone: tzinfo) -> str:
    """The receipt as a text file."""
    moment = parse_stamp(receipt.stamp).astimezone(zone)
    width = max((len(name) for name, _ in receipt.files), default=0)
    lines = [
        "Receipt of a submission",
        "",
        f"Course      {course}",
        f"Unit        {receipt.unit}",
        f"Student     {student}",
        f"Handed in   {moment:%A %d %B %Y, %H:%M:%S} {moment.tzname()} ({receipt.stamp})",
        f"SHA-256     {receipt.sha256}",
        "",
        "Files and their SHA-256",
        *(f"{name:<{width}}  {digest}" for name, digest in receipt.files),
        "",
        "If a mark is in doubt, show this file to your lecturer: the grader records the same SHA-256",
        "with the marks of the submission that it graded.",
        "",
    ]
    return "\n".join(lines)
