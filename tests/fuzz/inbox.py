"""Names and kinds of submitted files and folders: each is used, refused with a sentence, or passed over."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random

from autograder.hub.collecting_senders import Refused, claim, lateness, require_owner, require_receipt, require_stamp
from autograder.intake import IntakeError, copy_files, scan, shown, submission_hash
from autograder.sandbox.datafiles import read_data_files
from autograder.sandbox.limits import Limits
from tests.fuzz.exact import require_sentence
from tests.fuzz.target import Target
from tests.fuzz.trees import mutated_bytes

__all__ = ["TARGET"]

MOST = 12  # entries of one input
PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a disk would be the slowest part
SECRET = "nobody may read this"
NOW = datetime(2026, 1, 1)
WORDS = (
    b"ada+unit01+2025-12-01 10:00:00 UTC+abc", b"timestamp.txt", b"submission_secret.txt", b"2025-12-01 10:00:00 UTC",
    b"9999-99-99 99:99:99 UTC", b"0001-01-01 00:00:00 +2300", b"2025-12-01 10:00:00.5 +99999999999", b"..", b"a/../b",
    b"\xff\xfe", "\u202egnp.ipynb".encode(), b"x" * 210, b".hidden", b"a/b/c/d/e/f/g/h/i", b"nb.ipynb", b"data/x.csv",
    b"\\",
    b"numpy.py", b"__pycache__", b"a\rb", b"a\tb", "é".encode(), "\U000e0041".encode(), b" ",
)  # fmt: skip


def run(data: bytes) -> None:
    """Make the files that the input lists, then scan, copy and hash them, and collect the folders."""
    with tempfile.TemporaryDirectory(dir=PLACE) as place:
        home = Path(place)
        inbox, copies = home / "inbox", home / "copies"
        inbox.mkdir()
        copies.mkdir()
        (home / "secret.txt").write_text(SECRET)
        for line in data.split(b"\n")[:MOST]:
            _make(inbox, line)
        _scan(inbox, copies)
        for folder in sorted(inbox.iterdir()):
            _collect(folder)
        _open_up(inbox)


def _make(inbox: Path, line: bytes) -> None:
    """One entry: the first byte says what it is, then its name, and after `=` its content."""
    kind, (name, _, content) = line[:1], line[1:].partition(b"=")
    path = os.path.join(os.fsencode(inbox), name)
    if os.path.commonpath([os.path.abspath(path), os.fsencode(inbox)]) != os.fsencode(inbox):
        return
    secret = os.fsencode(inbox.parent / "secret.txt")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if kind == b"d":
            os.mkdir(path)
        elif kind == b"s":
            os.symlink(content or secret, path)
        elif kind == b"h":
            os.link(secret, path)
        elif kind == b"p":
            os.mkfifo(path)
        elif kind == b"c":
            os.mkdir(path, 0o000)
        else:
            with open(path, "xb") as file:
                file.write(content)
                if kind == b"b":
                    os.truncate(file.fileno(), 2**33)
                if kind == b"u":
                    os.fchmod(file.fileno(), 0o000)
    except (OSError, ValueError):
        return  # no file system takes such a name


def _scan(inbox: Path, copies: Path) -> None:
    found = scan(inbox)
    for note in found.notes:
        require_sentence(note)
    for file in found.files:
        file.name.encode()
        assert shown(file.name)[:80] == file.name[:80], f"{file.name!a} is deceptive"
    assert submission_hash(inbox) == submission_hash(inbox)
    copied = copy_files(inbox, copies)
    assert [f.name for f in copied] == [f.name for f in found.files if f.is_data]
    for where, folders, names in os.walk(copies):
        assert not any(os.path.islink(os.path.join(where, n)) for n in folders + names), "a link was copied"
        assert all(SECRET not in Path(where, n).read_text("latin-1") for n in names), "a link was followed"
    for name, content in read_data_files(inbox, Limits()):
        assert not name.startswith("/") and ".." not in name.split("/") and SECRET.encode() not in content


def _collect(folder: Path) -> None:
    """What collecting asks of one inbound folder."""
    try:
        claimed = claim(folder)
    except (Refused, OSError) as refusal:
        str(refusal)
        return
    assert claimed.student and claimed.time.tzinfo is None
    lateness(claimed)
    for require in (
        lambda: require_owner(claimed),
        lambda: require_stamp(claimed, NOW),
        lambda: require_receipt(claimed, str(folder.parent / "{student}"), "course"),
    ):
        try:
            require()
        except (Refused, IntakeError, OSError) as refusal:
            str(refusal)


def _open_up(inbox: Path) -> None:
    """Let the folder be removed."""
    for where, folders, _ in os.walk(inbox):
        for name in folders:
            path = os.path.join(where, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)


def mutate(data: bytes, random: Random) -> bytes:
    """Change, repeat, drop or rename entries."""
    lines = data.split(b"\n")
    place = random.randrange(len(lines))
    how = random.randrange(5)
    if how == 0:
        lines[place] = bytes([random.choice(b"fdshpcbu")]) + lines[place][1:]
    elif how == 1:
        lines[place] = lines[place][:1] + random.choice(WORDS)
    elif how == 2:
        joint = random.choice([b"", b"/", b"+", b"="])
        lines[place] += joint + random.choice(WORDS)
    elif how == 3:
        lines.insert(place, bytes([random.choice(b"fdshpcbu")]) + random.choice(WORDS) + b"=" + random.choice(WORDS))
    else:
        return mutated_bytes(data, random)
    return b"\n".join(lines[: MOST + 2])


def seeds() -> Iterator[bytes]:
    """A submission, one full of tricks, and inbound folders."""
    yield b"fnb.ipynb={}\nfdata/points.csv=1,2\nftimestamp.txt=2025-12-01 10:00:00 UTC"
    yield b"slink.csv\nhhard.csv\nppipe\nddata\ncclosed\nuunreadable\nbhuge.bin\nsloop=loop"
    stamp = b"2025-12-01 10:00:00 UTC"
    yield b"fada+unit01+" + stamp + b"+abc/timestamp.txt=" + stamp + b"\nfada+unit01+" + stamp + b"+abc/nb.ipynb={}"
    for word in WORDS:
        yield b"f" + word + b"\nd" + word


TARGET = Target("inbox", "names and kinds of submitted files", run, mutate, seeds, 2_000)
