"""What a student reads: one page for each notebook.

- `write`: the pages of a class, skipping those that are up to date
- `page`, `sections`: one page, and what it says of each graded cell
- `marks`: scores and comments from the gradebook
- `statements`, `mathematics`, `code`, `outputs`: cells as safe HTML
"""

from autograder.feedback.page import page
from autograder.feedback.write import FeedbackSummary, write_feedback

__all__ = ["FeedbackSummary", "page", "write_feedback"]
