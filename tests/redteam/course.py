"""A small course with secrets all over it, and how a class of attackers hands in."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from autograder.build import release
from autograder.cells import grade_id
from autograder.course import Course
from tests.redteam.attack import FULL, HIDDEN, IN_LETTERS, RIGHT_SOFTMAX, WRONG, Attack

__all__ = ["HONEST", "UNIT", "canaries", "make_course", "submit"]

UNIT = "unit01_attack"
SCHEMA = '"schema_version": 3, "task": false}'

SOURCE = f'''
# %% nbgrader={{"grade": false, "grade_id": "setup", "locked": true, "solution": false, {SCHEMA}
import numpy as np
import scipy.sparse
import torch

# %% nbgrader={{"grade": false, "grade_id": "noise", "locked": true, "solution": false, {SCHEMA}
import sys
import warnings
print("a locked cell talks", file=sys.stderr)
warnings.warn("a locked cell warns")

# %% nbgrader={{"grade": false, "grade_id": "double", "locked": false, "solution": true, {SCHEMA}
def double(x):
    """Twice the array x."""
    ### BEGIN SOLUTION
    return 2 * np.asarray(x)  # CANARY-solution
    ### END SOLUTION

# %% nbgrader={{"grade": true, "grade_id": "test_double", "locked": true, "points": 90, "solution": false, {SCHEMA}
### BEGIN HIDDEN TESTS
from autograder import mark
mark("unit01_attack/double", double)
### END HIDDEN TESTS

# %% nbgrader={{"grade": false, "grade_id": "softmax", "locked": false, "solution": true, {SCHEMA}
def softmax(z):
    """Softmax of each row."""
    ### BEGIN SOLUTION
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
    ### END SOLUTION

# %% nbgrader={{"grade": true, "grade_id": "test_softmax", "locked": true, "points": 5, "solution": false, {SCHEMA}
### BEGIN HIDDEN TESTS
from autograder import mark
mark("unit01_attack/softmax", softmax)
### END HIDDEN TESTS

# %% [markdown] nbgrader={{"grade": true, "grade_id": "why", "locked": false, "points": 5, "solution": true, {SCHEMA}
r"""Why?"""
'''

PLAIN = f"""
import sys
import warnings
print("a test talks", file=sys.stderr)
warnings.warn("a test warns")
assert double(2) == 4, "twice two"
### BEGIN HIDDEN TESTS
assert double({HIDDEN}) == 2 * {HIDDEN}, "CANARY-hidden"
assert np.allclose(double(np.arange(3.0)), [0.0, 2.0, 4.0]), "CANARY-hidden"
### END HIDDEN TESTS
"""

DOUBLE = f'''
"""Answer key CANARY-key."""
import numpy as np
from autograder.key import N0, Key, close

def double(x):
    return 2 * np.asarray(x)

key = Key("unit01_attack/double", reference=double)

@key.part("worked", weight=5)
def one_array(answer, rng):
    close(answer(np.array([1.0, 2.0, 3.0])), np.array([2.0, 4.0, 6.0]))

@key.part("core", weight=75)
def many_arrays(answer, rng):
    for _ in range(3):
        x = rng.normal(size=3)
        close(answer(x.copy()), double(x))

@key.part("edge", weight=10)
def large_numbers(answer, rng):
    x = np.array([{HIDDEN}.0, 1.0, 0.5])
    close(answer(x.copy()), double(x))

@key.reject("You return the array as it is.", fails=["one_array", "many_arrays", "large_numbers"])
def identity(x):
    return x
'''

SOFTMAX = """
import numpy as np
from autograder.key import N0, Key, close

def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

key = Key("unit01_attack/softmax", reference=softmax)

@key.part("core", weight=5)
def agrees_with_the_reference(answer, rng):
    z = rng.normal(size=(4, 3))
    close(answer(z.copy()), softmax(z))

@key.reject("You do not divide by the sum.", fails=["agrees_with_the_reference"])
def without_sum(z):
    return np.exp(z)
"""


def make_course(folder: Path) -> Course:
    """Release the unit and plant a canary wherever a secret could lie."""
    (folder / "source" / UNIT).mkdir(parents=True)
    (folder / "solutions" / UNIT).mkdir(parents=True)
    (folder / "source" / UNIT / "attack.py").write_text(SOURCE)
    (folder / "solutions" / UNIT / "double.py").write_text(DOUBLE)
    (folder / "solutions" / UNIT / "softmax.py").write_text(SOFTMAX)
    course = Course.at(folder)
    release(course, [UNIT])
    _add_plain_test(course)
    course.private.mkdir(mode=0o700, exist_ok=True)
    (course.private / "secret").write_text(f"CANARY-secret-{secrets.token_hex(8)}")
    (folder / "outside.txt").write_text("CANARY-file")
    return course


def _add_plain_test(course: Course) -> None:
    """A test of asserts behind the first, as courses have them that were not written for this grader."""
    hidden = PLAIN.strip()
    visible = hidden[: hidden.index("### BEGIN HIDDEN")].strip()
    flags = {"grade": True, "grade_id": "plain", "locked": True, "points": 5, "schema_version": 3, "solution": False}
    for folder, text in ((course.source, hidden), (course.release, visible)):
        path = folder / UNIT / "attack.ipynb"
        notebook = json.loads(path.read_bytes())
        names = [grade_id(c) for c in notebook["cells"]]
        test = {**code(text, {"nbgrader": {**flags, "task": False}}), "id": "plain"}
        notebook["cells"].insert(names.index("test_double") + 1, test)
        path.write_text(json.dumps(notebook))
    (course.home / "gradebook.db").unlink(missing_ok=True)  # made again from the source when it is first needed


def canaries(course: Course) -> list[str]:
    """Texts that no attacker may ever see."""
    secret = (course.private / "secret").read_text()
    names = ("solution", "key", "file", "environment", "other", "hidden")
    return [secret, HIDDEN, IN_LETTERS, "IMPORTED", "CONNECTED", *(f"CANARY-{name}" for name in names)]


def submit(course: Course, attack: Attack, tokens: dict[str, str]) -> None:
    """Hand in the released notebook with the attack in it."""
    target = course.submitted / attack.student / UNIT / "attack.ipynb"
    target.parent.mkdir(parents=True)
    notebook = _notebook(course, attack)
    if attack.document:
        target.write_bytes(attack.document(notebook))
    else:
        text = json.dumps(notebook)
        for token, value in tokens.items():
            text = text.replace(token, json.dumps(value)[1:-1])
        target.write_text(text)
    if attack.place:
        attack.place(target.parent, course.home)


def _notebook(course: Course, attack: Attack) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads((course.release / UNIT / "attack.ipynb").read_bytes())
    answers = {"double": attack.double, "softmax": RIGHT_SOFTMAX, "why": attack.written}
    for cell in notebook["cells"]:
        cell["source"] = answers.get(grade_id(cell), cell["source"])
    if attack.cell:
        names = [grade_id(cell) for cell in notebook["cells"]]
        notebook["cells"].insert(names.index("noise") + 1, code(attack.cell, attack.cell_metadata))
    if attack.after:
        notebook["cells"].append(code(attack.after))
    if attack.change:
        attack.change(notebook["cells"])
    return notebook


def code(source: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """A code cell of the student's own."""
    return {"cell_type": "code", "execution_count": None, "metadata": metadata or {}, "outputs": [], "source": source}


HONEST = [
    Attack(0, "honest at the start", double="def double(x):\n    return np.asarray(x) * 2", most=FULL, keeps=FULL),
    Attack(0, "honest at the end", double="def double(x):\n    return x + x  # CANARY-other", most=FULL, keeps=FULL,
           student="zz_honest"),
    Attack(0, "honestly wrong", double=WRONG, student="m_honestly_wrong"),
]  # fmt: skip
