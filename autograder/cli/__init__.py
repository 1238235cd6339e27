"""The command line, one module per group of commands.

main       the group, its options, what a failure looks like
commands   name, module and one line of help of every command
authoring  build, release, solutions
proving    verify, show
grading    grade, feedback, report
trying     demo, sandbox
"""

from autograder.cli.main import main

__all__ = ["main"]
