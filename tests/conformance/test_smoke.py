"""A few tests of nbgrader's own suite with our executor; `make conformance` runs all of them, stock and ours."""

from __future__ import annotations

from tests.conformance.__main__ import run

SMOKE = "test_missing_source_kernelspec or test_showtraceback_exploit or test_validate_changed"


def test_nbgraders_tests_pass_with_our_executor() -> None:
    """Autograding and validating by nbgrader's applications."""
    outcomes = run(ours=True, expression=SMOKE)
    assert len(outcomes) >= 3
    assert set(outcomes.values()) == {"passed"}, outcomes
