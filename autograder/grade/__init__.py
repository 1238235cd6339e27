"""A class at a time: who is to be graded, workers that grade, one writer that records.

- `batch`: `grade_units`, from submissions to a recorded class
- `pending`: which submissions are new or changed
- `pool`: worker processes, and what happens when one dies
- `worker`: a worker's end
- `submission`: one submission, all its notebooks
- `unit`: what the submissions of a unit have in common
- `lock`: never two writers
"""

from autograder.grade.batch import GradedRow, GradeSummary, grade_units
from autograder.grade.submission import grade_submission
from autograder.grade.unit import Unit

__all__ = ["GradeSummary", "GradedRow", "Unit", "grade_submission", "grade_units"]
