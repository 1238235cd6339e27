"""The page says what the student needs, shows nothing hidden, and runs nothing."""

from __future__ import annotations

import copy
import re
import time
from html.parser import HTMLParser

import msgspec
import pytest
from jinja2 import Environment
from markdown_it import MarkdownIt

from autograder.feedback import page
from autograder.feedback.marks import CellMark, NotebookMarks
from autograder.feedback.page import STATES
from autograder.record.answers import NO_RESPONSE
from autograder.results import NotebookResult, Verdict
from tests.feedback.samples import EXERCISES, MARKS, NOTEBOOK, RESULT, SUBMISSION, code, prose, stream

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "</code></pre><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\text{<script>alert(1)</script>}$",
    r"$$\style{background:url(https://evil.example)}{x}$$",
    r"$\class{k}{x}$",
    "<style>body{display:none}</style>",
    "&lt;script&gt;",
    "{{ 7 * 7 }}{% include 'x' %}",
)
CODE_LIKE = re.compile(r"^\s*(javascript|vbscript|data:(?!image/png))", re.IGNORECASE)


class Elements(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def harmless(text: str) -> None:
    """No script, no handler, no style or picture from elsewhere."""
    for tag, attributes in Elements(text).found:
        assert tag not in {"script", "iframe", "object", "embed", "svg", "form", "base", "link", "input", "video"}, tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style"
            if name in {"href", "src", "action", "formaction", "xlink:href"}:
                assert not CODE_LIKE.match(value or ""), value
            if name == "src":
                assert (value or "").startswith("data:image/png;base64,")


def whole(**changes) -> str:
    return page(SUBMISSION, RESULT, changes.get("notebook", NOTEBOOK), changes.get("marks", MARKS), "2030-02-01T12:00")


def test_every_verdict_has_word_and_icon():
    """The summary names each exercise's outcome in words."""
    text = whole()
    for state in ("PASS", "FAIL", "CRASH", "TIMEOUT", "BLOCKED", "BROKEN", "WAITS", "MARKED"):
        icon, word, _ = STATES[state]
        assert icon in text and word in text
    assert set(STATES) >= {str(v) for v in Verdict}


def test_an_answer_that_was_never_begun_is_not_called_a_crash():
    """Who wrote nothing reads that, instead of what each part made of the empty function."""
    left = {"newton": CellMark(comment=NO_RESPONSE), "softmax": CellMark(comment=NO_RESPONSE)}
    marks = NotebookMarks(cells={**MARKS.cells, **left, "test_newton": CellMark(auto=0.0)})
    text = whole(marks=marks)
    section = text[text.index('<section id="test_newton"') :].split("</section>")[0]
    assert "not answered" in section and "not defined" not in section and "Comment" not in section
    earned = text[text.index('<section id="test_softmax"') :].split("</section>")[0]
    assert "partly right" in earned, "points were earned: somebody answered"


def test_the_diagnosis_and_messages_are_there():
    """Diagnosis, messages, got and expected, notes and comments reach the student."""
    text = whole()
    for said in (
        "Your exponentials overflow: subtract each row&#39;s maximum",
        "newton: not defined.",
        "2.7726",
        "0.6931",
        "it was graded as released",
        "Say why the Hessian is positive semi-definite.",
    ):
        assert said in text


def test_points_are_the_gradebooks():
    """The total is nbgrader's sum of the marks, and what waits is named."""
    text = whole()
    assert "<strong>14.5</strong> of 45 points" in text
    assert "2 answers still wait for a person" in text


def score_line(text: str) -> str:
    return next(
        a["content"] or "" for tag, a in Elements(text).found if tag == "meta" and a.get("name") == "dlmath-score"
    )


def test_the_score_can_be_read_by_a_program():
    """The head says `earned/possible`, as the page does, and `pending` while a person still has to mark something."""
    text = page(SUBMISSION, RESULT, NOTEBOOK, MARKS)
    earned, possible = re.search(r"<strong>(.*?)</strong> of (\S+) points", text).groups()
    assert score_line(text) == f"{earned}/{possible} pending"
    decided = copy.deepcopy(MARKS)
    for mark in decided.cells.values():
        mark.waits = False
    assert score_line(page(SUBMISSION, RESULT, NOTEBOOK, decided)) == f"{earned}/{possible}"


def test_nothing_hidden_is_shown():
    """Test cells, their outputs, the checks' source and the notes for staff stay away."""
    assert "SECRET" not in whole()


def test_formulas_are_mathml():
    """Formulas of statements and of written answers are drawn without a script."""
    text = whole()
    assert '<math display="block"' in text
    assert "<mfrac>" in text
    assert "\\frac" not in text


@pytest.mark.parametrize("attack", ATTACKS)
def test_student_text_is_only_text(attack):
    """Markup in code, output, written answers, comments, names and notes does nothing."""
    notebook = {
        "cells": [
            code("softmax", attack, [stream(attack), {"output_type": "error", "ename": attack, "evalue": attack}]),
            code("x", "1", [{"output_type": "display_data", "data": {"text/html": attack, "image/svg+xml": attack}}]),
            code("y", "1", [{"output_type": "display_data", "data": {"image/png": attack, "text/plain": attack}}]),
            prose("free", attack),
            code("test_softmax", "", grade=True, locked=True, points=8),
            prose("derive", f"# {attack}\n{attack}", grade=True, solution=True, points=4),
        ]
    }
    exercise = msgspec.structs.replace(EXERCISES[0], message=attack, diagnosis=attack)
    result = NotebookResult(name=attack, exercises=(exercise,), notes=(attack,), manual=("derive",))
    submission = msgspec.structs.replace(SUBMISSION, student=attack, unit=attack, notes=(attack,))
    marks = copy.deepcopy(MARKS)
    marks.cells["derive"].comment = attack
    text = page(submission, result, notebook, marks, "2030", "1")
    harmless(text)
    assert "<script" not in text.lower()


def test_the_policy_forbids_everything_else():
    """The page carries a content security policy without scripts, and asks for nothing from elsewhere."""
    text = whole()
    assert "default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:" in text
    harmless(text)
    assert not re.search(r"(?:src|@import|url\()\s*[=(]?[\"']?https?:", text)


@pytest.mark.parametrize("source", ["'", '"""', "(", "#", "a", "\x1b[31m", "$", "'" + "a" * 60 + "\n"])
def test_monstrous_text_is_cut(source):
    """A million hostile characters leave a page of bounded size, in 2 s of processor time (0.02 s are needed)."""
    source = (source * 1_000_000)[:1_000_000]
    notebook = {"cells": [code("a", source, [stream(source)]), prose("b", source), *NOTEBOOK["cells"]]}
    began = time.process_time()
    text = whole(notebook=notebook)
    assert time.process_time() - began < 2
    assert len(text) < 1_000_000


@pytest.mark.parametrize("source", [">" * 19_000, "[" * 19_000, "*a " * 6_000, "$" + "{" * 3_000 + "$", "`" * 19_000])
def test_nested_markdown_ends(source):
    """Nesting that exhausts a recursive renderer is shown as text, and what is longer is not even given to it."""
    whole(notebook={"cells": [prose("b", source), *NOTEBOOK["cells"]]})
    text = whole(notebook={"cells": [prose("b", source * 10), *NOTEBOOK["cells"]]})
    assert "... (cut)</pre>" in text


def test_pictures_are_bounded_and_png():
    """Only a PNG of bearable size is embedded."""
    import base64

    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 900).decode()
    huge = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 900_000).decode()
    other = base64.b64encode(b"<svg onload=alert(1)>").decode()
    cells = [code("a", "1", [{"output_type": "display_data", "data": {"image/png": p}} for p in (png, huge, other)])]
    text = whole(notebook={"cells": cells})
    assert text.count("<img") == 1
    assert "too large" in text


def test_a_further_page_costs_only_what_is_new(monkeypatch):
    """The template is read once, and the statement cells of a class are rendered once."""
    whole()
    rendered = []
    monkeypatch.setattr(MarkdownIt, "render", lambda _, text: rendered.append(text) or "shown")
    monkeypatch.delattr(Environment, "compile")
    assert "shown" in whole(notebook={"cells": [prose("new", "My own words."), *NOTEBOOK["cells"]]})
    assert rendered == ["My own words."]
