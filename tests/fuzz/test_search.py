"""The search finds a planted fault, names its input, and says what it did."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.fuzz import campaign
from tests.fuzz.__main__ import main
from tests.fuzz.planted import TARGET

needs_atheris = pytest.mark.skipif(not campaign.guided(), reason="atheris has no wheel for this Python and machine")


def assert_found(outcome: campaign.Outcome) -> None:
    assert outcome.finding is not None and outcome.executions > 0
    with pytest.raises(IndexError, match="planted"):
        TARGET.run(outcome.finding.read_bytes())
    assert "IndexError: planted" in outcome.log and "1 finding" in str(outcome)


@needs_atheris
def test_a_planted_fault_is_found_by_coverage(tmp_path: Path) -> None:
    """libFuzzer ends at the first input that raises what nobody declared, and keeps it."""
    assert_found(campaign.fuzz(TARGET, 60, tmp_path / "corpus", tmp_path / "found"))


def test_a_planted_fault_is_found_without_coverage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where atheris is missing hypothesis finds the same fault."""
    monkeypatch.setattr(campaign, "guided", lambda: False)
    assert_found(campaign.fuzz(TARGET, 60, tmp_path / "corpus", tmp_path / "found"))


def test_one_input_is_replayed(tmp_path: Path) -> None:
    """A finding that is mended is told apart from one that is not; the target is read from the file's name."""
    path = tmp_path / "intake-crash-0"
    path.write_bytes(b"{}")
    done = CliRunner().invoke(main, ["--replay", str(path)])
    assert done.exit_code == 0 and "is read as it should be" in done.output
    stranger = path.rename(tmp_path / "other")
    assert CliRunner().invoke(main, ["--replay", str(stranger)]).exit_code == 2


def test_the_help_shows_examples() -> None:
    """What can be asked for is said with examples."""
    shown = CliRunner().invoke(main, ["--help"]).output
    assert "python -m tests.fuzz --seconds 600 --target intake" in shown and "--replay" in shown
