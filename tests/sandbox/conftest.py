"""One zygote without isolation for all tests of the channel."""

from __future__ import annotations

import pytest

from autograder.sandbox import Limits, Session
from tests.sandbox.plain import PlainBox

LIMITS = Limits(cell_seconds=2, part_seconds=1, submission_seconds=60, output_bytes=20_000)


@pytest.fixture(scope="session")
def plain_box(tmp_path_factory):
    box = PlainBox(tmp_path_factory.mktemp("plain"), LIMITS)
    yield box
    box.close()


@pytest.fixture
def session(plain_box):
    with Session(plain_box) as session:
        yield session


@pytest.fixture
def student(session):
    """Runs a cell and forks: `with student(source) as branch`."""

    def run(source, bans=None):
        outcome = session.run_cell(source)
        assert outcome.status == "ok", outcome
        return session.fork(bans)

    return run
