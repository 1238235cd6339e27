"""At which levels of isolation, and as which user, the classes of attackers are graded; what is told at the end."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from autograder.sandbox.box import LEVELS
from autograder.sandbox.probe import probe
from tests.redteam.battle import Battle, Combination, fought
from tests.redteam.fight import fighters
from tests.redteam.ordinary import UID

ME = "root" if os.getuid() == 0 else "ordinary"
STRONGEST = Combination(f"strongest, {ME}")
OTHERS = [Combination(f"{level}, {user}") for level in LEVELS for user in ("root", "ordinary")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The strongest level as the user who runs the tests; all others are marked `every_level`."""
    if "battle" not in metafunc.fixturenames:
        return
    pairs = []
    for how in (STRONGEST, *OTHERS):
        marks = [] if how == STRONGEST else [pytest.mark.every_level]
        if "attack" not in metafunc.fixturenames:
            pairs.append(pytest.param(how, id=how, marks=marks))
            continue
        uid = UID if how.user == "ordinary" else 0
        attacks = fighters(how.level, uid, how == STRONGEST)
        pairs += [pytest.param(how, a, id=f"{how}-r{a.row:02d}-{a.student[:80]}", marks=marks) for a in attacks]
    names = "battle, attack" if "attack" in metafunc.fixturenames else "battle"
    metafunc.parametrize(names, pairs, indirect=["battle"], scope="session")


@cache
def _levels() -> dict[str, str]:
    return probe()


@pytest.fixture(scope="session")
def battle(request: pytest.FixtureRequest) -> Iterator[Battle]:
    """A class of attackers, graded."""
    how: Combination = request.param
    best = next((level for level, reason in _levels().items() if not reason), "")
    if how == STRONGEST:
        how = Combination(f"{best}, {ME}")
    elif how == f"{best}, {ME}":
        pytest.skip("this is the strongest level as this user, which has been fought")
    if reason := _levels()[how.level]:
        pytest.skip(f"{how.level}: {reason}")
    if how.user == "root" and ME != "root":
        pytest.skip("needs root")
    if how.user != ME and sys.platform != "linux":
        pytest.skip("needs Linux: makes a view of its own for another user")
    with fought(how, all_of_them=request.param == STRONGEST) as found:
        yield found


@pytest.fixture(autouse=True)
def _counted(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Counts travel with the reports, from other processes too."""
    if "battle" in request.fixturenames:
        request.getfixturevalue("battle").record = record_property


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Attempts for each row and combination, and how many gained, learned or harmed."""
    reports = [r for found in terminalreporter.stats.values() for r in found if getattr(r, "when", "") == "call"]
    counts = Counter(tuple(value) for r in reports for name, value in r.user_properties if name == "redteam")
    if not counts:
        return
    say = terminalreporter.write_line
    combinations = sorted({how for how, _, _ in counts})
    terminalreporter.section("red team")
    say("row   " + "  ".join(f"{how:>20}" for how in combinations))
    for row in sorted({row for _, row, what in counts if what == "attempts"}):
        say(f"{row:<4}  " + "  ".join(f"{counts[how, row, 'attempts']:>20}" for how in combinations))
    words = ("attempts", "gained", "learned", "harmed")
    totals = {word: sum(n for (_, _, what), n in counts.items() if what == word) for word in words}
    say(", ".join(f"{totals[word]} {word}" for word in words))
