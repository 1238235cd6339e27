"""A lecturer's afternoon in a real browser: collect, grade, mark a derivation by hand, return feedback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.build.small_course import UNIT
from tests.hub.chromium import browser
from tests.hub.formgrader_alone import TOKEN, Service, running
from tests.hub.lecturers import COURSE

SLOW = "import time\ntime.sleep(3)\ndef doubled(x):\n    return x * 2"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("browser")) as service:
        for number in (1, 2, 3):
            service.room.hand_in(f"s{number}", doubled=SLOW, derive_mean=r"Because $\frac{d}{dm} = 0$.")
        service.room.hand_in("s1", home="mallory", derive_mean="forged")
        yield service


@pytest.fixture(scope="module")
def faults() -> list[str]:
    """Errors that a page reported, and what it asked for elsewhere."""
    return []


@pytest.fixture(scope="module")
def page(service: Service, faults: list[str]) -> Iterator[Any]:
    """A lecturer's page; nothing but the service itself can be reached from it."""
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.on("pageerror", lambda error: faults.append(str(error)))
        own = re.compile(rf"http://127\.0\.0\.1:{service.port}/|data:|blob:")
        page.on("request", lambda request: None if own.match(request.url) else faults.append(request.url))
        page.goto(f"{service.address}?token={TOKEN}")
        yield page


def test_the_afternoon(service: Service, page: Any, faults: list[str]) -> None:
    """Every step is a click, the page says what happened, and the points given by hand reach the student's page."""
    page.click("td.collect a")
    page.wait_for_selector(".modal-body")
    said = page.inner_text(".modal-body")
    assert "3 new" in said and "Refused" in said and "s1" in said
    page.click(".modal-footer button")
    page.wait_for_selector(".modal", state="detached")

    page.click("td.name a")  # the unit's name leads to its submissions, not to a sidebar
    page.click("#dlmath-grade")
    page.wait_for_function("/[12] of 3/.test($('#dlmath-progress').text())", timeout=60_000)
    other = service.get("api/grading").json()
    assert other["running"]["unit"] == UNIT, "another lecturer sees the same batch"
    page.wait_for_selector("#dlmath-result", timeout=60_000)
    assert "3 graded, 0 unchanged: 6 PASS" in page.inner_text("#dlmath-result")
    page.wait_for_function("$('td.status .label-info').length === 3")
    assert page.inner_text("td.student-name >> nth=0") == "s1", "a student without a name is called by the id"

    page.click("a:text('Manual Grading')")
    page.click(f"a:text('{UNIT}')")
    page.click("a:text('basics')")
    page.click("td.name a >> nth=0")
    score = page.wait_for_selector("#derive_mean")
    page.wait_for_function("document.activeElement.id === 'derive_mean'")  # what waits for a person is in focus
    assert page.locator(".nbgrader_cell math mfrac").count() == 1
    score.fill("8")
    page.fill("#derive_mean-comment", "Say why it is a minimum.")
    page.keyboard.press("Escape")
    page.wait_for_function("!$('#derive_mean').hasClass('needs_manual_grade')")

    page.goto(f"{service.address}/manage_submissions/{UNIT}")
    page.wait_for_selector("td.status .label-success")
    page.click("#dlmath-return")
    page.wait_for_selector(".modal-body", timeout=60_000)
    said = page.inner_text(".modal-body")
    assert "3 students can fetch" in said and "A person must still mark" in said
    returned = [path.read_text() for path in (service.room.exchange / COURSE / "feedback").glob("*.html")]
    [marked] = [text for text in returned if 'name="dlmath-score" content="98/100"' in text]
    assert "Say why it is a minimum." in marked
    assert not faults


def test_a_batch_can_be_cancelled_on_any_page(service: Service, page: Any) -> None:
    """What runs shows on every page, with its button."""
    page.goto(f"{service.address}/manage_submissions/{UNIT}")
    page.click("#dlmath-grade-all")
    page.wait_for_function("/of 3/.test($('#dlmath-progress').text())", timeout=60_000)
    page.goto(f"{service.address}/manage_students")
    page.click("button:text('Cancel')")
    service.graded()
    page.goto(f"{service.address}/manage_submissions/{UNIT}")
    page.wait_for_selector("#dlmath-result", timeout=60_000)
    assert "Cancelled" in page.inner_text("#dlmath-grading")


def test_students_are_enrolled_elsewhere(service: Service, page: Any) -> None:
    """The list of students says which command gives access to the hub."""
    page.goto(f"{service.address}/manage_students")
    assert "autograder roster import" in page.inner_text("#dlmath-enrol")
