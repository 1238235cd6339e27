"""Stock nbgrader's preprocessors, backed by our intake, sandbox and marker.

Rebuild      before everything: the lecturer's cells and the student's text
Execute      runs the notebook: student's cells in the sandbox, tests in the marker
Redact       before feedback: hidden tests out, verdicts in
markdown     what students wrote, on stock pages: nothing in it can run
configure    sets them in an `nbgrader_config.py`
"""

from autograder.nbgrader.execute import Execute
from autograder.nbgrader.redact import Redact
from autograder.nbgrader.sanitize import Rebuild
from autograder.nbgrader.settings import configure

__all__ = ["Execute", "Rebuild", "Redact", "configure"]
