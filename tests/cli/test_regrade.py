"""`autograder regrade`: looks, asks, and writes what it showed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.cli.main import run
from autograder.course import Course
from tests.build.small_course import UNIT, make_course
from tests.grade.classroom import submit


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of one, graded; then the key asks for less."""
    home = tmp_path_factory.mktemp("regrade")
    make_course(home)
    course = Course.at(home)
    assert run(["--course", str(home), "-q", "release"]) == 0
    submit(course, "ada", mean_of="def mean_of(x):\n    return np.mean(x) + 1e-5 * (len(x) == 5)")
    assert run(["--course", str(home), "-q", "grade", "--workers", "1"]) == 0
    key = course.solutions / UNIT / "mean_of.py"
    key.write_text(key.read_text().replace("rng.normal(size=5)", "rng.normal(size=6)"))
    return home


def regrade(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(["--course", str(home), "-q", "regrade", "--workers", "1", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_it_looks_then_writes(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for the mark that moves with its reason; after --yes there is nothing to move any more."""
    code, out, _ = regrade(home, capsys, "--diff")
    assert code == 0 and "agrees_with_the_reference: FAIL, now PASS" in out and "the answer key" in out
    assert out.rstrip().endswith("1 mark of 1 submission would move (1 up, 0 down); nothing was written")
    code, out, _ = regrade(home, capsys, "--yes", "--json")
    document = json.loads(out)
    assert (code, document["command"], document["written"]) == (0, "regrade", True)
    assert [(m["student"], m["before"], m["after"]) for m in document["moved"]] == [("ada", 1.0, 40.0)]
    code, out, _ = regrade(home, capsys, "--diff", "--json")
    assert (code, json.loads(out)["moved"]) == (0, [])


@pytest.mark.parametrize(("words", "why"), [(("--diff", "--yes"), "expected one of them"), ((), "got nobody to ask")])
def test_it_never_writes_by_mistake(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], why: str
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    code, _, err = regrade(home, capsys, *words)
    assert code == 2 and why in err
