"""Keys declare parts and answers; what does not fit together is refused with file and name."""

import textwrap

import pytest

from autograder.errors import KeyFault
from autograder.key import N0, Bans, load_key

HEAD = """
import numpy as np
from autograder.key import Key, close, N0
def double(x): return 2 * x
def triple(x): return 3 * x
key = Key("unit/double", reference=double, bans=N0)
"""
PART = """
@key.part("core", weight=2)
def doubles(answer, rng): close(answer(1.0), 2.0)
"""


def write(tmp_path, text, name="double"):
    path = tmp_path / "unit" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return tmp_path


def test_a_key_knows_its_parts_and_answers(tmp_path):
    """Functions, points, parts, accepted and rejected answers are read from one file."""
    text = (
        HEAD
        + PART
        + '@key.accept\ndef by_sum(x): return x + x\n@key.reject("Two.", fails=["doubles"])\ndef t(x): return 3*x\n'
    )
    key = load_key(write(tmp_path, text), "unit/double")
    assert (key.id, key.functions, key.points) == ("unit/double", ("double",), 2.0)
    assert [p.name for p in key.parts] == ["doubles"] and not key.parts[0].show
    assert [(v.name, v.sentence, set(v.fails)) for v in key.rejected] == [("t", "Two.", {"doubles"})]
    assert key.accepted[0].targets["double"](2) == 4


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        ("", "got no part"),
        (PART + PART, "part doubles twice"),
        (PART.replace("weight=2", "weight=0"), "weight 0 in part doubles"),
        (PART.replace("weight=2", "weight=True"), "weight True in part doubles"),
        (PART.replace('"core"', '"hard"'), 'kind "hard" in part doubles, expected one of worked, core, edge'),
        (PART.replace("answer, rng", "f"), "other arguments of part doubles"),
        (PART + '@key.reject("x", fails=["dubles"])\ndef r(x): return x\n', r"fails=\['dubles'\] in answer r"),
        (PART + '@key.reject("x", fails=[])\ndef r(x): return x\n', "in answer r"),
        (PART + '@key.reject(" ", fails=["doubles"])\ndef r(x): return x\n', "without sentence"),
        (PART + '@key.accept("half")\ndef r(x): return x\n', "answer r for half"),
        (PART + "@key.accept\ndef r(x): return x\n@key.accept\ndef r(x): return x\n", "answer r twice"),
        (PART + 'key2 = Key("unit/other", reference=double)\n', "got unit/double, unit/other"),
        (PART + "1 / 0\n", "got ZeroDivisionError"),
        (PART + 'key.equivalent("m", " ")\n', "without reason"),
    ],
)
def test_faults_of_a_key_are_named(tmp_path, tail, message):
    """The text names the file and what is wrong."""
    with pytest.raises(KeyFault, match=message) as caught:
        load_key(write(tmp_path, HEAD + tail), "unit/double")
    assert "unit/double.py" in str(caught.value)


def test_a_key_must_lie_where_its_id_says(tmp_path):
    """Another id, a missing file and an odd id are refused."""
    write(tmp_path, HEAD + PART, "other")
    for name, message in [("unit/other", "got unit/double"), ("unit/none", "got no file"), ("../x", "expected")]:
        with pytest.raises(KeyFault, match=message):
            load_key(tmp_path, name)


def test_a_changed_key_is_read_again(tmp_path):
    """The same object while the file stands, a new one with another version after a change."""
    import os

    home = write(tmp_path, HEAD + PART)
    first = load_key(home, "unit/double")
    assert load_key(home, "unit/double") is first
    write(tmp_path, HEAD + PART.replace("weight=2", "weight=3"))
    os.utime(tmp_path / "unit" / "double.py", ns=(1, 1))
    second = load_key(home, "unit/double")
    assert (second.points, second.version != first.version) == (3.0, True)


def test_version_covers_the_reference(tmp_path, monkeypatch):
    """A change in the module that defines the reference is a new version."""
    module = tmp_path / "refmod_a.py"
    module.write_text("def double(x): return 2 * x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = HEAD.replace("def double(x): return 2 * x", "from refmod_a import double") + PART
    key = load_key(write(tmp_path, text), "unit/double")
    before = key.version
    module.write_text("def double(x): return x + x\n")
    key.finish()
    assert key.version != before


def test_several_functions_and_a_class_of_answers(tmp_path):
    """A class whose static methods bear the functions' names replaces them; one function is named."""
    text = (
        HEAD.replace("reference=double", 'reference={"double": double, "triple": triple}')
        + "@key.part('core', weight=1)\ndef both(answer, rng): close(answer.double(1.0), 2.0)\n"
        + "@key.accept\nclass by_sums:\n    @staticmethod\n    def double(x): return x + x\n"
        + "@key.accept('triple')\ndef thrice(x): return x + x + x\n"
    )
    key = load_key(write(tmp_path, text), "unit/double")
    assert key.functions == ("double", "triple")
    assert [sorted(v.targets) for v in key.accepted] == [["double"], ["triple"]]


def test_bans_join_and_forbid_what_lies_inside():
    """A module forbids all that it holds; `allowing` takes one away."""
    bans = N0 | Bans(calls={"numpy.linalg.solve"})
    assert bans.forbids("torch.nn.functional") and bans.forbids("numpy.linalg.solve") and bans.forbids("scipy.special")
    assert not bans.forbids("numpy.linalg") and not bans.forbids("math.exp") and not bans.forbids("torchlight")
    assert not N0.allowing("torch").forbids("torch.nn")
    with pytest.raises(TypeError, match="expected a set"):
        Bans(modules="torch")
