"""Marking: an exercise by its key, a notebook by its test cells.

exercise       mark_exercise: verdicts and points of one exercise
notebook       run_notebook: every cell of a notebook, in order
testcell       test cells: one mark line, or plain asserts run in the marker
namespace      the names that such asserts see
cellcode       the code of a cell as Python: what it binds, whether it only defines
parts          one part of a key against one source of answers
tested         stand-ins for the student's objects, which record what they do
transcript     what was called, what came back
diagnosis      which known mistake behaves the same
relations      how a wrong result relates to the right one
reach          banned names that the tested functions reach
faults         how a student's code can fail, in words
local          answers from objects of this process
sandboxed      answers from a session of the sandbox
plain          the same, as test cells of asserts see them
conversations  what answers of a class have said before, and how it ended
deadline       a limit of time for the marker's own code
kept           what an executed notebook keeps: harmless outputs, results, notes
report         `autograder.mark` in an ordinary kernel
"""

from autograder.marking.exercise import mark_exercise
from autograder.marking.local import LocalAnswers

__all__ = ["LocalAnswers", "mark_exercise"]
