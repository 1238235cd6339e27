"""What stays after grading: the gradebook, `autograded/` and our own results.

- `settings`: what the course's `nbgrader_config.py` says about its gradebook
- `answers`: fingerprints of what a student wrote, so that a regrade knows what changed
- `graded`: a submission's result on its way from a worker to the writer
- `assignment`: the gradebook's rows of a unit
- `gradebook`: scores of many submissions in one transaction
- `unrecorded`: stored results that the gradebook does not hold
- `refusals`: what a database refuses, in words that say how to go on
- `autograded`: the folder that nbgrader and the formgrader read
- `store`: `.autograder/results/`, written last
"""

from typing import TYPE_CHECKING

from autograder.lazy import from_modules

if TYPE_CHECKING:
    from autograder.record.answers import NotebookAnswers, fingerprint
    from autograder.record.autograded import write_autograded
    from autograder.record.gradebook import GradebookWriter
    from autograder.record.graded import Graded
    from autograder.record.settings import Settings
    from autograder.record.store import Entry, load, results, save

__all__ = [
    "Entry",
    "GradebookWriter",
    "Graded",
    "NotebookAnswers",
    "Settings",
    "fingerprint",
    "load",
    "results",
    "save",
    "write_autograded",
]

__getattr__ = from_modules(
    __name__,
    {
        "Entry": "store",
        "GradebookWriter": "gradebook",
        "Graded": "graded",
        "NotebookAnswers": "answers",
        "Settings": "settings",
        "fingerprint": "answers",
        "load": "store",
        "results": "store",
        "save": "store",
        "write_autograded": "autograded",
    },
)
