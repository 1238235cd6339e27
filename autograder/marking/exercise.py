"""Verdict, points and messages of one exercise."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from autograder.key import Key, Mismatch, Part
from autograder.key.answers import Branch
from autograder.key.kinds import as_numpy, describe, is_number, is_tensor
from autograder.marking.conversations import Conversations, Ending
from autograder.marking.diagnosis import diagnose
from autograder.marking.faults import AnswerFault, raised_message
from autograder.marking.parts import Run, run_part, run_trusted
from autograder.marking.reach import CodeCell, violation_message, violations
from autograder.marking.transcript import OPAQUE
from autograder.results import ExerciseResult, PartResult, Verdict
from autograder.sandbox.tape import Diverged

__all__ = ["Answers", "mark_exercise"]

OURS = "This check failed by a fault of ours, not of yours. It is reported and will be graded again."
LOST = (Verdict.TIMEOUT, Verdict.BLOCKED)  # after these, the next part gets a new branch


class Answers:
    """One branch of a source at a time; a new one after a part that may have destroyed it."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.stack = ExitStack()
        self.open: Branch | None = None

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *exc: object) -> None:
        self.drop()

    def branch(self) -> Branch:
        if self.open is None:
            self.open = self.stack.enter_context(self.source.branch())
        return self.open

    def drop(self) -> None:
        self.open = None
        self.stack.close()


def mark_exercise(
    key: Key,
    answers: Any,
    secret: bytes,
    *,
    cell: str = "",
    cells: Sequence[CodeCell] | None = None,
    names: Mapping[str, str] | None = None,
    faults: list[str] | None = None,
    conversations: Conversations | None = None,
) -> ExerciseResult:
    """Mark one exercise by its key.

    Args:
        answers: an AnswerSource, such as LocalAnswers or SandboxAnswers.
        secret: the course's; seeds derive from it.
        cell: grade_id of the test cell.
        cells: code of the notebook, for bans and for names that error messages may repeat; None marks trusted
            objects, whose error messages are shown in full.
        names: the student's name of each function, where it is another than the key's.
        faults: our own faults are added here, for staff.
        conversations: had before in this class; `answers` must keep a tape.

    A part that could not be judged by our own fault is BROKEN: it earns nothing now, the exercise is BROKEN and
    must be graded again, so no marks are lost.
    """
    started = time.perf_counter()
    found = violations(cells or (), [(names or {}).get(f, f) for f in key.functions], key.bans)
    if found:
        return _result(key, cell, (), Verdict.BLOCKED, started, message=violation_message(found[0]))
    source = None if cells is None else "\n".join(c.text for c in cells)
    with Answers(answers) as opened:
        ending = _ending(key, opened, secret, conversations)
    runs = ending.runs
    if faults is not None:
        faults += [_staff(key, name, r.error) for name, r in runs.items() if r.verdict is Verdict.BROKEN]
    basics = all(runs[part.name].verdict is Verdict.PASS for part in key.parts if part.kind != "edge")
    parts = tuple(_part_result(part, runs[part.name], source, part.kind != "edge" or basics) for part in key.parts)
    return _judge(key, cell, parts, ending, started)


def _ending(key: Key, answers: Answers, secret: bytes, conversations: Conversations | None) -> Ending:
    """Run the parts, or recall how they ended for the same answers."""
    if conversations is None:
        return _run_parts(key, answers, secret)
    place = (key.id, key.version, secret, tuple(answers.source.names.items()))
    try:
        branch: Any = answers.branch()
    except Exception:
        return _run_parts(key, answers, secret)  # each part says why there is no branch
    tape = branch.tape
    found = conversations.recall(place, tape)
    if found is not None:
        return found
    try:
        ending = _run_parts(key, answers, secret)
    except Diverged:
        answers.drop()
        return _run_parts(key, answers, secret)
    one = branch is answers.open and not any(run.given for run in ending.runs.values())
    if one and tape.whole:
        conversations.learn(place, tape.said, ending)
    return ending


def _run_parts(key: Key, answers: Answers, secret: bytes) -> Ending:
    runs = {part.name: _run(key, part, answers, secret) for part in key.parts}
    for part in key.parts:
        runs[part.name].shown = _shown(part, runs[part.name].error)
    return Ending(runs, _diagnosis(key, runs, secret))


def _staff(key: Key, part: str, error: BaseException | None) -> str:
    trace = traceback.extract_tb(error.__traceback__) if error else []
    place = next((f", line {f.lineno}" for f in reversed(trace) if f.filename == str(key.file)), "")
    return f"{key.file}{place}, part {part}: got {type(error).__name__}: {error}, expected a verdict."


def _run(key: Key, part: Part, answers: Answers, secret: bytes) -> Run:
    try:
        branch = answers.branch()
    except Exception as error:  # no branch could be made: the submission has no time or no process left
        fault = answers.source.failure(error)
        return Run(fault.verdict, fault)
    run = run_part(key, part, branch, answers.source.failure, secret)
    if run.verdict is Verdict.BROKEN and run.transcript.events:
        trusted = run_trusted(key, part, None, secret)
        if trusted.verdict is Verdict.PASS:  # the check works: it is the student's value that it cannot use
            run.verdict = Verdict.FAIL
    if run.verdict in LOST or not branch.alive:
        answers.drop()
    return _with_given(key, part, answers, run, secret) if key.given else run


def _with_given(key: Key, part: Part, answers: Answers, run: Run, secret: bytes) -> Run:
    """The part once more on a branch of its own, where an earlier exercise's functions may have cost it."""
    if run.verdict in (Verdict.PASS, Verdict.BLOCKED, Verdict.BROKEN):
        return run
    run.given = True
    try:
        with answers.source.branch() as branch:
            again = run_part(key, part, branch, answers.source.failure, secret) if branch.give(key.given) else run
    except Exception as error:
        answers.source.failure(error)  # raises what is no fault of the submission: time or processes that are used up
        return run
    again.given = True
    return again if again.verdict is Verdict.PASS else run


def _part_result(part: Part, run: Run, source: str | None, hint: bool) -> PartResult:
    """`hint`: the part's own may be told. An edge's would mislead as long as more than the edge is wrong."""
    message, got, expected = _words(part, run, source)
    if isinstance(run.error, Mismatch) and part.feedback and hint:
        message = f"{message} {part.feedback}"
    return PartResult(
        name=part.name,
        kind=part.kind,
        weight=part.weight,
        verdict=run.verdict,
        message=message,
        got=got,
        expected=expected,
    )


def _words(part: Part, run: Run, source: str | None) -> tuple[str, str, str]:
    error = run.error
    if run.verdict is Verdict.PASS:
        return "", "", ""
    if run.verdict is Verdict.BROKEN:
        return OURS, "", ""
    if isinstance(error, Mismatch):
        return _capital(error.message), *run.shown
    if isinstance(error, AnswerFault):
        raised = error.verdict is Verdict.CRASH and error.kind
        return raised_message(error, part.show, source) if raised else error.text, "", ""
    if run.called_back:
        return f"Your function used what it was given in a way that raised {type(error).__name__}.", "", ""
    last = next((e for e in reversed(run.transcript.events) if not e.raised), None)
    got = "an object" if last is None or last.outcome is OPAQUE else describe(last.outcome)
    return f"Your function returned {got}, which this check could not use: look at what it must return.", "", ""


def _shown(part: Part, error: BaseException | None) -> tuple[str, str]:
    """What was got and expected, where a part may show values and there are some."""
    if part.show and isinstance(error, Mismatch) and error.expected is not None:
        return _short(error.got), _short(error.expected)
    return "", ""


def _capital(text: str) -> str:
    return f"T{text[1:]}" if text.startswith("the ") else text


def _short(value: Any) -> str:
    """A public value in at most 300 characters."""
    if isinstance(value, np.ndarray) or is_tensor(value):
        text = " ".join(np.array2string(as_numpy(value), precision=6, threshold=20, edgeitems=3).split())
    elif is_number(value):
        text = repr(as_numpy(value).item())
    elif isinstance(value, (list, tuple)) and len(value) <= 20:
        inner = ", ".join(_short(v) for v in value)
        text = f"[{inner}]" if isinstance(value, list) else f"({inner})"
    elif isinstance(value, (bool, str, type(None))):
        text = repr(value)
    else:
        text = describe(value)
    return text if len(text) <= 300 else text[:299] + "…"


def _diagnosis(key: Key, runs: Mapping[str, Run], secret: bytes) -> str:
    """The mistake, unless something else must be said."""
    verdicts = {run.verdict for run in runs.values()}
    if verdicts & {Verdict.BLOCKED, Verdict.BROKEN} or len(_missing(runs)) == len(runs):
        return ""
    return diagnose(key, runs, secret)


def _judge(key: Key, cell: str, parts: tuple[PartResult, ...], ending: Ending, started: float) -> ExerciseResult:
    verdicts = [p.verdict for p in parts]
    if Verdict.BLOCKED in verdicts:
        message = next(p.message for p in parts if p.verdict is Verdict.BLOCKED)
        return _result(key, cell, parts, Verdict.BLOCKED, started, message=message)
    verdict = next((v for v in verdicts if v is not Verdict.PASS), Verdict.PASS)
    if Verdict.BROKEN in verdicts:
        return _result(key, cell, parts, Verdict.BROKEN, started, message=OURS)
    missing = _missing(ending.runs)
    message = missing[0] if len(missing) == len(parts) else ""
    return _result(key, cell, parts, verdict, started, message=message, diagnosis=ending.diagnosis)


def _missing(runs: Mapping[str, Run]) -> list[str]:
    """What is said of parts for which a function was not there."""
    faults = [run.error for run in runs.values() if isinstance(run.error, AnswerFault)]
    return [fault.text for fault in faults if fault.kind in ("NotDefined", "NotCallable")]


def _result(
    key: Key,
    cell: str,
    parts: tuple[PartResult, ...],
    verdict: Verdict,
    started: float,
    *,
    message: str = "",
    diagnosis: str = "",
) -> ExerciseResult:
    earned = 0.0 if verdict is Verdict.BLOCKED else sum(p.weight for p in parts if p.verdict is Verdict.PASS)
    return ExerciseResult(
        exercise=key.id,
        cell=cell or f"test_{key.id.split('/')[1]}",
        points=float(min(max(earned, 0.0), key.points)),
        max_points=key.points,
        verdict=verdict,
        message=message,
        diagnosis=diagnosis,
        parts=parts,
        key_version=key.version,
        seconds=time.perf_counter() - started,
    )
