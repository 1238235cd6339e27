"""An accepted or rejected answer becomes the text of a student's cell."""

import textwrap

import numpy as np
import pytest

from autograder.errors import KeyFault
from autograder.key import load_key
from autograder.key.sources import as_cell

KEY = """
import math
import itertools
import numpy as np
from autograder.key import Key, close
def shift(z): return z - z.max()
def exps(z): return np.exp(shift(z))
def softmax(z): return exps(z) / exps(z).sum()
def logsumexp(z): return np.log(exps(z).sum()) + z.max()
class Dual: ...
key = Key("unit/softmax", reference={"softmax": softmax, "logsumexp": logsumexp, "Dual": Dual})
@key.part("core", weight=1)
def agrees(answer, rng): close(answer.softmax(np.zeros(2)), np.full(2, 0.5))
"""


def cell(tmp_path, answer):
    path = tmp_path / "unit" / "softmax.py"
    path.parent.mkdir()
    path.write_text(KEY + textwrap.dedent(answer))
    key = load_key(tmp_path, "unit/softmax")
    return as_cell(key, key.accepted[0])


def test_function_is_renamed_and_helpers_come_along(tmp_path):
    """Helpers are followed through helpers; decorators, other answers and numpy's import stay behind."""
    text = cell(tmp_path, '@key.accept("softmax")\ndef plain(z):\n    "doc"\n    return exps(z) / math.fsum(exps(z))\n')
    assert text.startswith("import math\n\ndef shift(z):") and "key" not in text and "import numpy" not in text
    names = {"np": np}
    exec(text, names)
    assert np.allclose(names["softmax"](np.zeros(2)), 0.5)


def test_recursion_follows_the_new_name(tmp_path):
    """A function that calls itself still does."""
    answer = '@key.accept("softmax")\ndef again(z, n=2): return z if n == 0 else again(z, n - 1)\n'
    assert "softmax(z, n - 1)" in cell(tmp_path, answer)


def test_static_methods_become_functions(tmp_path):
    """Each method stands alone under the exercise's name."""
    answer = """
    @key.accept
    class both:
        @staticmethod
        def softmax(z): return shift(z)
        @staticmethod
        def logsumexp(z): return z
    """
    text = cell(tmp_path, answer)
    assert "class" not in text and "staticmethod" not in text
    assert text.index("def shift") < text.index("def softmax") < text.index("def logsumexp")


def test_class_answers_keep_their_methods(tmp_path):
    """A class that replaces a class is renamed, inside too."""
    answer = """
    @key.accept("Dual")
    class Pair:
        def __init__(self, a): self.a = a
        @property
        def twice(self): return Pair(2 * self.a)
    """
    names = {}
    exec(cell(tmp_path, answer), names)
    assert names["Dual"](1).twice.a == 2


def test_nested_functions_and_own_variables_are_no_helpers(tmp_path):
    """A local name that happens to be a helper's is not fetched."""
    answer = '@key.accept("softmax")\ndef local(z):\n    def shift(q): return q\n    return shift(z)\n'
    assert cell(tmp_path, answer).count("def shift") == 1


def test_names_that_students_do_not_have_are_refused(tmp_path):
    """close comes from autograder."""
    with pytest.raises(KeyFault, match="answer lazy: got the name close"):
        cell(tmp_path, '@key.accept("softmax")\ndef lazy(z): return close(z, z)\n')
