"""One part of a key, run against one source of answers."""

from __future__ import annotations

import contextlib
import hashlib
import io
import warnings
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.key import Key, Mismatch, Part, Variant
from autograder.key.answers import Branch
from autograder.marking.deadline import Overtime, deadline
from autograder.marking.faults import AnswerFault
from autograder.marking.local import LocalAnswers
from autograder.marking.tested import Answer, Failure, Recorder
from autograder.marking.transcript import Transcript
from autograder.results import Verdict

__all__ = ["Run", "generator", "run_part", "run_trusted"]

TRUSTED_SECONDS = 10.0  # a key's own answer that takes longer gives no diagnosis
REMEMBERED = 1024


@dataclass
class Run:
    """How a part ended: `error` is the Mismatch, AnswerFault or fault of the key that ended it."""

    verdict: Verdict
    error: BaseException | None = None
    transcript: Transcript = field(default_factory=Transcript)
    called_back: bool = False  # the error was raised by a function that the key passed to the answer
    given: bool = False  # it ran with functions of the key in the place of the student's
    shown: tuple[str, str] = ("", "")  # got and expected in words, where the part may show them


def generator(key: Key, part: Part, secret: bytes) -> np.random.Generator:
    """The same for all students and every regrade; not to be guessed without the course's secret."""
    seed = hashlib.sha256(f"{key.id}\0{part.name}\0".encode() + secret).digest()
    return np.random.default_rng(int.from_bytes(seed, "big"))


def run_part(key: Key, part: Part, branch: Branch, failure: Failure, secret: bytes) -> Run:
    """Run one part. BROKEN means that the part's own code raised."""
    recorder = Recorder(branch, failure)
    answer = Answer(key.functions, key.id.split("/")[1], recorder)
    verdict = Verdict.PASS
    error: Exception | None = None
    branch.begin_part()
    try:
        with np.errstate(all="ignore"):  # the key computes with what a wrong answer gave it
            part.check(answer, generator(key, part, secret))
    except Mismatch as mismatch:
        verdict, error = Verdict.FAIL, mismatch
    except AnswerFault as fault:
        verdict, error = fault.verdict, fault
    except Overtime:
        raise
    except Exception as broken:
        verdict, error = Verdict.BROKEN, broken
    return Run(verdict, error, recorder.transcript, error is not None and error is recorder.ours)


_remembered: OrderedDict[Any, Run] = OrderedDict()


def run_trusted(key: Key, part: Part, variant: Variant | None, secret: bytes) -> Run:
    """The part against the reference (no variant) or one of the key's own answers; once for a class."""
    name = variant.name if variant else ""
    place = (key.id, key.version, part.name, name, secret)
    if place not in _remembered:
        objects = {**key.references, **(variant.targets if variant else {})}
        answers = LocalAnswers(objects)
        quiet = io.StringIO()
        try:
            with deadline(TRUSTED_SECONDS), contextlib.redirect_stdout(quiet), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run = run_part(key, part, answers, answers.failure, secret)
        except Overtime:
            run = Run(Verdict.TIMEOUT)
        _remembered[place] = run
        while len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    _remembered.move_to_end(place)
    return _remembered[place]
