"""The course's own hub, complete and real: its configuration, proxy, formgrader, culler, passwords."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.hub.proxy import find_proxy
from tests.hub.course_hub import CourseHub


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CourseHub]:
    """A hub with unit 2, a lecturer and three students, started once for all tests of a run."""
    if find_proxy() is None:
        pytest.skip("the hub's proxy is not installed: python -m autograder.hub.proxy")
    running = CourseHub(tmp_path_factory.mktemp("hub"))
    try:
        running.start()
        yield running
    finally:
        running.stop()
