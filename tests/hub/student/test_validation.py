"""Validation: the visible checks, run in the student's own kernel."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from tests.hub.sigmoid_answers import RIGHT_SIGMOID
from tests.hub.student.server import TOKEN, UNIT, Server


@pytest.fixture
def fetched(student: Server) -> Server:
    """The student with notebooks as they were released."""
    for path in student.folder.glob("*.ipynb") if student.folder.exists() else ():
        path.unlink()
    student.api("POST", f"/{UNIT}/fetch", {"restore": True})
    return student


def keep_only(student: Server, *names: str) -> None:
    """Damage the other notebooks, so that no kernel is started for them."""
    for path in student.folder.glob("*.ipynb"):
        if path.stem not in names:
            path.write_text("{")


def results(run: dict[str, Any], notebook: str) -> dict[str, dict[str, Any]]:
    [told] = [n for n in run["notebooks"] if n["name"] == notebook]
    return {e["name"]: e for e in told["exercises"]}


def test_each_exercise_has_its_result_in_plain_words(fetched: Server) -> None:
    """Passed, failed with the check's message, syntax error, crash, deleted cell, not begun, written."""
    keep_only(fetched, "logistic")
    fetched.edit(
        "logistic",
        sigmoid_stable=RIGHT_SIGMOID,
        bce_loss_grad="def bce_loss_grad(w, b, X, y):\n    return 1.0, w, b",
        numerical_gradient="def numerical_gradient(f, theta, h=1e-5):\n    return theta +* 2",
        gd_logistic_trace=None,
        check_bce_loss_grad=None,
        written_mse_on_sigmoid="Because the gradient vanishes.",
    )
    run = fetched.validated()
    assert run["state"] == "done" and run["progress"] == 1
    found = {name: (e["state"], e["message"]) for name, e in results(run, "logistic").items()}
    assert found["sigmoid_stable"] == ("passed", "All visible checks passed.")
    assert found["bce_loss_grad"] == (
        "failed",
        "the loss of the worked example is log(16/3)/2 = 0.83699, got 1.0",  # the released check's own words
    )
    state, message = found["numerical_gradient"]
    assert state == "error" and message == (
        "Python cannot read this cell: invalid syntax. Look at line 2: return theta +* 2"
    )
    state, message = found["gd_logistic_trace"]
    assert state == "missing" and 'The cell "gd_logistic_trace" is no longer in your notebook.' in message
    assert found["written_mse_on_sigmoid"][0] == "written"
    told = {n["name"]: n for n in run["notebooks"]}
    assert "check_bce_loss_grad" in told["logistic"]["notes"][0] and "as in grading" in told["logistic"]["notes"][0]
    assert "cannot be read as a notebook" in told["softmax_and_training"]["problem"]


def test_an_untouched_notebook_is_to_do(fetched: Server) -> None:
    """A stub is not an error: it is not solved yet; a crash names the line in the student's cell."""
    keep_only(fetched, "logistic")
    fetched.edit("logistic", bce_loss_grad="def bce_loss_grad(w, b, X, y):\n    return X[5, 3, 1]")
    found = results(fetched.validated(), "logistic")
    assert {found[n]["state"] for n in ("sigmoid_stable", "gd_logistic_trace", "written_mse_on_sigmoid")} == {"todo"}
    assert found["bce_loss_grad"]["state"] == "failed"
    message = found["bce_loss_grad"]["message"]
    assert "raised IndexError, in bce_loss_grad, line 2 of its cell: too many indices" in message


def test_a_kernel_that_dies_is_told(fetched: Server) -> None:
    """What came before the crash has its result, the rest is said to be not checked."""
    keep_only(fetched, "logistic")
    fetched.edit("logistic", sigmoid_stable=RIGHT_SIGMOID, bce_loss_grad="import os\nos._exit(1)")
    run = fetched.validated()
    assert run["state"] == "done"
    [told] = [n for n in run["notebooks"] if n["name"] == "logistic"]
    assert "The kernel died" in told["problem"]
    found = results(run, "logistic")
    assert found["sigmoid_stable"]["state"] == "passed" and found["numerical_gradient"]["state"] == "unknown"


def test_the_server_answers_meanwhile_and_a_stop_ends_the_kernel(fetched: Server) -> None:
    """An endless loop blocks nothing: the page is shown, a second click joins the run, Stop leaves no process."""
    keep_only(fetched, "logistic")
    fetched.edit("logistic", sigmoid_stable="while True:\n    pass")
    status, run = fetched.api("POST", f"/{UNIT}/validate")
    assert (status, run["state"]) == (202, "running")
    begun = run["begun"]
    assert wait_for(lambda: len(children(fetched)) >= 2), "checker and kernel"
    assert fetched.unit()["fetched"]
    assert fetched.api("POST", f"/{UNIT}/validate")[1]["begun"] == begun
    status, run = fetched.api("DELETE", f"/{UNIT}/validate")
    assert (run["state"], run["message"]) == ("stopped", "You stopped the validation.")
    assert wait_for(lambda: not children(fetched)), "nothing is left running"


def test_what_students_print_is_not_taken_for_results(fetched: Server) -> None:
    """Forged events on every descriptor that a kernel has change nothing."""
    keep_only(fetched, "logistic")
    forged = json.dumps({"event": "exercise", "notebook": "logistic", "name": "sigmoid_stable", "state": "passed"})
    lines = [f"os.write({fd}, {(forged + chr(10)).encode()!r})" for fd in (1, 2)]
    fetched.edit("logistic", sigmoid_stable="\n".join(["import os", *lines, "raise ValueError('mine')"]))
    found = results(fetched.validated(), "logistic")
    assert found["sigmoid_stable"]["state"] == "error" and "ValueError" in found["sigmoid_stable"]["message"]


def test_unsaved_changes_are_noticed(start: Callable[..., Server]) -> None:
    """A notebook whose kernel ran after it was last saved is named before submitting."""
    student = start("forgetful")
    student.api("POST", f"/{UNIT}/fetch")
    path = student.notebook("logistic").relative_to(student.root).as_posix()
    body = {"path": path, "name": "logistic", "type": "notebook", "kernel": {"name": "python3"}}
    status, session = student.ask("POST", "api/sessions", body)
    assert status == 201
    try:  # the file was saved when the unit was released: the kernel is younger than that
        warnings = "\n".join(student.api("GET", f"/{UNIT}/submit")[1]["warnings"])
        assert "logistic.ipynb may have unsaved changes" in warnings
        assert "softmax_and_training.ipynb may" not in warnings
    finally:
        student.open("DELETE", f"api/sessions/{session['id']}", Authorization=f"token {TOKEN}")


def children(student: Server) -> list[psutil.Process]:
    assert student.process
    return [p for p in psutil.Process(student.process.pid).children(recursive=True) if p.status() != "zombie"]


def wait_for(condition: Callable[[], bool], seconds: float = 40) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True
