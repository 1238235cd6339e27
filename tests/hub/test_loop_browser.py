"""The whole loop in a real browser, on the real hub: solve, hand in, collect, grade, mark by hand, return, read.

Two students at once, a wrong password, a student at the lecturers' door, and a hub that is restarted in the middle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.hub.chromium import browser
from tests.hub.course_hub import UNIT, CourseHub
from tests.hub.sigmoid_answers import OVERFLOWING_SIGMOID, RIGHT_SIGMOID

PATIENCE = 120_000  # milliseconds
MISTAKE = "underflowed to 0"  # of the key's sentence about OVERFLOWING_SIGMOID
DERIVATION = "The derivative of $\\sigma$ is $\\sigma(1-\\sigma)$, so the gradient is $\\frac{1}{n} X^\\top (p - y)$."

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def visit(hub: CourseHub) -> Iterator[Callable[[str], Any]]:
    """Opens the hub's login page in a browser of its own for a person, logs in, and gives the page."""
    with browser() as chromium:

        def enter(name: str, password: str = "", path: str = "/") -> Any:
            page = chromium.new_context(viewport={"width": 1280, "height": 860}).new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(hub.url + path)
            page.fill("input[name=username]", name)
            page.fill("input[name=password]", password or hub.passwords[name])
            page.click("input[type=submit], button[type=submit]")
            return page

        yield enter


def solve(page: Any, base: str, notebook: str, beginning: str, text: str) -> None:
    """Type into the cell that begins so, in JupyterLab; run and save it."""
    page.goto(f"{base}/lab/tree/dlmath/{UNIT}/{notebook}.ipynb")
    cell = page.locator(".jp-Notebook .jp-Cell", has_text=beginning).first
    cell.scroll_into_view_if_needed()
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    if "jp-MarkdownCell" in (cell.get_attribute("class") or ""):
        cell.dblclick()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)
    page.keyboard.type(" " if beginning.startswith("YOUR") else "# done")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Control+S")
    page.wait_for_function("!document.querySelector('.jp-mod-current .jp-DirtyIndicator, .jp-mod-dirty')")


def hand_in(page: Any, base: str) -> str:
    """Submit on the page of the units; what the confirmation says."""
    page.goto(f"{base}/dlmath")
    page.click("button:text-is('Submit')")
    page.wait_for_selector("dialog[open]")
    page.click("dialog button:text-matches('^Submit')")
    page.wait_for_selector("dialog >> text=/was handed in on/")
    said = str(page.inner_text("dialog"))
    page.click("text=Done")
    return said


def mark_by_hand(page: Any, cell: str, points: str) -> None:
    """Among the submissions listed, open the one whose answer a person must mark, and give points."""
    page.click("td.name a >> nth=0")
    score = page.wait_for_selector(f"#{cell}")
    page.wait_for_load_state("networkidle")  # the page asks for the marks when it is there, and then shows which wait
    if "needs_manual_grade" not in (score.get_attribute("class") or ""):
        page.click("a:text('Next')")  # the other student left the answer empty: nbgrader gives that 0 by itself
        page.wait_for_selector(f"#{cell}.needs_manual_grade").fill(points)
    else:
        score.fill(points)
    page.keyboard.press("Tab")
    page.wait_for_function(f"!document.getElementById('{cell}').classList.contains('needs_manual_grade')")


def test_a_wrong_password_is_refused(visit: Callable[..., Any]) -> None:
    """The page says so and lets one try again."""
    page = visit("student1", "not-the-password")
    page.wait_for_selector("text=/invalid username or password/i")
    assert page.locator("input[name=password]").is_visible()


def test_a_student_has_no_business_at_the_formgrader(hub: CourseHub, visit: Callable[..., Any]) -> None:
    """The lecturers' pages answer 403, with nothing of the course on them."""
    page = visit("student2", path="/services/dlmath/formgrader/manage_assignments")
    page.wait_for_selector("text=/403|forbidden|permission/i")
    assert UNIT not in page.content()


def test_the_loop(hub: CourseHub, visit: Callable[..., Any]) -> None:
    """Two students hand in; the hub is restarted; the lecturer grades and returns; each reads what is true of them."""
    answers = {"student1": RIGHT_SIGMOID, "student2": OVERFLOWING_SIGMOID}
    pages = {name: visit(name) for name in answers}  # both servers start at once
    for name, page in pages.items():
        page.wait_for_url(re.compile(f"/user/{name}/dlmath"))
        page.click("button:text-is('Fetch')")
        page.wait_for_selector("text=was fetched")
    for name, page in pages.items():
        base = f"{hub.url}/user/{name}"
        solve(page, base, "logistic", "def sigmoid(z", answers[name])
    solve(pages["student1"], f"{hub.url}/user/student1", "logistic", "YOUR ANSWER HERE", DERIVATION)
    page = pages["student1"]
    page.goto(f"{hub.url}/user/student1/dlmath")
    page.click("button:text-is('Validate')")
    page.wait_for_selector("text=/1 of 11 passed/")
    for name, page in pages.items():
        assert "SHA-256" in hand_in(page, f"{hub.url}/user/{name}")

    hub.restart()

    lecturer = visit("lecturer", path="/services/dlmath/formgrader/manage_assignments")
    lecturer.click("td.collect a")
    lecturer.wait_for_selector(".modal-body >> text=/2 new/")
    lecturer.click(".modal-footer button")
    lecturer.wait_for_selector(".modal", state="detached")
    lecturer.click("td.name a")
    lecturer.click("#dlmath-grade")
    lecturer.wait_for_function("$('td.status .label-info, td.status .label-success').length === 2")
    lecturer.click("a:text('Manual Grading')")
    lecturer.click(f"a:text('{UNIT}')")
    lecturer.click("a:text-is('logistic')")
    mark_by_hand(lecturer, "written_mse_on_sigmoid", "4")
    lecturer.goto(f"{hub.url}/services/dlmath/formgrader/manage_submissions/{UNIT}")
    lecturer.click("#dlmath-return")
    lecturer.wait_for_selector(".modal-body >> text=/2 students can fetch/")

    told, marks = {}, {}
    for name in answers:
        page = visit(name)
        page.wait_for_url(re.compile(f"/user/{name}/dlmath"))
        page.click("text=Feedback (new)")
        page.click("dialog .tabs button:text-matches('^logistic')")
        told[name] = page.frame_locator("dialog iframe").locator("body:has(h1)").inner_text()
        page.click("dialog >> text=Close")
        marks[name] = "/".join(re.findall(r"[\d.]+", page.wait_for_selector(".score").inner_text()))
    assert MISTAKE in told["student2"] and MISTAKE not in told["student1"]
    assert "10/100" in marks["student1"] and "3/100" in marks["student2"]
