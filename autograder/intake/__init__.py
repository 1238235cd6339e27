"""From what a student handed in to the notebook that is graded."""

from autograder.intake.faults import IntakeError
from autograder.intake.files import (
    Scan,
    SubmittedFile,
    copy_files,
    fits,
    scan,
    submission_files,
    submission_hash,
    take_submission,
)
from autograder.intake.parse import parse_notebook
from autograder.intake.reading import read_file, shown
from autograder.intake.rebuild import Rebuilt, rebuild

__all__ = [
    "IntakeError",
    "Rebuilt",
    "Scan",
    "SubmittedFile",
    "copy_files",
    "fits",
    "parse_notebook",
    "read_file",
    "rebuild",
    "scan",
    "shown",
    "submission_files",
    "submission_hash",
    "take_submission",
]
