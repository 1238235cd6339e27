"""The student's objects as test cells of asserts see them: exceptions keep their types."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from autograder.key import Bans
from autograder.marking.faults import AnswerFault, not_defined
from autograder.marking.sandboxed import SandboxAnswers
from autograder.marking.tested import Recorder
from autograder.results import Verdict
from autograder.sandbox.errors import NotDefined

__all__ = ["PlainAnswers"]


class PlainAnswers:
    """Gives objects by name from a branch that test cells share until the student's next cell, as in a kernel.

    Args:
        session: or a moment of one.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        self._branch: Any = None
        self._spent = False  # a test took a name away: no other test shall miss it
        self._held = ExitStack()
        self.recorder: Recorder | None = None
        self.used = False
        self.cell_of: Callable[[str], str] = str

    def at(self, moment: Any) -> None:
        """Where the notebook stands for the tests that follow: another moment is another branch."""
        if moment is not self.session:
            self.close()
            self.session = moment

    @contextmanager
    def open(self, cell_of: Callable[[str], str], last: bool = False) -> Iterator[None]:
        """A branch for the block.

        Args:
            cell_of: names the cell that should define a name.
            last: only blocks of this kind follow at this moment.
        """
        source = SandboxAnswers(self.session, Bans(), last=last)
        self.cell_of, self.used = cell_of, False
        if self._branch is None or not self._branch.alive:
            self.close()
            self._branch = self._held.enter_context(source.branch())
        self._branch.begin_part()
        self.recorder = Recorder(self._branch, lambda error: _as_raised(source.failure(error)), record=False)
        try:
            yield
        finally:
            self.recorder = None
            if self._spent:
                self.close()

    def close(self) -> None:
        """End the branch: the next test cell sees what the student's cells have done meanwhile."""
        self._branch, self._spent = None, False
        self._held.close()

    def get(self, name: str) -> Any:
        if self.recorder is None:
            raise NameError(name)
        self.used = True
        try:
            value = self.recorder.branch.get(name)
        except NotDefined:
            raise AnswerFault(Verdict.FAIL, "NotDefined", not_defined(name, self.cell_of(name))) from None
        except Exception as error:
            raise self.recorder.failure(error) from None
        return self.recorder.wrap(value, name)

    def forget(self, name: str) -> None:
        """Delete a name in the branch that is open: a test may ask what the student's code does without it."""
        if self.recorder is None:
            raise KeyError(name)
        self.used = self._spent = True
        try:
            self.recorder.branch.forget(name)  # type: ignore[attr-defined]
        except NotDefined:
            raise KeyError(name) from None
        except Exception as error:
            raise self.recorder.failure(error) from None


def _as_raised(fault: AnswerFault) -> AnswerFault:
    """The same fault, also an instance of the builtin exception that the student raised, or derived."""
    kind = getattr(builtins, fault.builtin, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return fault
    try:
        both = type(fault.builtin, (AnswerFault, kind), {})  # `kind` is a name that the student chose
        return both(fault.verdict, fault.kind, fault.text, fault.place, fault.builtin)
    except TypeError:
        return fault
