"""Planted keys for the tests of marking."""

from __future__ import annotations

import textwrap
from pathlib import Path

from autograder.key import Key, load_key

SOFTMAX = """
import numpy as np
from autograder.key import Key, N0, close, standard

def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

key = Key("unit/softmax", reference=softmax, bans=N0)

@key.part("worked", weight=1)
def two_equal_logits(answer, rng):
    close(answer(np.zeros((1, 2))), np.full((1, 2), 0.5), what="p")

@key.part("core", weight=5)
def agrees_with_the_reference(answer, rng):
    z = rng.normal(size=(5, 7))
    close(answer(z), softmax(z))

@key.part("edge", weight=2, feedback="Try logits of size 1000.")
def survives_large_logits(answer, rng):
    z = 1e4 * rng.normal(size=(3, 4))
    close(answer(z), softmax(z))

@key.accept
def by_logaddexp(z):
    return np.exp(z - np.logaddexp.reduce(z, axis=-1, keepdims=True))

@key.reject("Subtract the maximum first.", fails=["survives_large_logits"])
def overflow(z):
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)

@key.reject("Probabilities must sum to 1 in each row.", fails=["agrees_with_the_reference", "survives_large_logits"])
def over_everything(z):
    e = np.exp(z - z.max())
    return e / e.sum()

@key.reject("One class is missing.", fails=["two_equal_logits", "agrees_with_the_reference", "survives_large_logits"])
def last_column_lost(z):
    return softmax(z[:, :-1])

@key.reject("The last one is gone.", fails=["two_equal_logits", "agrees_with_the_reference", "survives_large_logits"])
def last_column_cut(z):
    return softmax(z[:, :-1])
"""

GOOD = """
def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
"""


def planted(folder: Path, text: str = SOFTMAX, name: str = "softmax") -> Key:
    """The key of this text, in a course of its own."""
    path = folder / "unit" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return load_key(folder, f"unit/{name}")


def body(parts: str, name: str = "f", reference: str = "def f(x): return 2 * x", more: str = "reference=f") -> str:
    """The text of a key with this reference and these parts."""
    head = "import numpy as np\nfrom autograder.key import Key, Mismatch, check, close, exact, expose, standard\n"
    return f"{head}{reference}\nkey = Key('unit/{name}', {more})\n{textwrap.dedent(parts)}"
