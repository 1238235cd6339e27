"""Stored results are whole, private, and the last thing written."""

from __future__ import annotations

import os
import stat

import msgspec
import pytest

from autograder.record import Entry, load, results, save
from autograder.results import Verdict
from tests.record.course_of_two import UNIT, make_course, result_of


def test_what_was_saved_is_read(tmp_path):
    """An entry survives the way to the disk and back, and the unit lists it."""
    course = make_course(tmp_path)
    entry = Entry(result=result_of("ada"), graded="2030-02-01T12:00:00+00:00")
    save(course, entry)
    assert load(course, UNIT, "ada") == entry
    assert list(results(course, UNIT)) == [entry]


def test_only_the_owner_reads(tmp_path):
    """File 0600, folders 0700, whatever the umask."""
    course = make_course(tmp_path)
    before = os.umask(0)
    try:
        path = save(course, Entry(result=result_of("ada")))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (course.private, path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b'{"result": {"stud', b"[]", b'{"schema": 99}'])
def test_a_damaged_entry_is_none(tmp_path, content):
    """A file that is not an entry counts as not graded."""
    course = make_course(tmp_path)
    save(course, Entry(result=result_of("ada"))).write_bytes(content)
    assert load(course, UNIT, "ada") is None


def test_another_schema_is_none(tmp_path):
    """An entry of another schema is graded again rather than misread."""
    course = make_course(tmp_path)
    save(course, msgspec.structs.replace(Entry(result=result_of("ada")), schema=99))
    assert load(course, UNIT, "ada") is None


def test_a_broken_part_is_seen(tmp_path):
    """An entry knows that a fault of ours is in it."""
    assert Entry(result=result_of("ada", first=Verdict.BROKEN)).broken
    assert not Entry(result=result_of("ada", first=Verdict.CRASH)).broken
