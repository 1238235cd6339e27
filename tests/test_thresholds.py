"""The script behind docs/thresholds.md: its bound, its exit status, its document."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

HOME = Path(__file__).parents[1]
MLP = "unit04_feedforward/mlp_digits"


@pytest.fixture
def thresholds(monkeypatch):
    """The script, whose only answer is a network that has learnt nothing."""
    spec = importlib.util.spec_from_file_location("thresholds", HOME / "benchmarks" / "thresholds.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "thresholds", module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    guess = lambda X, y, seed: lambda X: np.zeros(len(X), dtype=int)  # noqa: E731
    monkeypatch.setattr(module, "answers", lambda key: [("guess", guess)])
    return module


@pytest.mark.parametrize("failures, n, expected", [(0, 200, 1 - 0.001 ** (1 / 200)), (1, 1, 1.0), (0, 1, 0.999)])
def test_the_bound_by_hand(thresholds, failures, n, expected):
    """With no failure in n runs the bound solves (1 - p)^n = 0.001; the course's 0.034 is that of 200."""
    assert thresholds.upper_bound(failures, n) == pytest.approx(expected)


def test_an_answer_that_misses_is_reported(thresholds, capsys):
    """Guessing misses the accuracy with every seed, passes on shuffled labels, and the exit status is 1."""
    assert thresholds.main(["--seeds", "3", "--only", MLP]) == 1
    rows = [line for line in capsys.readouterr().out.splitlines() if "guess" in line]
    assert ["3 of 3" in row for row in rows] == [True, False]


def test_the_page_describes_the_document(thresholds, capsys):
    """Every key of the JSON document stands in docs/thresholds.md."""
    thresholds.main(["--seeds", "2", "--only", MLP, "--json"])
    document = json.loads(capsys.readouterr().out)
    page = (HOME / "docs" / "thresholds.md").read_text()
    assert document["schema"] == 1 and len(document["rows"]) == 2
    assert all(f"`{key}`" in page for key in [*document, *document["rows"][0]])


def test_the_page_holds_the_keys_thresholds(thresholds):
    """The recorded table has a row for every check, with the threshold that its key uses today."""
    rows = [line for line in (HOME / "docs" / "thresholds.md").read_text().splitlines() if "| reference |" in line]
    for check, row in zip(thresholds.CHECKS, rows, strict=True):
        limit = thresholds.load_key(HOME / "solutions", check.exercise).parts[0].check.__globals__[check.limit]
        assert row.startswith(f"| {check.exercise.split('/')[1]}: {check.quantity} |")
        assert f" {limit:g} | " in row and " 0 of 200 " in row
