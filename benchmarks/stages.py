"""Which stage of grading a worker is in, and for how long: time is given to the innermost stage alone."""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from autograder.grade import submission
from autograder.marking import notebook
from autograder.sandbox import Sandbox
from autograder.sandbox.branch import Branch
from autograder.sandbox.inside.wire import Channel
from autograder.sandbox.session import Session
from autograder.sandbox.tape import Tape
from autograder.sandbox.trunk import Trunk

__all__ = ["PLACES", "REST", "Stages"]

REST = "the rest"
PLACES: dict[str, list[tuple[Any, str]]] = {  # the calls of a stage's first function are counted
    "intake: the notebook is rebuilt": [(submission, "rebuild"), (submission, "scan")],
    "a process for the notebook, and its end": [(Sandbox, "spawn"), (Trunk, "begin"), (Session, "close")],
    "cells": [(Session, "run_cell")],
    "forks: made, ended": [(Session, "_open"), (Session, "_end_branch"), (Session, "moment")],
    "questions known from the class": [(Tape, "exchange")],
    "questions of the marker's code": [(Branch, "request")],
    "judging: parts, references, comparisons": [(notebook, "mark_exercise"), (notebook, "mark_asserts")],
    "the executed notebook": [(submission, "encoded"), (submission, "fingerprint")],
}


class Stages:
    """Seconds by stage while it is installed.

    Attributes:
        wall: by the clock on the wall.
        own: in which this process computed; in the others it waited, or another process had the core.
        calls: how often a stage's first function was called.
        frames, sent: messages to sandboxes, and their bytes.
    """

    def __init__(self) -> None:
        self.wall: Counter[str] = Counter()
        self.own: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.frames = self.sent = 0
        self._stack: list[str] = [REST]
        self._since = time.perf_counter(), time.process_time()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watch the functions of `PLACES`."""
        with ExitStack() as stack:
            for stage, places in PLACES.items():
                for number, (owner, name) in enumerate(places):
                    watched = self._watched(stage, getattr(owner, name), counts=number == 0)
                    stack.enter_context(patch.object(owner, name, watched))
            stack.enter_context(patch.object(Channel, "write", self._counted(Channel.write)))
            self._since = time.perf_counter(), time.process_time()
            yield
            self._account()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What happens here belongs to no stage."""
        self._account()
        yield
        self._since = time.perf_counter(), time.process_time()

    def _account(self) -> None:
        """Give the time since the last change to the stage that we are in."""
        now = time.perf_counter(), time.process_time()
        self.wall[self._stack[-1]] += now[0] - self._since[0]
        self.own[self._stack[-1]] += now[1] - self._since[1]
        self._since = now

    def _watched(self, stage: str, function: Callable[..., Any], counts: bool) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._account()
            self.calls[stage] += counts
            self._stack.append(stage)
            try:
                return function(*args, **kwargs)
            finally:
                self._account()
                self._stack.pop()

        return watched

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(channel: Channel, parts: Any, *args: Any, **kwargs: Any) -> Any:
            self.frames += 1
            self.sent += sum(len(part) for part in parts)
            return function(channel, parts, *args, **kwargs)

        return counted
