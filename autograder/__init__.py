"""Auto-graded exercises: build a course, run students' code in a sandbox, mark it by answer keys.

    course, cells, results, errors   words that all share
    files, lock, lazy                files written whole, one grader at a time, imports on first use
    key, stats                       answer keys
    sandbox                          runs students' code
    marking                          an exercise, a notebook
    intake, build, record            what comes in, what goes out, what is kept
    feedback, report                 pages for a student, for a class
    grade, verify, demo, cli         the commands
    nbgrader                         stock nbgrader on our executor

In a notebook's test cell: `mark("unit/exercise", function)`.
"""

from __future__ import annotations

from typing import Any

__all__ = ["mark"]


def mark(exercise_id: str, *objects: Any) -> float:
    """Mark objects of this process by the exercise's key, print a line for each part, return the points.

    For a lecturer at work, inside a course folder. When a submission is graded, the marker reads this line instead of
    running it, and the objects are the student's in the sandbox.
    """
    from autograder.marking.report import mark_local

    return mark_local(exercise_id, objects)
