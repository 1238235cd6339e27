"""Real attempts against grading, at each level of isolation: no gain, nothing learned, nobody else harmed."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder.course import Course
from autograder.feedback import write_feedback
from autograder.grade import GradeSummary, grade_units
from autograder.record import results
from autograder.results import SubmissionResult, Verdict
from autograder.sandbox import Limits
from autograder.sandbox.inside.isolation import syscalls
from autograder.sandbox.probe import probe
from tests.redteam.attack import BASELINE, Attack
from tests.redteam.breaking import BREAKING
from tests.redteam.course import HONEST, UNIT, canaries, make_course, submit
from tests.redteam.forging import FORGING
from tests.redteam.stealing import STEALING
from tests.redteam.tampering import TAMPERING

MIB = 2**20
LIMITS = Limits(
    cell_seconds=1,
    part_seconds=1,
    submission_seconds=20,
    memory_bytes=700 * MIB,
    disk_bytes=64 * MIB,
    file_bytes=32 * MIB,
    value_bytes=16 * MIB,
    processes=48,
)
ATTACKS = [*FORGING, *TAMPERING, *STEALING, *BREAKING]
LEVELS = ["namespaces", "landlock"]


class Battle:
    """A graded class of attackers and three honest students."""

    def __init__(self, course: Course, level: str, tokens: dict[str, str], temporary: Path) -> None:
        self.course, self.temporary = course, temporary
        self.before = set(psutil.Process().children(recursive=True))
        for attack in [*HONEST, *ATTACKS]:
            submit(course, attack, tokens)
        self.summary: GradeSummary = grade_units(course, [UNIT], isolation=level, floor=level, limits=LIMITS)
        write_feedback(course, [UNIT])
        self.results: dict[str, SubmissionResult] = {e.result.student: e.result for e in results(course, UNIT)}
        self.secrets = canaries(course)

    def told(self, student: str) -> str:
        """Everything that a submission's code printed and its student can read."""
        folders = (self.course.autograded / student, self.course.feedback / student)
        return "\n".join(p.read_text(errors="replace") for f in folders for p in f.rglob("*") if p.is_file())


@pytest.fixture(scope="module", params=LEVELS)
def battle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Battle]:
    level = request.param
    if reason := probe()[level]:
        pytest.skip(f"{level}: {reason}")
    course = make_course(tmp_path_factory.mktemp(level))
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        tempfile.TemporaryDirectory(
            prefix="redteam-"
        ) as temporary,  # not in tmp_path: the student's user must reach it
        pytest.MonkeyPatch.context() as patch,
    ):
        os.chmod(temporary, 0o711)
        patch.setenv("TMPDIR", temporary)
        patch.setenv("DATABASE_PASSWORD", "CANARY-environment")
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)  # whatever loses its parent becomes a child of this process
        folders = [
            course.home,
            course.source,
            course.solutions,
            course.private,
            course.submitted,
            Path(__file__).parents[2],
        ]
        files = [course.home / "outside.txt", course.solutions / UNIT / "double.py", course.private / "secret"]
        others = course.submitted / HONEST[1].student / UNIT / "attack.ipynb"
        paths = [str(p) for p in (*folders, *files, others, course.home / "gradebook.db")]
        tokens = {"{paths}": repr(paths), "{marker}": str(os.getpid()), "{port}": str(listener.getsockname()[1])}
        yield Battle(course, level, tokens, Path(temporary))
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 0)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.student)
def test_attack(battle: Battle, attack: Attack) -> None:
    """It earns no more than the same submission without it, keeps what it must, and learns nothing."""
    result = battle.results[attack.student]
    assert result.points <= BASELINE
    if attack.keeps is not None:
        assert result.points == attack.keeps, [
            (e.exercise, e.verdict, e.message) for n in result.notebooks for e in n.exercises
        ]
    told = battle.told(attack.student)
    assert told
    for secret in battle.secrets:
        assert secret not in told, secret


def test_honest_students_are_graded_as_ever(battle: Battle) -> None:
    """Who sits between attackers gets the marks that the answers deserve."""
    for honest in HONEST:
        result = battle.results[honest.student]
        assert result.points == honest.keeps, honest.name
        assert not result.notes and not result.staff


def test_the_batch_ends_and_nothing_is_broken(battle: Battle) -> None:
    """Every submission has a result, at the level that was asked for, without a fault of ours."""
    assert len(battle.results) == len(ATTACKS) + len(HONEST)
    assert not battle.summary.due
    broken = [(r.student, r.staff) for r in battle.results.values() if r.staff or Verdict.BROKEN in _verdicts(r)]
    assert not broken


def test_the_level_is_recorded(battle: Battle, request: pytest.FixtureRequest) -> None:
    """Each result says at which level of isolation it was made."""
    assert {r.environment.isolation for r in battle.results.values()} == {battle.summary.isolation}
    assert battle.summary.isolation in request.node.name


def test_nothing_outlives_its_submission(battle: Battle) -> None:
    """No process that the grading started is left, no temporary file, whoever made it."""
    started = set(psutil.Process().children(recursive=True)) - battle.before
    assert not [p for p in started if p.status() != psutil.STATUS_ZOMBIE]
    assert not list(battle.temporary.iterdir())


def _verdicts(result: SubmissionResult) -> set[Verdict]:
    return {e.verdict for n in result.notebooks for e in n.exercises}
