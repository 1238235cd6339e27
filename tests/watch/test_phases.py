"""Seconds by phase."""

from __future__ import annotations

import time

import pytest

from autograder.watch.phases import Laps, Phase, added


def test_laps_are_all_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is counted twice and nothing is lost: by a clock that is set, 1 + 3 + 6 seconds."""
    moments = iter([10.0, 11.0, 14.0, 20.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    laps = Laps()
    laps.lap("intake")
    laps.lap("cells", marking=2.0, session=0.5)
    laps.lap("session")
    assert laps.seconds == {"intake": 1.0, "marking": 2.0, "session": 6.5, "cells": 0.5}


def test_a_phase_never_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds that another clock measured may be a little more than ours."""
    moments = iter([10.0, 11.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    laps = Laps()
    laps.lap("cells", marking=1.01)
    assert laps.seconds == {"marking": 1.01, "cells": 0.0}


def test_phases_add_up() -> None:
    one, two = {"a": Phase(seconds=1, count=2)}, {"a": Phase(seconds=0.5, count=1), "b": Phase(seconds=3, count=1)}
    assert added(one, two) == {"a": Phase(seconds=1.5, count=3), "b": Phase(seconds=3, count=1)}
    assert one == {"a": Phase(seconds=1, count=2)}
