"""A class at a time: who is to be graded, workers that grade, one writer that records.

- `batch`: `grade_units`, from submissions to a recorded class
- `regrade`: `regrade_units`, what grading again would change
- `pending`: which submissions are new or changed
- `pool`: worker processes, and what happens when one dies
- `worker`: a worker's end
- `messages`: what batch and workers say to each other
- `submission`: one submission, all its notebooks
- `unit`: what the submissions of a unit have in common
"""

from typing import TYPE_CHECKING

from autograder.lazy import from_modules

if TYPE_CHECKING:
    from autograder.grade.batch import GradedRow, GradeSummary, grade_units
    from autograder.grade.regrade import Moved, Regraded, regrade_units

__all__ = ["GradeSummary", "GradedRow", "Moved", "Regraded", "grade_units", "regrade_units"]

__getattr__ = from_modules(
    __name__,
    {
        "GradeSummary": "batch",
        "GradedRow": "batch",
        "Moved": "regrade",
        "Regraded": "regrade",
        "grade_units": "batch",
        "regrade_units": "regrade",
    },
)
