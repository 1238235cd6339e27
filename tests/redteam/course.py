"""A small course with secrets all over it, and a class of attackers."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from autograder.build import release
from autograder.cells import grade_id
from autograder.course import Course
from tests.redteam.attack import RIGHT, WRONG, Attack

__all__ = ["UNIT", "canaries", "make_course", "submit"]

UNIT = "unit01_attack"

SOURCE = '''
# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

# %% nbgrader={"grade": false, "grade_id": "double", "locked": false, "schema_version": 3, "solution": true, "task": false}
def double(x):
    """Twice the array x."""
    ### BEGIN SOLUTION
    return 2 * np.asarray(x)  # CANARY-solution
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test_double", "locked": true, "points": 95, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark
mark("unit01_attack/double", double)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax(z):
    """Softmax of each row."""
    ### BEGIN SOLUTION
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test_softmax", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark
mark("unit01_attack/softmax", softmax)
### END HIDDEN TESTS
'''

DOUBLE = '''
"""Answer key CANARY-key."""
import numpy as np
from autograder.key import N0, Key, close

def double(x):
    return 2 * np.asarray(x)

key = Key("unit01_attack/double", reference=double)

@key.part("worked", weight=5)
def one_array(answer, rng):
    close(answer(np.array([1.0, 2.0, 3.0])), np.array([2.0, 4.0, 6.0]))

@key.part("core", weight=90)
def many_arrays(answer, rng):
    for _ in range(3):
        x = rng.normal(size=3)
        close(answer(x.copy()), double(x))

@key.reject("You return the array as it is.", fails=["one_array", "many_arrays"])
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
    course.private.mkdir(mode=0o700, exist_ok=True)
    (course.private / "secret").write_text(f"CANARY-secret-{secrets.token_hex(8)}")
    (folder / "outside.txt").write_text("CANARY-file")
    return course


def canaries(course: Course) -> list[str]:
    """Texts that no attacker may ever see."""
    secret = (course.private / "secret").read_text()
    return [
        secret,
        "CANARY-solution",
        "CANARY-key",
        "CANARY-file",
        "CANARY-environment",
        "CANARY-other",
        "IMPORTED",
        "CONNECTED",
    ]


def submit(course: Course, attack: Attack, tokens: dict[str, str]) -> None:
    """Hand in the released notebook with the attack in it."""
    released = course.release / UNIT / "attack.ipynb"
    notebook = json.loads(released.read_bytes())
    for cell in notebook["cells"]:
        if grade_id(cell) in ("double", "softmax"):
            cell["source"] = attack.double if grade_id(cell) == "double" else RIGHT
    if attack.cell:
        notebook["cells"].insert(1, _code(attack.cell, attack.cell_metadata))
    if attack.change:
        attack.change(notebook["cells"])
    text = json.dumps(notebook)
    for token, value in tokens.items():
        text = text.replace(token, json.dumps(value)[1:-1])
    target = course.submitted / attack.student / UNIT / "attack.ipynb"
    target.parent.mkdir(parents=True)
    target.write_text(text)


def _code(source: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": source}


HONEST = [
    Attack(0, "honest at the start", double="def double(x):\n    return np.asarray(x) * 2", keeps=100.0),
    Attack(0, "honest at the end", double="def double(x):\n    return x + x  # CANARY-other", keeps=100.0),
    Attack(0, "honestly wrong", double=WRONG),
]
