"""Metrics as Prometheus reads them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from autograder.course import Course
from autograder.watch import Counters, Hand, Phase, RunState
from autograder.watch.metrics import exposition

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "observability.md").read_text(encoding="utf-8")
TABLE = {m[1]: (m[2], m[3]) for m in re.finditer(r"^\| `(dlmath_\w+)` \| (\w+) \| ([\w, ]*)\|", PAGE, re.MULTILINE)}
BEFORE = Counters(
    graded={"one": 10, "gone": 4},
    verdicts={"one": {"PASS": 15, "FAIL": 5}},
    runs={"done": 2},
    phases={"cells": Phase(seconds=2.5, count=10)},
)
COUNTS = Counters(
    graded={"one": 3},
    verdicts={"one": {"PASS": 4, "BROKEN": 2}},
    broken={"one": 1},
    phases={"cells": Phase(seconds=0.5, count=3)},
)
RUN = RunState(
    run="r",
    command="grade",
    units=("one", "two"),
    began="2030-01-01T00:00:00+00:00",
    updated="2030-01-01T00:00:10+00:00",
    seconds=10.0,
    total=8,
    done=3,
    left={"one": 5},
    workers=2,
    hands=(Hand(worker="h:1", unit="one", student="ada"), Hand(worker="h:2")),
    counts=COUNTS,
    before=BEFORE,
    earlier_state="killed",
    earlier_ended="2029-12-31T00:00:00+00:00",
)


@pytest.fixture
def somewhere(tmp_path: Path) -> Course:
    return Course.at(tmp_path)


def read(text: bytes) -> dict[str, Metric]:
    """By the name that stands in the text: Prometheus' own reader, which refuses what Prometheus refuses."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: family
        for family in text_string_to_metric_families(text.decode())
    }


def values(metric: Metric, *labels: str) -> dict[tuple[str, ...], float]:
    return {tuple(s.labels[name] for name in labels): s.value for s in metric.samples}


def test_counters_go_on_from_run_to_run(somewhere: Course) -> None:
    """13 = 10 before and 3 now; a verdict that never came is 0, so that its first one is an increase."""
    found = read(exposition(somewhere, RUN))
    assert values(found["dlmath_graded_total"], "unit") == {("one",): 13, ("two",): 0, ("gone",): 4}
    verdicts = values(found["dlmath_verdicts_total"], "unit", "verdict")
    assert (verdicts["one", "PASS"], verdicts["one", "FAIL"], verdicts["one", "BROKEN"]) == (19, 5, 2)
    assert verdicts["two", "TIMEOUT"] == 0
    assert values(found["dlmath_phase_seconds_total"], "phase") == {("cells",): 3.0}
    assert values(found["dlmath_runs_total"], "outcome")["killed",] == 0


def test_a_run_in_progress_and_the_one_before(somewhere: Course) -> None:
    found = read(exposition(somewhere, RUN))
    single = {name: metric.samples[0].value for name, metric in found.items() if len(metric.samples) == 1}
    assert single["dlmath_run_in_progress"] == 1
    assert (single["dlmath_workers"], single["dlmath_workers_busy"]) == (2, 1)
    assert (single["dlmath_run_submissions"], single["dlmath_run_submissions_done"]) == (8, 3)
    assert single["dlmath_last_run_success"] == 0
    # 2030-01-01 is day 21915 since 1970
    assert single["dlmath_last_run_timestamp_seconds"] == 21914 * 86400
    assert single["dlmath_run_heartbeat_timestamp_seconds"] == 21915 * 86400 + 10
    assert values(found["dlmath_submissions_due"], "unit") == {("one",): 5}


def test_what_is_due_is_the_callers_to_say(somewhere: Course) -> None:
    """Before the first run there is nothing but that."""
    found = read(exposition(somewhere, None, {"one": 2}))
    assert values(found["dlmath_submissions_due"], "unit") == {("one",): 2}
    assert found["dlmath_run_in_progress"].samples[0].value == 0
    assert "dlmath_last_run_timestamp_seconds" not in found


def test_odd_names_come_through(tmp_path: Path) -> None:
    """A quote, a backslash, a line end and a letter that is not ASCII in names of folders."""
    odd = 'a"b\\c\nd→'
    found = read(exposition(Course.at(tmp_path / odd), None, {odd: 1}))
    [sample] = found["dlmath_submissions_due"].samples
    assert sample.labels == {"course": str(tmp_path / odd), "unit": odd}


def test_names_are_those_of_the_page(somewhere: Course) -> None:
    """docs/observability.md lists each metric with its type and labels; all carry the course; no student is named."""
    found = read(exposition(somewhere, RUN))
    labels = {name: {n for s in metric.samples for n in s.labels} for name, metric in found.items()}
    assert all("course" in names for names in labels.values())
    described = {name: (kind, {n.strip() for n in words.split(",")} - {""}) for name, (kind, words) in TABLE.items()}
    assert {n: (m.type, labels[n] - {"course"}) for n, m in found.items()} == described
    assert b"ada" not in exposition(somewhere, RUN)


def test_names_follow_the_conventions(somewhere: Course) -> None:
    """A prefix, small letters, base units; counters and nothing else end in _total; each has its help."""
    for name, metric in read(exposition(somewhere, RUN)).items():
        assert re.fullmatch(r"dlmath(_[a-z]+)+", name)
        assert name.endswith("_total") == (metric.type == "counter")
        assert not re.search(r"milli|minutes|hours|percent|_count$|_sum$|_bucket$", name)
        assert metric.documentation.endswith(".")


def test_queries_of_the_page_name_metrics_that_are_there() -> None:
    """Each query and alert rule asks for metrics, labels and verdicts of the table."""
    blocks = re.findall(r"```(?:promql|yaml)\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    asked = set(re.findall(r"dlmath_\w+", "".join(blocks)))
    assert len(asked) >= 7 and asked <= TABLE.keys()
    for name, labels in re.findall(r"(dlmath_\w+)\{(\w+)=", "".join(blocks)):
        assert labels in TABLE[name][1]
