"""A simulated class from first cell to feedback: the platform seen at work in one command.

people      names
hostile     what attackers and unfinished students add
simulate    submissions assembled from the keys' accepted and rejected answers
account     was everybody graded as they deserve?
run         build, release, simulate, grade, feedback, report
text        the outcome for a terminal
"""

from autograder.demo.account import Account, Special
from autograder.demo.run import Demo, run
from autograder.demo.text import as_text

__all__ = ["Account", "Demo", "Special", "as_text", "run"]
