"""A course of one unit with two exercises and a written derivation, made where a test wants it."""

from __future__ import annotations

import json
from pathlib import Path

from autograder.build import release
from autograder.course import Course

UNIT = "unit01_basics"


def header(grade_id: str, points: float | None = None, kind: str = "", **flags: object) -> str:
    """A py:percent cell header with nbgrader's metadata."""
    metadata = {"grade": False, "grade_id": grade_id, "locked": False, "schema_version": 3, "solution": False}
    metadata |= {"task": False} | flags | ({"points": points} if points is not None else {})
    return f"# %%{' [markdown]' if kind else ''} nbgrader={json.dumps(metadata, sort_keys=True)}"


def exercise(name: str, points: float, body: str) -> str:
    """Statement, solution cell, visible check and test cell of a function of one argument."""
    return f'''
{header(f"about_{name}", kind="markdown", locked=True)}
r"""
## {name}

Write it yourself.
"""

{header(name, solution=True)}
def {name}(x):
    """What the statement says."""
    ### BEGIN SOLUTION
    {body}
    ### END SOLUTION

{header(f"check_{name}", locked=True)}
assert callable({name}), "{name} must be a function"

{header(f"test_{name}", points, grade=True, locked=True)}
### BEGIN HIDDEN TESTS
from autograder import mark
mark("{UNIT}/{name}", {name})
### END HIDDEN TESTS
'''


DERIVATION = f'''
{header("derive_mean", 10, kind="markdown", grade=True, solution=True)}
r"""
The mean minimises the sum of squared distances because the derivative is zero there.
"""
'''

START = '''# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: nbgrader,tags
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Basics
"""

# %%
import numpy as np
'''

DOUBLED = "return np.asarray(x, dtype=float) * 2.0 + 0.0 * np.sum(x)"
TEXT = START + exercise("doubled", 50, DOUBLED) + exercise("mean_of", 40, "return sum(x) / len(x)") + DERIVATION

KEY = '''"""Answer key: {name}."""

import numpy as np

from autograder.key import Key, close


def {name}(x):
    {body}


key = Key("{unit}/{name}", reference={name})


@key.part("worked", weight=1, show=True)
def two_numbers(answer, rng):
    close(answer(np.array([1.0, 3.0])), {name}(np.array([1.0, 3.0])))


@key.part("core", weight={rest})
def agrees_with_the_reference(answer, rng):
    x = rng.normal(size=5)
    close(answer(x), {name}(x))


@key.accept
def the_same(x):
    {body}


@key.reject("You returned the input.", fails=["two_numbers", "agrees_with_the_reference"])
def unchanged(x):
    return x
'''


def write_key(course: Course, name: str, points: float, body: str) -> None:
    path = course.solutions / UNIT / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(KEY.format(name=name, body=body, unit=UNIT, rest=points - 1))


def make_course(folder: Path, text: str = TEXT) -> Course:
    """A sound course, but for what `text` brings in."""
    (folder / "source" / UNIT).mkdir(parents=True)
    (folder / "source" / UNIT / "basics.py").write_text(text)
    (folder / "source" / UNIT / "data.csv").write_text("x,y\n1,2\n")
    course = Course.at(folder)
    write_key(course, "doubled", 50, DOUBLED)
    write_key(course, "mean_of", 40, "return sum(x) / len(x)")
    return course


def released_course(folder: Path) -> Course:
    """The sound course, built and released."""
    course = make_course(folder)
    release(course)
    return course
