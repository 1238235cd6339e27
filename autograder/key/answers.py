"""Where a tested function comes from: the protocol between keys and marking."""

from __future__ import annotations

import hashlib
import pickle
import random
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

__all__ = ["AnswerSource", "Branch", "local_random_state", "random_state"]


class Branch(Protocol):
    """The student's objects as they stand after the last cell; what happens to them here is forgotten."""

    @property
    def exposes(self) -> bool:
        """Are the marker's objects shown through `expose`, rather than passed as they are?"""

    def get(self, name: str) -> Any:
        """Data, or a stand-in for a function, class or instance. Raises NotDefined."""

    def put(self, value: Any) -> Any:
        """A public function, such as operator.add, on the student's side."""

    def place(self, objects: tuple[Any, ...]) -> Sequence[Any]:
        """These objects, rebuilt together on the student's side."""

    def give(self, functions: Mapping[str, Any]) -> bool:
        """Put functions in the place of the student's of the same names; False where that cannot be."""

    def random_state(self) -> str:
        """Digest of the global generators of the process that runs the answer."""

    def begin_part(self) -> None:
        """The time limit of a part starts now."""

    @property
    def alive(self) -> bool:
        """Can it be asked again?"""


class AnswerSource(Protocol):
    """Gives branches: forks of the sandbox, or local objects."""

    def branch(self) -> AbstractContextManager[Branch]: ...

    def failure(self, error: BaseException) -> Exception:
        """What a failed request says about the student's code; raises what is no fault of it."""


def local_random_state() -> str:
    """Digest of this process's global generators: random, numpy, torch."""
    state = pickle.dumps((random.getstate(), np.random.get_state(legacy=True)))
    torch = sys.modules.get("torch")
    if torch is not None:
        state += torch.random.get_rng_state().numpy().tobytes()
    return hashlib.sha256(state).hexdigest()


def random_state(answer: Any) -> str:
    """Digest of the global generators where the answer runs: its own hook, or this process's."""
    hook = getattr(type(answer), "__random_state__", None)
    return str(hook(answer)) if hook is not None else local_random_state()
