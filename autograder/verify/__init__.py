"""Proves answer keys: right answers get full marks, known mistakes are caught and named, mutants are killed.

answers     the known answers of an exercise and what the key must say of them
mutants     machine-made mistakes in the solution
exercise    one key, proved in the sandbox
units       whole units, in parallel
report      what verification says
text        the report for a terminal
"""

from autograder.verify.mutants import Mutant, mutants
from autograder.verify.report import AnswerReport, ExerciseReport, UnitReport, Verification
from autograder.verify.text import as_text
from autograder.verify.units import verify_units

__all__ = [
    "AnswerReport",
    "ExerciseReport",
    "Mutant",
    "UnitReport",
    "Verification",
    "as_text",
    "mutants",
    "verify_units",
]
