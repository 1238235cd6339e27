"""What a lecturer reads: one page for a class, and the marks as a table.

- `statistics`: what the stored results and the gradebook say of a unit
- `plots`: pictures of it
- `page`: the self-contained class page
- `export`: marks as CSV that a spreadsheet cannot be tricked with
"""

from autograder.report.export import export_marks
from autograder.report.page import class_page, write_report
from autograder.report.statistics import ClassReport, ExerciseStatistics, StudentRow, UnitReport, class_report

__all__ = [
    "ClassReport",
    "ExerciseStatistics",
    "StudentRow",
    "UnitReport",
    "class_page",
    "class_report",
    "export_marks",
    "write_report",
]
