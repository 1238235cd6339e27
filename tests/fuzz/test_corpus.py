"""What the search has kept is read as it should be, each time the tests run."""

from __future__ import annotations

import pytest

from tests.fuzz.target import CORPUS, NAMES, load

MOST_FILES, MOST_BYTES = 200, 300_000


@pytest.mark.parametrize("name", NAMES)
def test_valid_inputs_and_the_corpus_are_read(name: str) -> None:
    """Each input gives a value or an exception that its reader declares."""
    target = load(name)
    kept = [path.read_bytes() for path in sorted(target.corpus.glob("*"))]
    for data in (*target.seeds(), *kept):
        target.run(data)


def test_the_corpus_is_small() -> None:
    """A clone stays small: fewer than 200 files and 300 kB."""
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert len(files) < MOST_FILES and sum(path.stat().st_size for path in files) < MOST_BYTES
    assert {path.parent.name for path in files} <= set(NAMES)
