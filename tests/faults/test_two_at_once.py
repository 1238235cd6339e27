"""Two who grade the same course at once, and a lock that a dead process left."""

from __future__ import annotations

import pytest

from autograder.lock import lock_file
from tests.faults.engine import LIMIT_WORDS, Command, grade, run, until
from tests.faults.state import STUDENTS

pytestmark = pytest.mark.faults


def test_the_second_is_refused(course, tried, ends_as_undisturbed) -> None:
    """It names the first, and changes nothing; the first goes on."""
    first = Command(course, "grade", *LIMIT_WORDS, "--workers=1", "--json")
    try:
        until(lambda: lock_file(course).exists() and lock_file(course).read_text().strip(), "the lock")
        tried("two at once")
        second = run(course, "grade", *LIMIT_WORDS, aside="second")
        assert second.code == 3 and "Wait until it has ended" in second.message
        assert f"graded already (process {first.pid})" in second.message
        done = first.wait()
    finally:
        first.stop()
    assert done.code == 0 and len(done.document["graded"]) == len(STUDENTS), done.err
    ends_as_undisturbed(course)


def test_a_stale_lock_is_no_obstacle(course, tried, ends_as_undisturbed) -> None:
    """Its holder was killed while it wrote: the half file goes."""
    half = course.private / "results" / "unit" / ".autograder-x.part"
    half.parent.mkdir(parents=True)
    half.write_text("half")
    lock_file(course).write_text("4194304\n")
    tried("stale lock")
    assert grade(course).code == 0
    assert not half.exists() and lock_file(course).read_text() == ""
    ends_as_undisturbed(course)
