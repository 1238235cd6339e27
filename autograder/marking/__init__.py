"""Marking: an exercise by its key, a notebook by its test cells.

exercise     mark_exercise: verdicts and points of one exercise
notebook     run_notebook: every cell of a notebook, in order
testcell     test cells: one mark line, or plain asserts run in the marker
parts        one part of a key against one source of answers
tested       stand-ins for the student's objects, which record what they do
transcript   what was called, what came back
diagnosis    which known mistake behaves the same
relations    how a wrong result relates to the right one
reach        banned names that the tested functions reach
faults       how a student's code can fail, in words
local        answers from objects of this process
sandboxed    answers from a session of the sandbox
kept         what an executed notebook keeps: harmless outputs, results, notes
"""

from autograder.marking.exercise import mark_exercise
from autograder.marking.local import LocalAnswers

__all__ = ["LocalAnswers", "mark_exercise"]
